"""The numbers that take part in calls: which recordings each leads to, newest first.

An item is a pointer: hash of the number, start and id of the recording. It is written before the
recording's own item, so one that leads nowhere is possible, and readers pass over it.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ringvault.adapters.aws_errors import aws_errors
from ringvault.adapters.catalogue_item import Attributes, text
from ringvault.adapters.dynamodb_batches import put_batches
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.phone_number import number_key, numbers_of
from ringvault.core.recording import Recording
from ringvault.core.search_parameters import Position

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class NumberIndex:
    """Adds to the index and removes from it; adding again changes nothing."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client

    def add(self, recordings: Sequence[Recording]) -> None:
        """Let the recordings be found by every number in their call."""
        pointers = [pointer for recording in recordings for pointer in _pointers(recording)]
        put_batches(self._client, self._table, pointers)

    def remove(self, recording: Recording) -> None:
        """Let the recording be found by none of them; removing again changes nothing."""
        for pointer in _pointers(recording):
            with aws_errors("remove from the number index"):
                self._client.delete_item(TableName=self._table, Key=dict(pointer))


def sort_key(position: Position) -> str:
    """Return the sort key of a pointer: in the order of start, and each recording its own."""
    return f"{format_instant(position.started_at)}#{position.recording_id}"


def position_of(pointer: Attributes) -> Position:
    """Return the start and the id of the recording that a pointer leads to."""
    started_at, _, recording_id = pointer["started_at_id"]["S"].partition("#")
    return Position(parse_instant(started_at), recording_id)


def _pointers(recording: Recording) -> Iterator[Attributes]:
    """Yield two for each number: one for who hears all, one for the extension's own listener."""
    position = text(sort_key(Position(recording.started_at, recording.recording_id)))
    for number in numbers_of(recording.call_record):
        for extension_id in {None, recording.extension_id}:
            key = number_key(number, extension_id=extension_id)
            yield {"number_key": text(key), "started_at_id": position}
