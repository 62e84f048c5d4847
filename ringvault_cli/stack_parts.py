"""The parts of a deployed stack, each with what speaks to it.

Imported inside the commands, for it brings the SDKs, which --help does not wait for.
"""

from ringvault.adapters.aws.stack import DeployedStack
from ringvault.adapters.dynamodb.inventory import CatalogueInventory
from ringvault.adapters.dynamodb.number_index import (
    CatalogueRecords,
    NumberIndex,
    NumberIndexUpkeep,
)
from ringvault.adapters.dynamodb.progress import ListingProgressStore, ReconciliationProgressStore
from ringvault.adapters.numbering_plans import number_reader
from ringvault.adapters.s3.inventory import LastReport, VaultInventory
from ringvault.adapters.s3.versions import VaultErasures, VaultHolds


def catalogue_inventory_in(deployed: DeployedStack) -> CatalogueInventory:
    """Return the catalogue, to be read by its indexes and put right."""
    return CatalogueInventory(
        deployed.output("CatalogueTableName"),
        deployed.client("dynamodb"),
        number_index=number_index_in(deployed),
    )


def number_index_in(deployed: DeployedStack) -> NumberIndex:
    """Return the index by the numbers that take part in calls."""
    return NumberIndex(
        deployed.output("NumberIndexTableName"),
        deployed.client("dynamodb"),
        read=number_reader(deployed.phone_region),
    )


def number_index_upkeep_in(deployed: DeployedStack) -> NumberIndexUpkeep:
    """Return the same index, to be examined and made again."""
    return NumberIndexUpkeep(
        deployed.output("NumberIndexTableName"),
        deployed.client("dynamodb"),
        read=number_reader(deployed.phone_region),
    )


def catalogue_records_in(deployed: DeployedStack) -> CatalogueRecords:
    """Return the catalogue, to be read whole."""
    return CatalogueRecords(deployed.output("CatalogueTableName"), deployed.client("dynamodb"))


def vault_inventory_in(deployed: DeployedStack) -> VaultInventory:
    """Return the bucket, to be listed and measured."""
    return VaultInventory(deployed.output("VaultBucketName"), deployed.client("s3"))


def vault_erasures_in(deployed: DeployedStack) -> VaultErasures:
    """Return the bucket, to erase from."""
    return VaultErasures(deployed.output("VaultBucketName"), deployed.client("s3"))


def vault_holds_in(deployed: DeployedStack) -> VaultHolds:
    """Return the bucket, to hold and rescue from expiry."""
    return VaultHolds(deployed.output("VaultBucketName"), deployed.client("s3"))


def listing_progress_in(deployed: DeployedStack) -> ListingProgressStore:
    """Return how far the call log has been read."""
    return ListingProgressStore(deployed.output("StateTableName"), deployed.client("dynamodb"))


def reconciliation_progress_in(deployed: DeployedStack) -> ReconciliationProgressStore:
    """Return how far reconciliation has come."""
    return ReconciliationProgressStore(
        deployed.output("StateTableName"), deployed.client("dynamodb")
    )


def last_report_in(deployed: DeployedStack) -> LastReport:
    """Return what reconciliation left."""
    return LastReport(reconciliation_progress_in(deployed), vault_inventory_in(deployed))
