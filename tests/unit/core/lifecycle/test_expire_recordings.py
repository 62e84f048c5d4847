"""What has expired, or is about to, in the eyes of everybody else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ringvault.core.catalogue.item import CatalogueItem, State, tombstone
from ringvault.core.lifecycle.expire_recordings import expires_at
from ringvault.core.reconciliation.finding import Evidence, Verdict
from ringvault.core.reconciliation.judge import judge
from ringvault.core.spans import DAY
from tests.support.catalogued import ARCHIVED, NOW, recorded

EXPIRING = replace(recorded(State.EXPIRING), archived=ARCHIVED, expiring_at=NOW)


@pytest.mark.parametrize(
    "item",
    [EXPIRING, tombstone(EXPIRING, State.EXPIRED, reason="expired")],
    ids=["expiring", "expired"],
)
def test_reconciliation_calls_it_expired(item: CatalogueItem) -> None:
    """Its objects may be there or not: it is no finding that a person has to read."""
    [judged] = judge(Evidence(on=NOW.date(), items={"77": item}))

    assert judged.finding.verdict is Verdict.EXPIRED
    assert not judged.finding.is_named


@pytest.mark.parametrize(
    ("archived_at", "expires"),
    [
        (datetime(2026, 11, 1, 0, 0, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)),
        (datetime(2026, 11, 1, 23, 59, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)),
        (datetime(2026, 11, 2, 0, 1, tzinfo=UTC), datetime(2026, 12, 3, tzinfo=UTC)),
    ],
)
def test_it_expires_at_the_midnight_that_follows(archived_at: datetime, expires: datetime) -> None:
    """Thirty days and what is left of the day."""
    assert expires_at(archived_at, after=30 * DAY) == expires
