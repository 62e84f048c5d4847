"""`ringvault rebuild-index` from arguments to output, against moto."""

import json

from ringvault.adapters.dynamodb.number_index import pointer_to
from ringvault.core.catalogue.phone_number import number_key
from tests.integration.ringvault_cli.conftest import Ringvault
from tests.support.cloud import Cloud
from tests.support.kept_recordings import NUMBER, KeptArchive


def test_an_index_of_an_earlier_release(
    ringvault: Ringvault, cloud: Cloud, outputs: dict[str, str]
) -> None:
    """Nothing is erased by number before it is rebuilt."""
    kept = KeptArchive(
        cloud,
        cloud.s3,
        outputs["CatalogueTableName"],
        outputs["NumberIndexTableName"],
        outputs["VaultBucketName"],
    )
    recording = kept.archive("1")
    cloud.empty_table(kept.number_index_table)
    old = pointer_to(recording, number_key("6505550100", extension_id=None))
    del old["key_version"]
    cloud.dynamodb.put_item(TableName=kept.number_index_table, Item=old)

    refused = ringvault("erase", "--number", NUMBER, "--yes")
    rebuilt = ringvault("rebuild-index", "--json")
    again = ringvault("rebuild-index")
    erased = ringvault("erase", "--number", NUMBER, "--yes")

    assert refused.exit_code == 2
    assert "run ringvault rebuild-index" in " ".join(refused.output.split())
    assert rebuilt.exit_code == 0
    told = json.loads(rebuilt.stdout)
    assert (told["items"], told["added"], told["removed"]) == (1, 2, 1)
    assert "entries added 0" in " ".join(again.stdout.split())
    assert erased.exit_code == 0


def test_a_number_without_a_reading_is_refused(ringvault: Ringvault) -> None:
    """With how to write it."""
    refused = ringvault("erase", "--number", "020 7946 0000", "--yes")

    assert refused.exit_code == 2
    assert "write it with + and country code" in " ".join(refused.output.split())
