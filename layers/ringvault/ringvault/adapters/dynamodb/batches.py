"""Reads and writes many items of a DynamoDB table in few requests."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import ItemRefusedError, aws_errors
from ringvault.core.errors import ServiceUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# BatchGetItem's and BatchWriteItem's own limits.
MAX_KEYS = 100
MAX_PUTS = 25
# Under throttling either may leave part of a batch undone; boto3 does not retry that part.
MAX_ROUNDS = 10


def read_batches(
    client: "DynamoDBClient",
    table: str,
    keys: Sequence[Mapping[str, Any]],
    **options: Any,  # noqa: ANN401 - DynamoDB's own
) -> Iterator[Mapping[str, Any]]:
    """Yield the existing items of those keys, in any order; the keys must be unique.

    Raises:
        ServiceUnavailableError: some are still unread after a number of rounds.
    """
    for start in range(0, len(keys), MAX_KEYS):
        unread: Any = {table: {"Keys": keys[start : start + MAX_KEYS], **options}}
        for _ in range(MAX_ROUNDS):
            with aws_errors("read a batch of items"):
                answer = client.batch_get_item(RequestItems=unread)
            yield from answer["Responses"].get(table, ())
            unread = answer.get("UnprocessedKeys")
            if not unread:
                break
        else:
            raise ServiceUnavailableError(f"read a batch: throttled {MAX_ROUNDS} times in a row")


def put_batches(
    client: "DynamoDBClient", table: str, items: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """Put the items over existing ones; their keys must be unique.

    Returns the items that DynamoDB refuses for good; the others are written.

    Raises:
        ServiceUnavailableError: some are still not written after a number of rounds.
    """
    return _write_batches(client, table, [{"PutRequest": {"Item": item}} for item in items], items)


def delete_batches(client: "DynamoDBClient", table: str, keys: Sequence[Mapping[str, Any]]) -> None:
    """Delete the items of those keys, if they exist; the keys must be unique.

    Raises:
        ServiceUnavailableError: some may still exist after a number of rounds.
    """
    _write_batches(client, table, [{"DeleteRequest": {"Key": key}} for key in keys], keys)


def _write_batches(
    client: "DynamoDBClient",
    table: str,
    requests: Sequence[Mapping[str, Any]],
    items: Sequence[Mapping[str, Any]],
) -> Sequence[Mapping[str, Any]]:
    """Do the requests; return the items of those that DynamoDB refuses."""
    refused: list[Mapping[str, Any]] = []
    for start in range(0, len(requests), MAX_PUTS):
        batch = requests[start : start + MAX_PUTS]
        try:
            _write(client, table, batch)
        except ItemRefusedError:
            # DynamoDB does not name the refused item, so each is written by itself.
            written = [_write_one(client, table, request) for request in batch]
            refused += [it for it, is_in in zip(items[start:], written, strict=False) if not is_in]
    return refused


def _write_one(client: "DynamoDBClient", table: str, request: Mapping[str, Any]) -> bool:
    try:
        _write(client, table, [request])
    except ItemRefusedError:
        return False
    return True


def _write(client: "DynamoDBClient", table: str, requests: Sequence[Mapping[str, Any]]) -> None:
    unwritten: Any = {table: requests}
    for _ in range(MAX_ROUNDS):
        with aws_errors("write a batch of items"):
            answer = client.batch_write_item(RequestItems=unwritten)
        unwritten = answer.get("UnprocessedItems")
        if not unwritten:
            return
    raise ServiceUnavailableError(f"write a batch: throttled {MAX_ROUNDS} times in a row")
