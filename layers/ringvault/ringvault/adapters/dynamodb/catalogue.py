"""The catalogue in DynamoDB: one item for each recording."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ringvault.adapters.aws.errors import (
    CONDITION_FAILED,
    ITEM_REFUSED,
    CancelledError,
    ItemRefusedError,
    aws_errors,
)
from ringvault.adapters.dynamodb.batches import read_batches
from ringvault.adapters.dynamodb.item import (
    Attributes,
    archived_attributes,
    candidate_of,
    item_of,
    losses_attribute,
    losses_of,
    new_attributes,
    repeated_attribute,
    text,
    whole,
)
from ringvault.adapters.dynamodb.unreadable_items import UnreadableItems
from ringvault.core.catalogue.item import GONE_STATES, ArchivedObject, CatalogueItem, State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ConflictError, ServiceUnavailableError, UnreadableItemError
from ringvault.core.instants import format_instant
from ringvault.core.listing.feed import Candidate, Losses

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# TransactWriteItems takes a hundred items and 4 MB; a quarter leaves room for large records.
MAX_IN_TRANSACTION = 25
# A transaction is tried again without the writes that a condition forbids, or after a conflict.
MAX_ROUNDS = 10

# The feed reads the index by state in pages of so many items, about 130 bytes each.
ITEMS_PER_PAGE = 500
# Where fewer are wanted a page is smaller, but not so small that deferred items take many pages.
MIN_ITEMS_PER_PAGE = 100
# What a feed reads at either end of PENDING at most, since much of it may be deferred to later.
MAX_PENDING_READ = 5_000
# QUEUED is what fits into some minutes of the quota; thousands are a defect or a huge account.
MAX_QUEUED_READ = 10_000

Write = Any  # one of the shapes that TransactWriteItems takes

GONE_VALUES = {f":{state.lower()}": text(state) for state in sorted(GONE_STATES)}
NOT_GONE = f"NOT #state IN ({', '.join(GONE_VALUES)})"
# What attempts leave behind besides their number; it is forgotten when a recording is archived or
# sent on its way again.
LEARNT = ("deferrals", "losses", "not_found", "refused", "unrecognised_sha256_hex")
_NOT_ANOTHERS = "(attribute_not_exists(claimed_by) OR claimed_by = :me)"


class CatalogueTable:
    """Reads and changes catalogue items; every change is conditional on what it presumes.

    Claims are those of the instance: one that is repeated because its answer was lost meets
    itself, and nobody ends or prolongs another's.
    """

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client
        self._claimed_by = text(uuid4().hex)
        self._pending_after: Mapping[str, Any] = {}
        self._unreadable = UnreadableItems()
        self._refused: list[str] = []

    def take_unreadable(self) -> tuple[UnreadableItemError, ...]:
        """Return which items were passed over since the last call: they can't be read."""
        return self._unreadable.take()

    def take_refused(self) -> tuple[str, ...]:
        """Return the ids of what DynamoDB refused to write since the last call, and always will."""
        refused, self._refused = tuple(self._refused), []
        return refused

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item as of now, None where the id is unknown.

        Raises:
            UnreadableItemError: it is damaged, or a newer release wrote it.
        """
        return next(map(item_of, self._found(recording_id)), None)

    def unlisted(self, recordings: Sequence[Recording]) -> tuple[Recording, ...]:
        """Return those that are not there yet, at the cost of a read."""
        known = self.known([recording.recording_id for recording in recordings])
        return tuple(it for it in recordings if it.recording_id not in known)

    def known(self, recording_ids: Sequence[str]) -> AbstractSet[str]:
        """Return which of the ids the catalogue holds."""
        keys = [_key(recording_id) for recording_id in recording_ids]
        options = {"ProjectionExpression": "recording_id"}
        found = read_batches(self._client, self._table, keys, **options)
        return {attributes["recording_id"]["S"] for attributes in found}

    def add_new(self, recordings: Sequence[Recording], *, listed_at: datetime) -> int:
        """Add what is not there yet as PENDING; return how many were added.

        What DynamoDB refuses is left out, and named by `take_refused`.
        """
        return self._write_all([self._new(recording, listed_at) for recording in recordings])

    def candidates(
        self, *, max_items: int, now: datetime
    ) -> Iterable[Candidate | UnreadableItemError]:
        """Return `max_items` PENDING items to be tried now from either end, and what is QUEUED.

        At most `MAX_PENDING_READ` are read at either end, and `MAX_QUEUED_READ` of what is QUEUED.
        Where more than that are deferred at the old end, the next call goes on behind them, and
        begins again when it has met the newest. An item that can't be read is returned as the
        error that it raises.
        """
        queued = self._in_state(State.QUEUED, forward=True)
        found = (
            *self._to_be_tried(max_items, now, forward=True),
            *self._to_be_tried(max_items, now, forward=False),
            *islice((it for it, _ in queued), MAX_QUEUED_READ),
        )
        return {it.recording_id or str(it): it for it in found}.values()

    def losses(self, recording_ids: Sequence[str]) -> Mapping[str, Losses]:
        """Return how often each was lost since it was last heard of; never is left out."""
        keys = [_key(recording_id) for recording_id in recording_ids]
        options = {"ProjectionExpression": "recording_id, losses", "ConsistentRead": True}
        found = read_batches(self._client, self._table, keys, **options)
        return {it["recording_id"]["S"]: losses_of(it) for it in found if "losses" in it}

    def put_back(self, candidate: Candidate, losses: Losses, *, retry_at: datetime) -> None:
        """Set PENDING what is lost; ConflictError when it is no longer as the candidate says.

        A dead archiver's claim stays: it tells the next one to look for what was left behind.
        """
        self._change_lost(
            candidate,
            "SET #state = :pending, retry_at = :retry_at, losses = :losses REMOVE queued_at",
            {
                ":pending": text(State.PENDING),
                ":retry_at": text(format_instant(retry_at)),
                ":losses": losses_attribute(losses),
            },
        )

    def give_up(self, candidate: Candidate, losses: Losses, *, reason: str) -> None:
        """Set FAILED what is lost; ConflictError when it is no longer as the candidate says."""
        self._change_lost(
            candidate,
            "SET #state = :failed, reason = :reason, losses = :losses"
            " REMOVE claimed_until, claimed_by, queued_at, retry_at",
            {
                ":failed": text(State.FAILED),
                ":reason": text(reason),
                ":losses": losses_attribute(losses),
            },
        )

    def _change_lost(self, candidate: Candidate, update: str, values: Mapping[str, Any]) -> None:
        instants = {"claimed_until": candidate.claimed_until, "queued_at": candidate.queued_at}
        conditions = (_same_or_absent(name, instant) for name, instant in instants.items())
        self._update(
            candidate.recording_id,
            update,
            " AND ".join(("#state = :queued", *conditions)),
            {
                ":queued": text(State.QUEUED),
                **values,
                **{
                    name: value
                    for it, instant in instants.items()
                    for name, value in _instant(f":{it}", instant).items()
                },
            },
        )

    def mark_queued(self, candidates: Sequence[Candidate], *, queued_at: datetime) -> None:
        """Set QUEUED what is still as each candidate says; anything else is left as it is.

        A dead archiver's claim stays: it tells the next one to look for what was left behind.
        """
        self._write_all([self._queued(candidate, queued_at) for candidate in candidates])

    def claim(self, item: CatalogueItem, *, now: datetime, until: datetime) -> None:
        """Claim what nobody else holds; ConflictError when somebody does, or it has ended."""
        self._update(
            item.recording.recording_id,
            "SET claimed_until = :until, claimed_by = :me",
            f"NOT #state IN (:archived, :absent) AND {NOT_GONE}"
            " AND (attribute_not_exists(claimed_until)"
            " OR claimed_until < :now OR claimed_by = :me)",
            {
                ":me": self._claimed_by,
                ":until": text(format_instant(until)),
                ":now": text(format_instant(now)),
                ":archived": text(State.ARCHIVED),
                ":absent": text(State.ABSENT),
                **GONE_VALUES,
            },
        )

    def renew_claim(self, recording_id: str, *, until: datetime) -> None:
        """Prolong our claim; ConflictError when it is lost."""
        self._update(
            recording_id,
            "SET claimed_until = :until",
            f"claimed_by = :me AND #state <> :archived AND {NOT_GONE}",
            {
                **GONE_VALUES,
                ":until": text(format_instant(until)),
                ":me": self._claimed_by,
                ":archived": text(State.ARCHIVED),
            },
        )

    def set_archived(self, recording_id: str, archived: ArchivedObject) -> None:
        """Set ARCHIVED, whatever was before: the object is in the vault.

        ConflictError when it is erased or expired.
        """
        attributes = archived_attributes(archived)
        assignments = ", ".join(f"{name} = :{name}" for name in attributes)
        self._update(
            recording_id,
            f"SET #state = :archived, {assignments}"
            f" REMOVE claimed_until, claimed_by, retry_at, reason, {', '.join(LEARNT)}",
            f"attribute_exists(recording_id) AND {NOT_GONE}",
            {
                ":archived": text(State.ARCHIVED),
                **GONE_VALUES,
                **{f":{name}": value for name, value in attributes.items()},
            },
        )

    def defer(self, item: CatalogueItem, *, retry_at: datetime, reason: str, attempts: int) -> None:
        """Set PENDING until `retry_at`; ConflictError when it has ended or is another's by now.

        The deferrals, the repeated answers and the digest are written as `item` has them.
        """
        learnt = _learnt(item)
        self._update(
            item.recording.recording_id,
            "SET #state = :pending, retry_at = :retry_at, reason = :reason, attempts = :attempts"
            f"{_assignments(learnt)} REMOVE claimed_until, claimed_by, queued_at, losses",
            f"NOT #state IN (:archived, :absent) AND {NOT_GONE} AND {_NOT_ANOTHERS}",
            {
                **GONE_VALUES,
                ":me": self._claimed_by,
                ":pending": text(State.PENDING),
                ":retry_at": text(format_instant(retry_at)),
                ":reason": text(reason),
                ":attempts": whole(attempts),
                ":archived": text(State.ARCHIVED),
                ":absent": text(State.ABSENT),
                **_values(learnt),
            },
        )

    def end(self, item: CatalogueItem, *, state: State, reason: str, attempts: int) -> None:
        """Set ABSENT or FAILED; ConflictError when it was archived or is another's by now.

        The deferrals, the repeated answers and the digest are written as `item` has them.
        """
        learnt = _learnt(item)
        self._update(
            item.recording.recording_id,
            "SET #state = :state, reason = :reason, attempts = :attempts"
            f"{_assignments(learnt)} REMOVE claimed_until, claimed_by, queued_at, retry_at, losses",
            f"#state <> :archived AND {NOT_GONE} AND {_NOT_ANOTHERS}",
            {
                **GONE_VALUES,
                ":me": self._claimed_by,
                ":state": text(state),
                ":reason": text(reason),
                ":attempts": whole(attempts),
                ":archived": text(State.ARCHIVED),
                **_values(learnt),
            },
        )

    def bury_erased(self, tombstone: CatalogueItem) -> None:
        """Put the tombstone of a recording that has a proof of erasure in place of its item.

        Nothing else of the item stays, whatever it says. ConflictError where it is gone, ERASED or
        ERASING, or was changed meanwhile.
        """
        recording_id = tombstone.recording.recording_id
        kept = new_attributes(tombstone.recording, tombstone.listed_at)
        kept |= {"state": text(tombstone.state), "reason": text(tombstone.reason or "")}
        del kept["recording_id"]
        before = self._attributes_of(recording_id)
        removed = sorted(set(before) - {*kept, "recording_id"})
        names = {f"#{number}": name for number, name in enumerate([*kept, *removed])}
        places = {name: place for place, name in names.items()}
        update = "SET " + ", ".join(f"{places[name]} = :{places[name][1:]}" for name in kept)
        if removed:
            update += " REMOVE " + ", ".join(places[name] for name in removed)
        with aws_errors("change the catalogue"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(recording_id),
                UpdateExpression=update,
                ConditionExpression=f"{places['state']} = :was"
                f" AND NOT {places['state']} IN (:erasing, :erased)",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    **{f":{places[name][1:]}": value for name, value in kept.items()},
                    ":was": before["state"],
                    ":erasing": text(State.ERASING),
                    ":erased": text(State.ERASED),
                },
            )

    def _attributes_of(self, recording_id: str) -> Attributes:
        """Return the attributes as of now; ConflictError where the id is unknown."""
        found = self._found(recording_id)
        if not found:
            raise ConflictError(f"recording {recording_id} is not in the catalogue")
        return found[0]

    def _found(self, recording_id: str) -> Sequence[Attributes]:
        """Return the attributes as of now, none where the id is unknown."""
        with aws_errors("read the catalogue"):
            answer = self._client.get_item(
                TableName=self._table, Key=_key(recording_id), ConsistentRead=True
            )
        return [answer["Item"]] if "Item" in answer else []

    def _bury(self, tombstone: CatalogueItem, condition: str, values: Mapping[str, Any]) -> None:
        """Put the tombstone in place of the item, of which nothing else stays."""
        attributes = new_attributes(tombstone.recording, tombstone.listed_at)
        attributes |= {"state": text(tombstone.state), "reason": text(tombstone.reason or "")}
        with aws_errors("change the catalogue"):
            self._client.put_item(
                TableName=self._table,
                Item=attributes,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=values,
            )

    def _to_be_tried(
        self, max_items: int, now: datetime, *, forward: bool
    ) -> Iterator[Candidate | UnreadableItemError]:
        """Yield the first `max_items` to be tried, and what can't be read on the way to them.

        The old end is read from where the last call had to stop.
        """
        after = self._pending_after if forward else {}
        if forward:
            self._pending_after = {}
        limit = min(max(max_items, MIN_ITEMS_PER_PAGE), ITEMS_PER_PAGE)
        read = self._in_state(State.PENDING, forward=forward, limit=limit, after=after)
        for number, (found, key) in enumerate(read, start=1):
            if isinstance(found, UnreadableItemError):
                yield found
            elif found.retry_at is None or found.retry_at <= now:
                yield found
                max_items -= 1
            if max_items <= 0:
                return
            if number == MAX_PENDING_READ:
                if forward:
                    self._pending_after = {"ExclusiveStartKey": key}
                return

    def _by_state(self, state: State, *, forward: bool) -> Iterator[Candidate]:
        """Yield what the index has of the state, without what can't be read."""
        found = self._in_state(state, forward=forward)
        return (it for it, _ in found if isinstance(it, Candidate))

    def _in_state(
        self,
        state: State,
        *,
        forward: bool,
        limit: int = ITEMS_PER_PAGE,
        after: Mapping[str, Any] | None = None,
    ) -> Iterator[tuple[Candidate | UnreadableItemError, Mapping[str, Any]]]:
        """Yield what the index has of the state, each with its key in the index."""
        query = {
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":state": text(state)},
            "ScanIndexForward": forward,
            "Limit": limit,
            **(after or {}),
        }
        for found in self._query(query):
            key = {name: found[name] for name in ("recording_id", "state", "started_at")}
            yield _candidate_in(found), key

    def _query(self, query: Mapping[str, Any]) -> Iterator[Attributes]:
        start: Mapping[str, Any] = {}
        while True:
            with aws_errors("query the catalogue"):
                answer = self._client.query(TableName=self._table, **{**query, **start})
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _new(self, recording: Recording, listed_at: datetime) -> Write:
        return {
            "Put": {
                "TableName": self._table,
                "Item": new_attributes(recording, listed_at),
                "ConditionExpression": "attribute_not_exists(recording_id)",
            }
        }

    def _queued(self, candidate: Candidate, queued_at: datetime) -> Write:
        return {
            "Update": {
                "TableName": self._table,
                "Key": _key(candidate.recording_id),
                "UpdateExpression": "SET #state = :queued, queued_at = :queued_at",
                "ConditionExpression": "#state = :was"
                f" AND {_same_or_absent('claimed_until', candidate.claimed_until)}"
                f" AND {_same_or_absent('retry_at', candidate.retry_at)}",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": {
                    ":queued": text(State.QUEUED),
                    ":queued_at": text(format_instant(queued_at)),
                    ":was": text(candidate.state),
                    **_instant(":claimed_until", candidate.claimed_until),
                    **_instant(":retry_at", candidate.retry_at),
                },
            }
        }

    def _write_all(self, writes: Sequence[Write]) -> int:
        """Do those writes whose condition holds, many in a request; return how many did."""
        batches = range(0, len(writes), MAX_IN_TRANSACTION)
        return sum(self._write(writes[at : at + MAX_IN_TRANSACTION]) for at in batches)

    def _write(self, writes: Sequence[Write]) -> int:
        """Do them as one transaction, without what a condition forbids or DynamoDB refuses."""
        for _ in range(MAX_ROUNDS):
            if not writes:
                return 0
            try:
                with aws_errors("change the catalogue"):
                    self._client.transact_write_items(TransactItems=writes)
            except ItemRefusedError:
                return self._write_singly(writes)
            except CancelledError as cancelled:
                reasons = tuple(zip(writes, cancelled.reasons, strict=True))
                self._refused += [_id_of(it) for it, reason in reasons if reason == ITEM_REFUSED]
                done_with = {CONDITION_FAILED, ITEM_REFUSED}
                writes = [write for write, reason in reasons if reason not in done_with]
            else:
                return len(writes)
        raise ServiceUnavailableError(
            f"change the catalogue: conflicts {MAX_ROUNDS} times in a row"
        )

    def _write_singly(self, writes: Sequence[Write]) -> int:
        """Do each by itself, since DynamoDB does not say which of them it refuses."""
        if len(writes) == 1:
            self._refused.append(_id_of(writes[0]))
            return 0
        return sum(self._write([write]) for write in writes)

    def _update(
        self, recording_id: str, update: str, condition: str, values: Mapping[str, Any]
    ) -> None:
        with aws_errors("change the catalogue"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(recording_id),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=values,
            )


def _candidate_in(attributes: Attributes) -> Candidate | UnreadableItemError:
    try:
        return candidate_of(attributes)
    except UnreadableItemError as error:
        return error


def _learnt(item: CatalogueItem) -> dict[str, Any]:
    """Return the attributes of LEARNT that the item has."""
    attributes: dict[str, Any] = {}
    if item.deferrals:
        attributes["deferrals"] = whole(item.deferrals)
    if item.not_found is not None:
        attributes["not_found"] = repeated_attribute(item.not_found)
    if item.refused is not None:
        attributes["refused"] = repeated_attribute(item.refused)
    if item.unrecognised_sha256_hex is not None:
        attributes["unrecognised_sha256_hex"] = text(item.unrecognised_sha256_hex)
    return attributes


def _assignments(attributes: Mapping[str, Any]) -> str:
    return "".join(f", {name} = :{name}" for name in attributes)


def _values(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {f":{name}": value for name, value in attributes.items()}


def _key(recording_id: str) -> dict[str, Any]:
    return {"recording_id": text(recording_id)}


def _id_of(write: Write) -> str:
    """Return the id of the recording that a write of a transaction is about."""
    (action,) = write.values()
    recording_id: str = action.get("Item", action.get("Key"))["recording_id"]["S"]
    return recording_id


def _same_or_absent(name: str, instant: datetime | None) -> str:
    return f"attribute_not_exists({name})" if instant is None else f"{name} = :{name}"


def _instant(name: str, instant: datetime | None) -> dict[str, Any]:
    return {} if instant is None else {name: text(format_instant(instant))}
