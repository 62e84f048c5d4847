"""`ringvault status`: the state of the archive."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringvault.core.catalogue.item import State
from ringvault.core.instants import parse_instant
from ringvault.core.listing.windows import Kind, Window
from ringvault.core.operations.status import ArchiveStatus, Count, archive_status
from ringvault_cli.archive.reconcile import report_lines
from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.terminal.screen import Row, Screen, ended, how_many, instant

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack

# Every archive has these; any other state shows when something is in it.
_USUAL = (State.PENDING, State.QUEUED, State.ARCHIVED, State.ABSENT, State.FAILED)
# One screen: ringvault retry shows all.
_MAX_REASONS = 5


@on_stack
def status(
    place: Place,
    shown: Screen,
    *,
    watch: Annotated[
        int | None,
        typer.Option(metavar="SECONDS", min=1, help="Refresh every so many seconds, until Ctrl-C."),
    ] = None,
) -> None:
    """Show the state of the archive.

    Counts recordings by state in an index of the catalogue, in pages of about 4,000. Archived
    recordings are counted in up to 20 pages; for more it shows DynamoDB's own count, which is up
    to six hours old. With 100,000 waiting recordings this costs less than a tenth of a cent. The
    lines under Reconciliation are explained by `ringvault reconcile --help`.

    Exits with 1 when something needs attention. With --watch it runs until Ctrl-C and exits with
    0; where stdout is not a terminal it prints a line of JSON each time.
    """
    deployed = place.open()
    if watch is not None:
        _watched(deployed, every_s=watch, as_lines=shown.as_json or not sys.stdout.isatty())
        return
    with shown.bar("counting"):
        found = status_of(deployed, now=datetime.now(UTC))
    show(found, called=deployed.called, shown=shown)
    shown.answer(as_json(found))
    ended(ExitStatus.WRONG if found.attention else ExitStatus.OK)


def _watched(deployed: "DeployedStack", *, every_s: int, as_lines: bool) -> None:
    from ringvault_cli.terminal.watch import watch

    watch(
        lambda: status_of(deployed, now=datetime.now(UTC)),
        every_s=every_s,
        show=lambda found, shown: show(found, called=deployed.called, shown=shown),
        as_json=as_json if as_lines else None,
    )


def status_of(deployed: "DeployedStack", *, now: datetime) -> ArchiveStatus:
    """Return how the archive of a stack stands."""
    from ringvault.adapters.aws.metrics import StackMetrics
    from ringvault.adapters.aws.sqs import SQSRecordingQueue
    from ringvault.adapters.dynamodb.counts import CatalogueCounts
    from ringvault.adapters.dynamodb.lifecycle import CatalogueRetries
    from ringvault.adapters.ringcentral.client import PER_PAGE
    from ringvault_cli.stack_parts import last_report_in, listing_progress_in

    dynamodb, sqs = deployed.client("dynamodb"), deployed.client("sqs")
    table = deployed.output("CatalogueTableName")
    return archive_status(
        catalogue=CatalogueCounts(table, dynamodb),
        listing=listing_progress_in(deployed),
        metrics=StackMetrics(deployed.name, deployed.client("cloudwatch")),
        given_up=CatalogueRetries(table, dynamodb),
        queue=SQSRecordingQueue(deployed.output("RecordingQueueUrl"), sqs),
        dead_letter_queue=SQSRecordingQueue(deployed.output("DeadLetterQueueUrl"), sqs),
        reports=last_report_in(deployed),
        look_backs=deployed.look_backs,
        per_page=PER_PAGE,
        now=now,
    )


def show(found: ArchiveStatus, *, called: str, shown: Screen) -> None:
    """Print the status for a person."""
    shown.say(f"{called}, {instant(found.at)}")
    shown.section("Recordings", _recordings(found))
    if found.failures:
        shown.section("Given up", _failures(found))
    shown.section("Call log", _call_log(found))
    shown.section("Queues", _queues(found))
    shown.section("Reconciliation", _reconciliation(found))
    shown.points("Needs attention", found.attention or ["nothing"])


def as_json(found: ArchiveStatus) -> dict[str, Any]:
    """Return the status for a machine; instants are ISO 8601, UTC."""
    visible, in_flight = found.queue
    return {
        "at": found.at,
        "recordings": {state.lower(): found.counts[state].number for state in State},
        "archived_is_exact": found.counts[State.ARCHIVED].is_exact,
        "archived_today": found.archived_today,
        "failures": [
            {"state": state, "reason": reason, "recordings": number}
            for (state, reason), number in found.failures.items()
        ],
        "quota_used": found.quota_used,
        "listed_at": found.listed_at,
        "oldest_waiting_at": found.oldest_waiting_at,
        "nearest_deletion_at": found.nearest_deletion_at,
        "windows": [_window(window) for window in found.listing.windows],
        "look_back_requests_a_day": found.look_back_requests_a_day,
        "queue": {"waiting": visible, "in_flight": in_flight},
        "dead_letters": found.dead_letters,
        "report": found.report_key,
        "reconciled_at": found.report.get("finished_at"),
        "report_totals": found.report.get("totals"),
        "attention": list(found.attention),
    }


def window_rows(windows: tuple[Window, ...]) -> Iterator[Row]:
    """Yield a line for each window."""
    for window in windows:
        yield window.kind.replace("_", " "), f"{instant(window.from_at)} to {instant(window.to_at)}"


def _recordings(found: ArchiveStatus) -> Iterator[Row]:
    for state in State:
        if state in _USUAL or found.counts[state].number:
            yield state.lower(), _told(found.counts[state])
    yield "archived today", f"{found.archived_today:,}"
    yield "oldest waiting", _ago(found.oldest_waiting_at, found.at)
    yield "nearest deletion", _ahead(found.nearest_deletion_at, found.at)


def _failures(found: ArchiveStatus) -> Iterator[Row]:
    failures = list(found.failures.items())
    for (state, reason), number in failures[:_MAX_REASONS]:
        yield f"{number:,} {state.lower()}", reason
    if left := len(failures[_MAX_REASONS:]):
        yield "", f"and {how_many(left, 'other reason')}"


def _call_log(found: ArchiveStatus) -> Iterator[Row]:
    windows = found.listing.windows
    yield "last listing", "none yet" if found.listed_at is None else _ago(found.listed_at, found.at)
    backfills = sum(window.kind is Kind.BACKFILL for window in windows)
    yield "open windows", f"{len(windows)}, of which {how_many(backfills, 'backfill')}"
    yield from window_rows(windows)
    yield "quota used", _share(found.quota_used)
    yield "look-backs cost", f"{how_many(found.look_back_requests_a_day, 'request')} a day"


def _queues(found: ArchiveStatus) -> Iterator[Row]:
    visible, in_flight = found.queue
    yield "recording queue", f"about {visible:,} waiting, {in_flight:,} in flight"
    yield "dead letters", f"{found.dead_letters:,}"


def _reconciliation(found: ArchiveStatus) -> Iterator[Row]:
    if found.report_key is None:
        yield "last report", "none yet"
        return
    yield "last run", _ago(parse_instant(found.report["finished_at"]), found.at)
    yield "its report", found.report_key
    yield "its days", f"{found.report['from']} to {found.report['to']}"
    totals = found.report["totals"]
    yield from report_lines(totals)


def _share(used: float | None) -> str:
    return "unknown" if used is None else f"{used:.0%} of the last hour's"


def _told(count: Count) -> str:
    return f"{count.number:,}" if count.is_exact else f"about {count.number:,}"


def _ago(at: datetime | None, now: datetime) -> str:
    return "none" if at is None else f"{instant(at)}, {_length(now - at)} ago"


def _ahead(at: datetime | None, now: datetime) -> str:
    if at is None or at > now:
        return "none" if at is None else f"{instant(at)}, in {_length(at - now)}"
    return f"{instant(at)}, due"


def _length(length: timedelta) -> str:
    if length >= timedelta(days=2):
        return how_many(length // timedelta(days=1), "day")
    if length >= timedelta(hours=2):
        return how_many(length // timedelta(hours=1), "hour")
    return how_many(length // timedelta(minutes=1), "minute")


def _window(window: Window) -> dict[str, Any]:
    return {"kind": window.kind.value, "from": window.from_at, "to": window.to_at}
