"""Maps what boto3 raises to our errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from ringvault.core.errors import (
    ConfigurationError,
    ConflictError,
    ObjectExistsError,
    ServiceUnavailableError,
)

# A condition of ours did not hold: DynamoDB's two names for it, and S3's two for If-None-Match.
CONFLICTS = frozenset(
    {
        "ConditionalCheckFailedException",
        "TransactionConflictException",
        "ConditionalRequestConflict",
    }
)
# DynamoDB's answer when one write of a transaction can't be done, and its reason for most.
CANCELLED = "TransactionCanceledException"
CONDITION_FAILED = "ConditionalCheckFailed"
# Its reason, and its answer to a whole request, for an item that it takes at no time: too large, or
# a number out of range.
ITEM_REFUSED = "ValidationError"
REQUEST_REFUSED = frozenset({"ValidationException", ITEM_REFUSED})
# KMS's answers for what another key encrypted.
OTHER_KEY = frozenset({"IncorrectKeyException", "InvalidCiphertextException"})
# S3's answers for an upload that was completed or aborted already, and for an object or a version
# that is not there: to HEAD, which has no body to name it in, and to the others.
NOT_FOUND_CODES = frozenset({"NoSuchUpload", "404", "NoSuchKey", "NoSuchVersion"})
# S3's answer to If-None-Match: * where there is an object.
OBJECT_EXISTS = "PreconditionFailed"
# The stack is not what the code expects; waiting does not help, a person does.
MISCONFIGURED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "NoSuchBucket",
        "ResourceNotFoundException",
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "KMSInvalidStateException",
        "DisabledException",
        "NotFoundException",
        # Secrets Manager, where the key of the secret may not be used.
        "DecryptionFailure",
        # HEAD has no body to say it in: botocore repeats the status.
        "403",
        "Forbidden",
    }
)
# A key of KMS that is switched off or may not be used, as each service has it: S3 "KMS.…",
# SQS "KMS.…" or "Kms…", DynamoDB and Lambda "KMS…Exception". A throttle or a fault of KMS passes.
_OF_KEY = re.compile(r"K(MS|ms)\.?(?!.*(Throttl|Internal|Timeout|Unavailable))")


class OtherKeyError(ServiceUnavailableError):
    """What was to be decrypted was encrypted with another key."""


class GoneError(ServiceUnavailableError):
    """What was to be changed is no longer there."""


class ItemRefusedError(ServiceUnavailableError):
    """DynamoDB does not take an item of the request, now or later; it does not say which."""


class CancelledError(ConflictError):
    """A transaction was cancelled; `reasons` has AWS's code for each of its writes."""

    def __init__(self, message: str, reasons: tuple[str, ...]) -> None:
        """Say why, for each write in its place."""
        super().__init__(message)
        self.reasons = reasons


def error_code(error: ClientError) -> str:
    """Return AWS's own name for the error."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Raise ours for theirs; `doing` names the call, and no text of AWS's answer is repeated.

    Raises:
        ObjectExistsError: there is an object where none should have been.
        ItemRefusedError: DynamoDB does not take an item as it is.
        ConflictError: a condition of the call did not hold.
        ConfigurationError: a resource is missing or the role may not use it.
        ServiceUnavailableError: anything else, after boto3's own retries.
    """
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if code == CANCELLED:
            reasons = tuple(reason["Code"] for reason in error.response["CancellationReasons"])
            raise CancelledError(f"{doing}: {code}", reasons) from error
        if code in REQUEST_REFUSED:
            raise ItemRefusedError(f"{doing}: {code}") from error
        if code in OTHER_KEY:
            raise OtherKeyError(f"{doing}: {code}") from error
        if code in NOT_FOUND_CODES:
            raise GoneError(f"{doing}: {code}") from error
        if code == OBJECT_EXISTS:
            raise ObjectExistsError(f"{doing}: there is an object of that key") from error
        if code in CONFLICTS:
            raise ConflictError(f"{doing}: {code}") from error
        if code in MISCONFIGURED or _OF_KEY.match(code):
            fault = f"{doing}: {code}; is the stack whole and may the function's role do this?"
            raise ConfigurationError([fault]) from error
        raise ServiceUnavailableError(f"{doing}: {code}") from error
    except BotoCoreError as error:
        raise ServiceUnavailableError(f"{doing}: {type(error).__name__}") from error
