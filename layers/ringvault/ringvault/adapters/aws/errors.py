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

# A condition of our request is false: DynamoDB's two codes, and S3's for If-None-Match.
CONFLICTS = frozenset(
    {
        "ConditionalCheckFailedException",
        "TransactionConflictException",
        "ConditionalRequestConflict",
    }
)
# DynamoDB's code for a cancelled transaction, and its usual reason for one write.
CANCELLED = "TransactionCanceledException"
CONDITION_FAILED = "ConditionalCheckFailed"
# Its reason for one write, and its codes for a request, with an item that it never accepts: too
# large, or a number out of range.
ITEM_REFUSED = "ValidationError"
REQUEST_REFUSED = frozenset({"ValidationException", ITEM_REFUSED})
# KMS's codes for a ciphertext of another key.
OTHER_KEY = frozenset({"IncorrectKeyException", "InvalidCiphertextException"})
# S3's codes for an upload that has ended, and for a missing object or version. An answer to HEAD
# has no body, so its code is the status.
NOT_FOUND_CODES = frozenset({"NoSuchUpload", "404", "NoSuchKey", "NoSuchVersion"})
# S3's code for If-None-Match: * where the key has an object.
OBJECT_EXISTS = "PreconditionFailed"
# The stack is not as the code expects; a retry does not help, a person has to repair it.
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
        # An answer to HEAD has no body: botocore uses the status.
        "403",
        "Forbidden",
    }
)
# A KMS key that is disabled or not permitted, in the codes of each service: S3 "KMS.…", SQS "KMS.…"
# or "Kms…", DynamoDB and Lambda "KMS…Exception". A throttle or a fault of KMS is temporary.
_OF_KEY = re.compile(r"K(MS|ms)\.?(?!.*(Throttl|Internal|Timeout|Unavailable))")


class OtherKeyError(ServiceUnavailableError):
    """The ciphertext is of another key."""


class GoneError(ServiceUnavailableError):
    """The object, version or upload does not exist."""


class ItemRefusedError(ServiceUnavailableError):
    """DynamoDB refuses an item of the request for good; it does not say which."""


class CancelledError(ConflictError):
    """A transaction was cancelled; `reasons` has AWS's code for each of its writes."""

    def __init__(self, message: str, reasons: tuple[str, ...]) -> None:
        """Take the reason of each write, in the order of the writes."""
        super().__init__(message)
        self.reasons = reasons


def error_code(error: ClientError) -> str:
    """Return AWS's own name for the error."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Raise our errors for boto3's; `doing` names the call, and AWS's text is not repeated.

    Raises:
        ObjectExistsError: the key has an object already.
        ItemRefusedError: DynamoDB refuses an item for good.
        ConflictError: a condition of the call is false.
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
