"""The command that brings the catalogue up, from its arguments to its output."""

import json

from ringvault.core.catalogue import SCHEMA_VERSION
from tests.integration.cli.conftest import Ringvault
from tests.integration.cli.stored import store
from tests.integration.cloud import Cloud
from tests.integration.schema_1 import item_1


def test_an_old_catalogue_is_brought_up(
    ringvault: Ringvault, cloud: Cloud, outputs: dict[str, str]
) -> None:
    """It says how much it read and how much it changed; a second time that is nothing."""
    store(cloud, outputs, "2")
    cloud.dynamodb.put_item(TableName=outputs["CatalogueTableName"], Item=item_1("1"))

    first, second = ringvault("migrate"), ringvault("migrate", "--json")

    assert first.exit_code == second.exit_code == 0
    assert [line.split()[-1] for line in first.stdout.splitlines()[1:]] == ["2", "1"]
    assert json.loads(second.stdout) == {
        "items": 2,
        "brought_up": 0,
        "overtaken": 0,
        "schema_version": SCHEMA_VERSION,
        "unreadable": [],
    }


def test_a_newer_catalogue_is_refused(
    ringvault: Ringvault, cloud: Cloud, outputs: dict[str, str]
) -> None:
    """It ends with 1 and says which release to take."""
    newer = item_1("1", schema_version={"N": str(SCHEMA_VERSION + 1)})
    cloud.dynamodb.put_item(TableName=outputs["CatalogueTableName"], Item=newer)

    done = ringvault("migrate", "--json")

    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert "written by a newer release" in told["error"]
    assert told["advice"] == "deploy that release, or a later one"
