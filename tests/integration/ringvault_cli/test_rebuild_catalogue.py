"""The command that makes the catalogue again, from its arguments to its output."""

import json

from tests.integration.ringvault_cli.conftest import Ringvault
from tests.integration.ringvault_cli.stored import catalogue_of, store
from tests.support.cloud import Cloud


def test_a_lost_catalogue_comes_back(
    ringvault: Ringvault, cloud: Cloud, outputs: dict[str, str]
) -> None:
    """All that is in the bucket is restored, and a second time there is nothing to do."""
    store(cloud, outputs, "1", "2", "3")
    catalogue = catalogue_of(cloud, outputs)
    lost = catalogue.find_all(["1", "2", "3"])
    cloud.empty_table(outputs["CatalogueTableName"])

    first, second = ringvault("rebuild-catalogue"), ringvault("rebuild-catalogue", "--json")

    assert first.exit_code == second.exit_code == 0
    assert catalogue.find_all(["1", "2", "3"]) == lost
    assert [line.split()[-1] for line in first.stdout.splitlines()[1:]] == ["3", "0", "0"]
    told = json.loads(second.stdout)
    assert (told["restored"], told["known"], told["unrestored"]) == (0, 3, 0)


def test_what_can_not_be_restored_is_named_with_advice(
    ringvault: Ringvault, cloud: Cloud, outputs: dict[str, str]
) -> None:
    """It ends with 1, and the key is there to be copied."""
    key, *_ = store(cloud, outputs, "1", "2")
    cloud.s3.delete_object(Bucket=outputs["VaultBucketName"], Key=key)
    cloud.empty_table(outputs["CatalogueTableName"])

    told, shown = ringvault("rebuild-catalogue", "--json"), ringvault("rebuild-catalogue")

    (found,) = json.loads(told.stdout)["found"]
    assert told.exit_code == shown.exit_code == 1
    assert (found["recording_id"], found["object_key"]) == ("1", key)
    assert found["fault"] == "audio_missing"
    assert "delete marker" in found["advice"]
    assert f"  {key}" in shown.stdout.splitlines()
