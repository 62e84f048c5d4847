"""Compares call log, catalogue and bucket: a verdict for each recording."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from ringvault.core.catalogue.item import GONE_STATES, CatalogueItem, State
from ringvault.core.catalogue.recording import Recording, followed
from ringvault.core.defects import place_of
from ringvault.core.reconciliation.finding import Cause, Evidence, Finding, Judged, Verdict
from ringvault.core.vault.checksum import is_as_archived
from ringvault.core.vault.layout import KEY_PARTS, SIDECARS, recording_id_in, sidecar_key

# A backlog, and every single wait between attempts, are over before that.
OVERDUE_AFTER = timedelta(days=3)
# Waits that are no failure of the recording have no limit of their own: they explain a week.
DEFERRED_AT_MOST = timedelta(days=7)
# A file may come late: fewer 404s, or all within a day, are not urgent.
MIN_NOT_FOUND_TIMES = 3
MIN_NOT_FOUND_LASTED = timedelta(hours=24)
# A reason that ringvault writes is short; an item may be damaged in any way.
MAX_DETAIL = 300

_NOT_IN_VAULT = frozenset({State.ABSENT, State.ERASED, State.EXPIRED})


def judge(evidence: Evidence) -> Iterator[Judged]:
    """Yield one verdict for each recording, then the unreadable and unexpected ones.

    An error for one recording makes it unreadable; it does not affect the others.
    """
    for recording_id, give_verdict in _questions(evidence):
        try:
            judged = give_verdict()
        except Exception as error:  # noqa: BLE001 - one recording must not affect the others
            detail = f"recording {recording_id}: a defect of ringvault, {place_of(error)}"
            finding = Finding(evidence.on, recording_id, Verdict.UNREADABLE, detail=detail)
            judged = Judged(finding)
        if judged is not None:
            yield judged
    for unread in evidence.unreadable:
        yield Judged(
            Finding(
                evidence.on,
                unread.recording_id,
                Verdict.UNREADABLE,
                detail=unread.detail[:MAX_DETAIL],
            )
        )
    for object_key in sorted(evidence.object_keys):
        if _is_unexpected(object_key, evidence):
            yield Judged(_of_object(object_key, evidence))


def _questions(evidence: Evidence) -> Iterator[tuple[str, Callable[[], Judged | None]]]:
    for recording_id, item in evidence.items.items():
        yield recording_id, partial(_of_item, item, evidence)
    for recording_id, item in evidence.from_sidecars.items():
        yield recording_id, partial(_of_deleted_item, item, evidence)
    for recording_id, recording in evidence.listed.items():
        if recording_id in evidence.elsewhere:
            item = evidence.elsewhere[recording_id]
            yield recording_id, partial(_of_item_elsewhere, item, recording, evidence)
        elif _is_unknown(recording_id, evidence):
            yield recording_id, partial(_of_unlisted, recording, evidence)


def _of_item(item: CatalogueItem, evidence: Evidence) -> Judged:
    recording_id = item.recording.recording_id
    listed = evidence.listed_in_span.get(recording_id)
    if item.state is State.ARCHIVED and item.archived is None:
        detail = f"catalogue item {recording_id}: it is ARCHIVED and names no object"
        return Judged(Finding(evidence.on, recording_id, Verdict.UNREADABLE, detail=detail))
    missing = _causes_missing(item, evidence)
    verdict = Verdict.MISSING if missing else _verdict_of(item, listed, evidence)
    finding = Finding(
        on=evidence.on,
        recording_id=recording_id,
        verdict=verdict,
        causes=missing or _causes_urgent(item, verdict),
        detail=_detail(item, verdict),
        is_rewritten=listed is not None and _is_rewritten(item, listed),
    )
    return Judged(finding, item, listed)


def _of_item_elsewhere(item: CatalogueItem, listed: Recording, evidence: Evidence) -> Judged | None:
    """Return its finding if the record has changed: its verdict belongs to the day of the item."""
    if not _is_rewritten(item, listed):
        return None
    finding = Finding(
        on=evidence.on,
        recording_id=item.recording.recording_id,
        verdict=_verdict_of(item, listed, evidence),
        is_rewritten=True,
        is_counted=False,
    )
    return Judged(finding, item, listed)


def _of_deleted_item(item: CatalogueItem, evidence: Evidence) -> Judged:
    causes = (Cause.CATALOGUE_ITEM_DELETED, *_causes_missing(item, evidence))
    recording_id = item.recording.recording_id
    finding = Finding(
        evidence.on, recording_id, Verdict.MISSING, causes, detail=_detail(item, Verdict.MISSING)
    )
    return Judged(finding, item, evidence.listed.get(recording_id))


def _of_unlisted(recording: Recording, evidence: Evidence) -> Judged:
    recording_id = recording.recording_id
    causes: tuple[Cause, ...] = ()
    if recording_id in evidence.not_yet_due:
        verdict = Verdict.PENDING
    elif recording_id in evidence.backfilling:
        verdict = Verdict.BACKFILLING
    else:
        verdict, causes = Verdict.MISSING, (Cause.NEVER_LISTED,)
    return Judged(Finding(evidence.on, recording_id, verdict, causes), listed=recording)


def _verdict_of(item: CatalogueItem, listed: Recording | None, evidence: Evidence) -> Verdict:
    match item.state:
        case State.EXPIRING | State.EXPIRED:
            return Verdict.EXPIRED
        case State.ERASING | State.ERASED:
            return Verdict.ERASED
        case State.ARCHIVED:
            return Verdict.ARCHIVED
        case State.ABSENT:
            is_kept = item.recording.started_at >= evidence.kept_from
            is_offered = listed is not None and is_kept
            return Verdict.NOT_SERVED if is_offered else Verdict.ABSENT
        case _:
            return _verdict_of_unfinished(item, evidence)


def _verdict_of_unfinished(item: CatalogueItem, evidence: Evidence) -> Verdict:
    if item.refused is not None:
        return Verdict.REFUSED
    if item.state is State.FAILED:
        return Verdict.FAILED
    if item.not_found is not None:
        return Verdict.NOT_SERVED
    if _is_overdue(item, evidence):
        return Verdict.OVERDUE
    return Verdict.QUEUED if item.state is State.QUEUED else Verdict.PENDING


def _is_overdue(item: CatalogueItem, evidence: Evidence) -> bool:
    waits_since = max(item.listed_at, item.retry_at or item.listed_at)
    if evidence.now - waits_since >= OVERDUE_AFTER:
        return True
    return item.deferrals > 0 and evidence.now - item.listed_at >= DEFERRED_AT_MOST


def _causes_missing(item: CatalogueItem, evidence: Evidence) -> tuple[Cause, ...]:
    if item.state is not State.ARCHIVED or item.archived is None:
        return ()
    causes = []
    measured = evidence.measured.get(item.archived.object_key)
    if measured is None:
        causes.append(Cause.OBJECT_DELETED)
    elif not is_as_archived(measured, item.archived):
        causes.append(Cause.OBJECT_ALTERED)
    if sidecar_key(item.recording) not in evidence.object_keys - evidence.empty_keys:
        causes.append(Cause.SIDECAR_MISSING)
    return tuple(causes)


def _causes_urgent(item: CatalogueItem, verdict: Verdict) -> tuple[Cause, ...]:
    """Return why a 404 is more than a late file; an ABSENT one is not retried."""
    if verdict is not Verdict.NOT_SERVED:
        return ()
    seen = item.not_found
    is_repeated = (
        seen is not None
        and seen.times >= MIN_NOT_FOUND_TIMES
        and seen.lasted >= MIN_NOT_FOUND_LASTED
    )
    return (Cause.REPEATEDLY_NOT_SERVED,) if is_repeated or item.state is State.ABSENT else ()


def _is_rewritten(item: CatalogueItem, listed: Recording) -> bool:
    return item.state not in GONE_STATES and followed(item.recording, listed) is not None


def _detail(item: CatalogueItem, verdict: Verdict) -> str | None:
    if verdict is Verdict.MISSING and item.archived is not None:
        return item.archived.object_key
    if item.state in GONE_STATES or verdict in {Verdict.ARCHIVED, Verdict.PENDING, Verdict.QUEUED}:
        return None
    return item.reason and item.reason[:MAX_DETAIL]


def _is_unknown(recording_id: str, evidence: Evidence) -> bool:
    places = (evidence.items, evidence.known, evidence.from_sidecars)
    return not any(recording_id in place for place in places)


def _is_unexpected(object_key: str, evidence: Evidence) -> bool:
    recording_id = recording_id_in(object_key)
    if recording_id is None:
        return True
    places = (evidence.items, evidence.from_sidecars, evidence.elsewhere)
    item = next((place[recording_id] for place in places if recording_id in place), None)
    if item is None:
        claims = (evidence.known, evidence.damaged_sidecars, evidence.listed)
        return not any(recording_id in claim for claim in claims)
    if object_key.startswith(SIDECARS):
        return item.state in _NOT_IN_VAULT or sidecar_key(item.recording) != object_key
    if item.archived is not None:
        return item.archived.object_key != object_key
    return item.state is State.ABSENT or item.state in GONE_STATES


def _of_object(object_key: str, evidence: Evidence) -> Finding:
    recording_id = recording_id_in(object_key)
    # A folder below the day's may have any name, too.
    folder = "/".join(object_key.split("/")[: KEY_PARTS - 1])
    detail = object_key if recording_id is not None else f"{folder}/"
    return Finding(evidence.on, recording_id, Verdict.UNEXPECTED, detail=detail)
