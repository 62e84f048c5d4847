"""How the archive stands, in numbers and on the screen."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ringvault.core.catalogue.item import State
from ringvault.core.listing.windows import Kind, ListingProgress, LookBacks, Window
from ringvault.core.operations.retry_recordings import Ended
from ringvault.core.operations.status import ArchiveStatus, archive_status
from ringvault.core.spans import Period
from ringvault_cli.archive.status import as_json, show
from ringvault_cli.terminal.screen import Screen
from tests.unit.ringvault_cli.stand_ins import ProgressInMemory

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=82)
REPORT = {
    "finished_at": "2026-11-22T02:41:07.000Z",
    "from": "2026-08-14",
    "to": "2026-11-21",
    "totals": {"archived": 99_000, "absent": 3, "pending": 12, "missing": 1, "unexpected": 0},
}
BACKFILL = Window(Kind.BACKFILL, OLD, NOW - timedelta(days=1))
LISTED = ListingProgress(windows=(BACKFILL,), opened_to={"short": NOW}, recordings_a_day=1000)


class Counted:
    """A catalogue of so many recordings; what is archived fills more pages than are read."""

    def count(self, state: State, *, max_pages: int | None = None) -> int | None:
        numbers = {State.PENDING: 1200, State.QUEUED: 60, State.ABSENT: 3, State.FAILED: 2}
        return numbers.get(state) if max_pages is None else None

    def oldest_waiting_at(self) -> datetime | None:
        return OLD

    def items_about(self) -> int:
        return 101_265


class Queue:
    """A queue of that depth."""

    def __init__(self, visible: int, in_flight: int) -> None:
        self.told = visible, in_flight

    def depth(self) -> tuple[int, int]:
        return self.told


class Told:
    """A busy day."""

    def __init__(self, archived: int = 812, used: float | None = 0.974) -> None:
        self.archived, self.used = archived, used

    def archived_since(self, at: datetime, *, now: datetime) -> int:
        assert (at, now) == (NOW.replace(hour=0), NOW)
        return self.archived

    def quota_used(self, *, now: datetime) -> float | None:
        return self.used


class GivenUp:
    """Two FAILED and three ABSENT ones."""

    def ended(self, state: State, period: Period | None) -> Iterator[Ended]:
        reasons = {State.FAILED: ["no audio"] * 2, State.ABSENT: ["404"] * 3}[state]
        return (Ended("1", state, OLD, reason) for reason in reasons)


class Reports:
    """One report, or none."""

    def __init__(self, told: Mapping[str, Any] | None) -> None:
        self.told = told

    def last(self) -> tuple[str, Mapping[str, Any]] | None:
        return ("reports/reconciliation/000042.json", self.told) if self.told else None


class Nothing(Counted):
    """A catalogue that is empty."""

    def count(self, state: State, *, max_pages: int | None = None) -> int | None:
        return 0

    def oldest_waiting_at(self) -> datetime | None:
        return None


def status(**changed: Any) -> ArchiveStatus:
    """Return the status of a busy archive, but for what is changed."""
    collaborators: dict[str, Any] = {
        "catalogue": Counted(),
        "listing": ProgressInMemory(LISTED),
        "metrics": Told(),
        "given_up": GivenUp(),
        "queue": Queue(58, 2),
        "dead_letter_queue": Queue(1, 0),
        "reports": Reports(REPORT),
    }
    hour = timedelta(hours=1)
    look_backs = LookBacks(short=hour, deep=26 * hour, wide=168 * hour)
    return archive_status(**collaborators | changed, look_backs=look_backs, per_page=250, now=NOW)


# As a terminal of 80 columns shows it, without colour.
SHOWN = """\
stack ringvault, 2026-11-22 12:00 UTC
Recordings
  pending             1,200
  queued              60
  archived            about 100,000
  absent              3
  failed              2
  archived today      812
  oldest waiting      2026-09-01 12:00 UTC, 82 days ago
  nearest deletion    2026-11-30 12:00 UTC, in 8 days
Given up
  3 absent            404
  2 failed            no audio
Call log
  last listing        2026-11-22 12:00 UTC, 0 minutes ago
  open windows        1, of which 1 backfill
  backfill            2026-09-01 12:00 UTC to 2026-11-21 12:00 UTC
  quota used          97% of the last hour's
  look-backs cost     436 requests a day
Queues
  recording queue     about 58 waiting, 2 in flight
  dead letters        1
Reconciliation
  last run            2026-11-22 02:41 UTC, 9 hours ago
  its report          reports/reconciliation/000042.json
  its days            2026-08-14 to 2026-11-21
  archived            99,000
  absent              3: RingCentral no longer has them
  pending             12
  missing             1: not in the vault and not on their way
  unexpected          0
Needs attention
  2 failed: see ringvault retry --state failed
  1 in the dead-letter queue: see docs/operations/alarms.md
  RingCentral soon deletes what still waits: see docs/operations/alarms.md
  1 missing: read the last report
"""


def test_a_person_reads_it_at_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Every number has its name, and what needs a person comes last."""
    show(status(), called="stack ringvault", shown=Screen(as_json=False))

    assert capsys.readouterr().out == SHOWN


def test_a_machine_reads_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json nothing but one object is printed, with instants in ISO 8601."""
    screen = Screen(as_json=True)
    show(status(), called="stack ringvault", shown=screen)
    screen.answer(as_json(status()))

    told = json.loads(capsys.readouterr().out)
    assert told["recordings"]["archived"] == 100_000
    assert told["archived_is_exact"] is False
    assert told["nearest_deletion_at"] == "2026-11-30T12:00:00.000Z"
    assert len(told["attention"]) == 4


def test_where_all_is_well_nothing_needs_attention() -> None:
    """An archive that is through has nothing to tell but its numbers."""
    found = status(
        catalogue=Nothing(),
        dead_letter_queue=Queue(0, 0),
        reports=Reports(None),
    )

    assert (found.attention, found.nearest_deletion_at, found.unsettled) == ((), None, {})


def test_a_lister_that_never_ran_needs_attention() -> None:
    """Nothing listed is not the same as nothing to list."""
    found = status(
        catalogue=Nothing(),
        dead_letter_queue=Queue(0, 0),
        reports=Reports(None),
        listing=ProgressInMemory(ListingProgress()),
    )

    assert len(found.attention) == 1
    assert "never read" in found.attention[0]
