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
from ringvault.adapters.dynamodb.attributes import Attributes, attributes_of, expression_values
from ringvault.adapters.dynamodb.batches import read_batches
from ringvault.adapters.dynamodb.item import (
    UnreadableItems,
    archived_attributes,
    candidate_of,
    fields_attribute,
    item_of,
    losses_of,
    new_attributes,
)
from ringvault.core.catalogue.item import GONE_STATES, ArchivedObject, CatalogueItem, State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ConflictError, ServiceUnavailableError, UnreadableItemError
from ringvault.core.listing.feed import Candidate, Losses

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# TransactWriteItems takes a hundred items and 4 MB; a quarter leaves room for large records.
MAX_IN_TRANSACTION = 25
# A transaction is sent again without the writes that a condition forbids, or after a conflict.
MAX_ROUNDS = 10

# Page size of the index by state for the feed; an entry has about 130 bytes.
ITEMS_PER_PAGE = 500
# A page for fewer items is smaller, but not so small that deferred items take many pages.
MIN_ITEMS_PER_PAGE = 100
# Read by a feed at either end of PENDING, because many items may be deferred to later.
MAX_PENDING_READ = 5_000
# QUEUED is what fits into some minutes of the quota; thousands are a defect or a huge account.
MAX_QUEUED_READ = 10_000

Write = Any  # one of the shapes that TransactWriteItems takes

GONE_VALUES = expression_values(**{state.lower(): state for state in sorted(GONE_STATES)})
NOT_GONE = f"NOT #state IN ({', '.join(GONE_VALUES)})"
# Attributes that attempts to archive write; removed when a recording is archived or retried.
ATTEMPT_ATTRIBUTES = ("deferrals", "losses", "not_found", "refused", "unrecognised_sha256_hex")
_NO_OTHER_CLAIM = "(attribute_not_exists(claimed_by) OR claimed_by = :me)"


class CatalogueItems:
    """Reads the items of the catalogue, and changes one if a condition holds.

    Every class that changes the catalogue has one of its own.
    """

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self.table = table
        self.client = client
        self.unreadable = UnreadableItems()

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item as of now, None where the id is unknown.

        Raises:
            UnreadableItemError: it is damaged, or a newer release wrote it.
        """
        return next(map(item_of, self.found(recording_id)), None)

    def found(self, recording_id: str) -> Sequence[Attributes]:
        """Return the attributes as of now, none where the id is unknown."""
        with aws_errors("read the catalogue"):
            answer = self.client.get_item(
                TableName=self.table, Key=_key(recording_id), ConsistentRead=True
            )
        return [answer["Item"]] if "Item" in answer else []

    def require(self, recording_id: str) -> Attributes:
        """Return the attributes as of now; ConflictError where the id is unknown."""
        found = self.found(recording_id)
        if not found:
            raise ConflictError(f"recording {recording_id} is not in the catalogue")
        return found[0]

    def read(
        self,
        recording_ids: Iterable[str],
        **options: Any,  # noqa: ANN401 - DynamoDB's own
    ) -> Iterator[Attributes]:
        """Yield the attributes of those ids that the catalogue has, in any order."""
        return read_batches(self.client, self.table, list(map(_key, recording_ids)), **options)

    def known(self, recording_ids: Sequence[str]) -> AbstractSet[str]:
        """Return those of the ids that the catalogue has."""
        found = self.read(recording_ids, ProjectionExpression="recording_id")
        return {attributes["recording_id"]["S"] for attributes in found}

    def query(self, query: Mapping[str, Any]) -> Iterator[Attributes]:
        """Yield every result of a query, page after page."""
        start: Mapping[str, Any] = {}
        while True:
            with aws_errors("query the catalogue"):
                answer = self.client.query(TableName=self.table, **{**query, **start})
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def in_state(
        self,
        state: State,
        *,
        forward: bool = True,
        limit: int = ITEMS_PER_PAGE,
        after: Mapping[str, Any] | None = None,
    ) -> Iterator[tuple[Candidate | UnreadableItemError, Mapping[str, Any]]]:
        """Yield the entries of a state in the index by_state, each with its key in the index."""
        query = {
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": expression_values(state=state),
            "ScanIndexForward": forward,
            "Limit": limit,
            **(after or {}),
        }
        for found in self.query(query):
            key = {name: found[name] for name in ("recording_id", "state", "started_at")}
            yield _candidate_in(found), key

    def candidates(self, state: State) -> Iterator[Candidate]:
        """Yield the readable entries of a state in the index by_state, oldest first."""
        return (it for it, _ in self.in_state(state) if isinstance(it, Candidate))

    def update(
        self, recording_id: str, update: str, condition: str, values: Mapping[str, Any]
    ) -> None:
        """Change an item; ConflictError where the condition does not hold."""
        with aws_errors("change the catalogue"):
            self.client.update_item(
                TableName=self.table,
                Key=_key(recording_id),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=values,
            )

    def bury(self, tombstone: CatalogueItem, condition: str, values: Mapping[str, Any]) -> None:
        """Replace the whole item by its tombstone; ConflictError as `update`."""
        with aws_errors("change the catalogue"):
            self.client.put_item(
                TableName=self.table,
                Item=_tombstone_attributes(tombstone),
                ConditionExpression=condition,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=values,
            )

    def bury_erased(self, tombstone: CatalogueItem) -> None:
        """Replace the whole item of a recording that has a proof of erasure by its tombstone.

        ConflictError where it is not in the catalogue, ERASED or ERASING, or was changed meanwhile.
        """
        recording_id = tombstone.recording.recording_id
        kept = _tombstone_attributes(tombstone)
        del kept["recording_id"]
        before = self.require(recording_id)
        removed = sorted(set(before) - {*kept, "recording_id"})
        names = {f"#{number}": name for number, name in enumerate([*kept, *removed])}
        places = {name: place for place, name in names.items()}
        update = "SET " + ", ".join(f"{places[name]} = :{places[name][1:]}" for name in kept)
        if removed:
            update += " REMOVE " + ", ".join(places[name] for name in removed)
        with aws_errors("change the catalogue"):
            self.client.update_item(
                TableName=self.table,
                Key=_key(recording_id),
                UpdateExpression=update,
                ConditionExpression=f"{places['state']} = :was"
                f" AND NOT {places['state']} IN (:erasing, :erased)",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    **{f":{places[name][1:]}": value for name, value in kept.items()},
                    ":was": before["state"],
                    **expression_values(erasing=State.ERASING, erased=State.ERASED),
                },
            )


class CatalogueTable:
    """The catalogue for listing and archiving; every change is conditional on what it presumes.

    Claims belong to the instance: a claim that is repeated because its answer was lost succeeds,
    and no other instance's claim is ended or extended.
    """

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._items = CatalogueItems(table_name, client)
        self._claimed_by = uuid4().hex
        self._pending_after: Mapping[str, Any] = {}
        self._refused: list[str] = []

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item as of now, None where the id is unknown.

        Raises:
            UnreadableItemError: it is damaged, or a newer release wrote it.
        """
        return self._items.find(recording_id)

    def bury_erased(self, tombstone: CatalogueItem) -> None:
        """Replace an item as `CatalogueItems.bury_erased` does."""
        self._items.bury_erased(tombstone)

    def take_refused(self) -> tuple[str, ...]:
        """Return the ids of recordings that DynamoDB refuses for good, since the last call."""
        refused, self._refused = tuple(self._refused), []
        return refused

    def unlisted(self, recordings: Sequence[Recording]) -> tuple[Recording, ...]:
        """Return those that the catalogue does not have."""
        known = self._items.known([recording.recording_id for recording in recordings])
        return tuple(it for it in recordings if it.recording_id not in known)

    def add_new(self, recordings: Sequence[Recording], *, listed_at: datetime) -> int:
        """Add the recordings that are missing as PENDING; return how many were added.

        What DynamoDB refuses is left out; `take_refused` names it.
        """
        return self._write_all([self._new(recording, listed_at) for recording in recordings])

    def candidates(
        self, *, max_items: int, now: datetime
    ) -> Iterable[Candidate | UnreadableItemError]:
        """Return `max_items` PENDING items that are due, from either end, and the QUEUED items.

        At most `MAX_PENDING_READ` are read at either end, and `MAX_QUEUED_READ` QUEUED items.
        If more than that are deferred at the old end, the next call continues after them, and
        starts over after the newest. An unreadable item is returned as its error.
        """
        queued = self._items.in_state(State.QUEUED)
        found = (
            *self._due(max_items, now, forward=True),
            *self._due(max_items, now, forward=False),
            *islice((it for it, _ in queued), MAX_QUEUED_READ),
        )
        return {it.recording_id or str(it): it for it in found}.values()

    def losses(self, recording_ids: Sequence[str]) -> Mapping[str, Losses]:
        """Return how often each was lost since its last result; one that never was is left out."""
        options = {"ProjectionExpression": "recording_id, losses", "ConsistentRead": True}
        found = self._items.read(recording_ids, **options)
        return {it["recording_id"]["S"]: losses_of(it) for it in found if "losses" in it}

    def put_back(self, candidate: Candidate, losses: Losses, *, retry_at: datetime) -> None:
        """Set a lost recording PENDING; ConflictError where the candidate is out of date.

        A dead archiver's claim stays: it makes the next one look for what was left behind.
        """
        self._change_lost(
            candidate,
            "SET #state = :pending, retry_at = :retry_at, losses = :losses REMOVE queued_at",
            expression_values(pending=State.PENDING, retry_at=retry_at)
            | {":losses": fields_attribute(losses)},
        )

    def give_up(self, candidate: Candidate, losses: Losses, *, reason: str) -> None:
        """Set a lost recording FAILED; ConflictError where the candidate is out of date."""
        self._change_lost(
            candidate,
            "SET #state = :failed, reason = :reason, losses = :losses"
            " REMOVE claimed_until, claimed_by, queued_at, retry_at",
            expression_values(failed=State.FAILED, reason=reason)
            | {":losses": fields_attribute(losses)},
        )

    def _change_lost(self, candidate: Candidate, update: str, values: dict[str, Any]) -> None:
        instants = {"claimed_until": candidate.claimed_until, "queued_at": candidate.queued_at}
        conditions = (_same_or_absent(name, instant) for name, instant in instants.items())
        self._items.update(
            candidate.recording_id,
            update,
            " AND ".join(("#state = :queued", *conditions)),
            expression_values(queued=State.QUEUED, **instants) | values,
        )

    def mark_queued(self, candidates: Sequence[Candidate], *, queued_at: datetime) -> None:
        """Set QUEUED, except where a candidate is out of date; such an item stays as it is.

        A dead archiver's claim stays: it makes the next one look for what was left behind.
        """
        self._write_all([self._queued(candidate, queued_at) for candidate in candidates])

    def claim(self, item: CatalogueItem, *, now: datetime, until: datetime) -> None:
        """Claim a recording; ConflictError where another claim holds, or it is ARCHIVED or gone."""
        self._items.update(
            item.recording.recording_id,
            "SET claimed_until = :until, claimed_by = :me",
            f"NOT #state IN (:archived, :absent) AND {NOT_GONE}"
            " AND (attribute_not_exists(claimed_until)"
            " OR claimed_until < :now OR claimed_by = :me)",
            GONE_VALUES
            | expression_values(
                me=self._claimed_by,
                until=until,
                now=now,
                archived=State.ARCHIVED,
                absent=State.ABSENT,
            ),
        )

    def renew_claim(self, recording_id: str, *, until: datetime) -> None:
        """Extend our claim; ConflictError where it is lost."""
        self._items.update(
            recording_id,
            "SET claimed_until = :until",
            f"claimed_by = :me AND #state <> :archived AND {NOT_GONE}",
            GONE_VALUES
            | expression_values(until=until, me=self._claimed_by, archived=State.ARCHIVED),
        )

    def set_archived(self, recording_id: str, archived: ArchivedObject) -> None:
        """Set ARCHIVED, whatever the state was: the object is in the vault.

        ConflictError where it is erased or expired.
        """
        attributes = archived_attributes(archived)
        assignments = ", ".join(f"{name} = :{name}" for name in attributes)
        self._items.update(
            recording_id,
            f"SET #state = :archived, {assignments}"
            f" REMOVE claimed_until, claimed_by, retry_at, reason, {', '.join(ATTEMPT_ATTRIBUTES)}",
            f"attribute_exists(recording_id) AND {NOT_GONE}",
            GONE_VALUES | expression_values(archived=State.ARCHIVED) | _values(attributes),
        )

    def defer(self, item: CatalogueItem, *, retry_at: datetime, reason: str, attempts: int) -> None:
        """Set PENDING until `retry_at`; ConflictError where it has ended or another claim holds.

        The deferrals, the repeated answers and the digest are written as `item` has them.
        """
        left = _attempt_attributes(item)
        self._items.update(
            item.recording.recording_id,
            "SET #state = :pending, retry_at = :retry_at, reason = :reason, attempts = :attempts"
            f"{_assignments(left)} REMOVE claimed_until, claimed_by, queued_at, losses",
            f"NOT #state IN (:archived, :absent) AND {NOT_GONE} AND {_NO_OTHER_CLAIM}",
            GONE_VALUES
            | expression_values(
                me=self._claimed_by,
                pending=State.PENDING,
                retry_at=retry_at,
                reason=reason,
                attempts=attempts,
                archived=State.ARCHIVED,
                absent=State.ABSENT,
            )
            | _values(left),
        )

    def end(self, item: CatalogueItem, *, state: State, reason: str, attempts: int) -> None:
        """Set ABSENT or FAILED; ConflictError where it is archived or gone or another claim holds.

        The deferrals, the repeated answers and the digest are written as `item` has them.
        """
        left = _attempt_attributes(item)
        self._items.update(
            item.recording.recording_id,
            "SET #state = :state, reason = :reason, attempts = :attempts"
            f"{_assignments(left)} REMOVE claimed_until, claimed_by, queued_at, retry_at, losses",
            f"#state <> :archived AND {NOT_GONE} AND {_NO_OTHER_CLAIM}",
            GONE_VALUES
            | expression_values(
                me=self._claimed_by,
                state=state,
                reason=reason,
                attempts=attempts,
                archived=State.ARCHIVED,
            )
            | _values(left),
        )

    def _due(
        self, max_items: int, now: datetime, *, forward: bool
    ) -> Iterator[Candidate | UnreadableItemError]:
        """Yield the first `max_items` that are due, and the errors of unreadable items before them.

        The old end is read from where the last call had to stop.
        """
        after = self._pending_after if forward else {}
        if forward:
            self._pending_after = {}
        limit = min(max(max_items, MIN_ITEMS_PER_PAGE), ITEMS_PER_PAGE)
        read = self._items.in_state(State.PENDING, forward=forward, limit=limit, after=after)
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

    def _new(self, recording: Recording, listed_at: datetime) -> Write:
        return {
            "Put": {
                "TableName": self._items.table,
                "Item": new_attributes(recording, listed_at),
                "ConditionExpression": "attribute_not_exists(recording_id)",
            }
        }

    def _queued(self, candidate: Candidate, queued_at: datetime) -> Write:
        return {
            "Update": {
                "TableName": self._items.table,
                "Key": _key(candidate.recording_id),
                "UpdateExpression": "SET #state = :queued, queued_at = :queued_at",
                "ConditionExpression": "#state = :was"
                f" AND {_same_or_absent('claimed_until', candidate.claimed_until)}"
                f" AND {_same_or_absent('retry_at', candidate.retry_at)}",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": expression_values(
                    queued=State.QUEUED,
                    queued_at=queued_at,
                    was=candidate.state,
                    claimed_until=candidate.claimed_until,
                    retry_at=candidate.retry_at,
                ),
            }
        }

    def _write_all(self, writes: Sequence[Write]) -> int:
        """Do the writes whose condition holds, many in a request; return how many were done."""
        batches = range(0, len(writes), MAX_IN_TRANSACTION)
        return sum(self._write(writes[at : at + MAX_IN_TRANSACTION]) for at in batches)

    def _write(self, writes: Sequence[Write]) -> int:
        """Do the writes in one transaction, except those with a false condition or refused."""
        for _ in range(MAX_ROUNDS):
            if not writes:
                return 0
            try:
                with aws_errors("change the catalogue"):
                    self._items.client.transact_write_items(TransactItems=writes)
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
        """Do each write by itself, since DynamoDB does not say which of them it refuses."""
        if len(writes) == 1:
            self._refused.append(_id_of(writes[0]))
            return 0
        return sum(self._write([write]) for write in writes)


def _candidate_in(attributes: Attributes) -> Candidate | UnreadableItemError:
    try:
        return candidate_of(attributes)
    except UnreadableItemError as error:
        return error


def _attempt_attributes(item: CatalogueItem) -> dict[str, Any]:
    """Return what the item has of ATTEMPT_ATTRIBUTES; losses are the feed's."""
    answers = {"not_found": item.not_found, "refused": item.refused}
    return attributes_of(
        {
            "deferrals": item.deferrals or None,
            "unrecognised_sha256_hex": item.unrecognised_sha256_hex,
        }
    ) | {name: fields_attribute(answer) for name, answer in answers.items() if answer is not None}


def _tombstone_attributes(tombstone: CatalogueItem) -> dict[str, Any]:
    return new_attributes(tombstone.recording, tombstone.listed_at) | attributes_of(
        {"state": tombstone.state, "reason": tombstone.reason or ""}
    )


def _assignments(attributes: Mapping[str, Any]) -> str:
    return "".join(f", {name} = :{name}" for name in attributes)


def _values(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {f":{name}": value for name, value in attributes.items()}


def _id_of(write: Write) -> str:
    """Return the recording id of a write of a transaction."""
    (action,) = write.values()
    recording_id: str = action.get("Item", action.get("Key"))["recording_id"]["S"]
    return recording_id


def _key(recording_id: str) -> dict[str, Any]:
    return attributes_of({"recording_id": recording_id})


def _same_or_absent(name: str, instant: datetime | None) -> str:
    return f"attribute_not_exists({name})" if instant is None else f"{name} = :{name}"
