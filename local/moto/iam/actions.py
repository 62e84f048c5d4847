"""The IAM actions of a request, service by service."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from local.moto.iam.dynamodb import asked_of_dynamodb
from local.moto.iam.policy import Asked
from local.moto.iam.request import Request, UnknownOperationError, arn, query_of
from local.moto.iam.s3 import asked_of_s3

_BATCHES = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
_OF_A_QUEUE = frozenset(
    {
        *("SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"),
        *("GetQueueAttributes", "SetQueueAttributes", "PurgeQueue", "DeleteQueue"),
    }
)
_OF_A_KEY = frozenset({"Encrypt", "Decrypt", "GenerateDataKey", "DescribeKey", "PutKeyPolicy"})
_OF_A_SECRET = frozenset(
    {"GetSecretValue", "PutSecretValue", "DescribeSecret", "UpdateSecret", "DeleteSecret"}
)
_OF_A_STREAM = frozenset({"CreateLogStream", "PutLogEvents", "GetLogEvents"})
_OF_A_GROUP = frozenset({"CreateLogGroup", "DeleteLogGroup", "FilterLogEvents"})
# GetCallerIdentity needs no permission.
_FREE = frozenset({"GetCallerIdentity"})


def asked_of(request: Request) -> Sequence[Asked]:
    """Return the actions of a request; none for an action that needs no permission.

    Raises:
        UnknownOperationError: the service or the operation is not known here.
    """
    _, service = request.credential
    if service not in _SERVICES:
        raise UnknownOperationError(f"service {service or 'without a name'}")
    return tuple(_SERVICES[service](request))


def _of_sqs(request: Request) -> Iterator[Asked]:
    operation = _BATCHES.get(request.target, request.target)
    _require(operation, _OF_A_QUEUE, "SQS")
    name = request.parameters["QueueUrl"].rpartition("/")[2]
    yield Asked(f"sqs:{operation}", arn("sqs", name))


def _of_kms(request: Request) -> Iterator[Asked]:
    operation, given = request.target, request.parameters
    _require(operation, _OF_A_KEY, "KMS")
    key = given.get("KeyId", "")
    if "alias/" in key or not key:
        raise UnknownOperationError(f"{operation} of KMS without a key's id or ARN")
    context = {
        f"kms:encryptioncontext:{name.lower()}": value
        for name, value in given.get("EncryptionContext", {}).items()
    }
    yield Asked(f"kms:{operation}", key if key.startswith("arn:") else _key(key), context)


def _key(key_id: str) -> str:
    return arn("kms", f"key/{key_id}")


def _of_secrets(request: Request) -> Iterator[Asked]:
    operation, secret = request.target, request.parameters.get("SecretId", "")
    _require(operation, _OF_A_SECRET, "Secrets Manager")
    if not secret.startswith("arn:"):
        raise UnknownOperationError(f"{operation} of Secrets Manager without a secret's ARN")
    yield Asked(f"secretsmanager:{operation}", secret)


def _of_logs(request: Request) -> Iterator[Asked]:
    operation, given = request.target, request.parameters
    _require(operation, _OF_A_STREAM | _OF_A_GROUP, "CloudWatch Logs")
    resource = f"log-group:{_group(given)}"
    if operation in _OF_A_STREAM:
        resource += f":log-stream:{given['logStreamName']}"
    yield Asked(f"logs:{operation}", arn("logs", resource))


def _group(given: Mapping[str, Any]) -> str:
    if "logGroupName" not in given:
        raise UnknownOperationError("CloudWatch Logs without the name of a log group")
    return str(given["logGroupName"])


def _of_sts(request: Request) -> Iterator[Asked]:
    given = query_of(request.body.decode())
    operation = given.get("Action", "")
    _require(operation, {"AssumeRole"} | _FREE, "STS")
    if operation not in _FREE:
        yield Asked(f"sts:{operation}", given.get("RoleArn", ""))


def _require(operation: str, known: frozenset[str] | set[str], service: str) -> None:
    if operation not in known:
        raise UnknownOperationError(f"{operation or 'an operation without name'} of {service}")


_SERVICES: dict[str, Callable[[Request], Iterator[Asked]]] = {
    "dynamodb": asked_of_dynamodb,
    "kms": _of_kms,
    "logs": _of_logs,
    "s3": asked_of_s3,
    "secretsmanager": _of_secrets,
    "sqs": _of_sqs,
    "sts": _of_sts,
}
