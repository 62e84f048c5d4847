"""The numbers that take part in calls: which recordings each leads to, newest first.

An item is a pointer: hash of the number, start and id of the recording. It is written before the
recording's own item, so one that leads nowhere is possible, and readers pass over it.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.dynamodb.batches import delete_batches, put_batches
from ringvault.adapters.dynamodb.item import Attributes, text, whole
from ringvault.core.catalogue.phone_number import (
    ReadNumber,
    indexed_numbers,
    number_key,
    read_north_american,
)
from ringvault.core.catalogue.recording import Recording
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.playback.search_parameters import Position

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# By which rule a pointer's key was made. 1, which no pointer names, had numbers without their
# country code.
KEY_VERSION = 2


class NumberIndex:
    """Adds to the index and removes from it; doing either again changes nothing.

    `read` reads the phone numbers of records.
    """

    def __init__(
        self,
        table_name: str,
        client: "DynamoDBClient",
        *,
        read: ReadNumber = read_north_american,
    ) -> None:
        self._table = table_name
        self._client = client
        self._read = read

    def add(self, recordings: Sequence[Recording]) -> None:
        """Let the recordings be found by the numbers in their call."""
        pointers = [
            pointer_to(recording, key)
            for recording in recordings
            for key in sorted(self.keys_of(recording))
        ]
        put_batches(self._client, self._table, pointers)

    def remove(self, recording: Recording, *, former: Iterable[str] = ()) -> None:
        """Let the recording be found by none of them, nor under the keys in `former`."""
        for key in sorted(self.keys_of(recording).union(former)):
            with aws_errors("remove from the number index"):
                self._client.delete_item(
                    TableName=self._table, Key=pointer_key(pointer_to(recording, key))
                )

    def keys_of(self, recording: Recording) -> frozenset[str]:
        """Return the keys that the recording is listed under.

        Two for each number: one for who hears all, one for the extension's own listener.
        """
        return frozenset(
            number_key(number, extension_id=extension_id)
            for number in indexed_numbers(recording, self._read)
            for extension_id in (None, recording.extension_id)
        )

    def remove_keys(self, recording: Recording, keys: Iterable[str]) -> None:
        """Let the recording no longer be listed under these keys, by the right that adds."""
        pointers = [pointer_key(pointer_to(recording, key)) for key in sorted(keys)]
        delete_batches(self._client, self._table, pointers)


def sort_key(position: Position) -> str:
    """Return the sort key of a pointer: in the order of start, and each recording its own."""
    return f"{format_instant(position.started_at)}#{position.recording_id}"


def position_of(pointer: Attributes) -> Position:
    """Return the start and the id of the recording that a pointer leads to."""
    started_at, _, recording_id = pointer["started_at_id"]["S"].partition("#")
    return Position(parse_instant(started_at), recording_id)


def pointer_to(recording: Recording, key: str) -> dict[str, dict[str, str]]:
    """Return the item that lists the recording under the key."""
    position = Position(recording.started_at, recording.recording_id)
    return {
        "number_key": text(key),
        "started_at_id": text(sort_key(position)),
        "key_version": whole(KEY_VERSION),
    }


def pointer_key(pointer: Attributes) -> dict[str, dict[str, str]]:
    """Return the key of a pointer's item."""
    return {name: pointer[name] for name in ("number_key", "started_at_id")}
