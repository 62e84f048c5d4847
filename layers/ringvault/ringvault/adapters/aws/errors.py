"""Maps what boto3 raises to our errors."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as NoConnectionError,
)

from ringvault.core.errors import (
    AccessDeniedError,
    ConfigurationError,
    ConflictError,
    ObjectExistsError,
    RingvaultError,
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
    }
)
# The caller lacks a permission. An answer to HEAD has no body: botocore uses the status.
ACCESS_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "403", "Forbidden"})
# A KMS key that is disabled or not permitted, in the codes of each service: S3 "KMS.…", SQS "KMS.…"
# or "Kms…", DynamoDB and Lambda "KMS…Exception". A throttle or a fault of KMS is temporary.
_OF_KEY = re.compile(r"K(MS|ms)\.?(?!.*(Throttl|Internal|Timeout|Unavailable))")
# Credentials that AWS no longer takes, or never did.
_SIGN_IN_AGAIN = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_SIGN_IN = "sign in again: aws sso login"
_RIGHTS = "see docs/operations/command.md, Rights, for the permissions of each command"
_WHOLE = "ringvault doctor shows what is missing; sam deploy makes it again"
# The next step where botocore got no answer, or sent no request; the first that fits.
_HINTS: Mapping[type[BotoCoreError], str] = {
    NoCredentialsError: "sign in (aws sso login), or name a profile with --profile",
    PartialCredentialsError: "complete the credentials, or name a profile with --profile",
    ProfileNotFound: "name one of aws configure list-profiles with --profile",
    NoRegionError: "name the stack's region with --region",
    CredentialRetrievalError: _SIGN_IN,
    TokenRetrievalError: _SIGN_IN,
    SSOError: _SIGN_IN,
    NoConnectionError: "check the network; with --local, check that make run still runs",
    HTTPClientError: "check the network; with --local, check that make run still runs",
}


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
        AccessDeniedError: the caller lacks a permission.
        ConfigurationError: a resource is missing, or it can't be used as it is.
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
        raise _unexpected(doing, code) from error
    except BotoCoreError as error:
        hint = next((hint for kind, hint in _HINTS.items() if isinstance(error, kind)), "")
        raise ServiceUnavailableError(f"{doing}: {type(error).__name__}", hint=hint) from error


def _unexpected(doing: str, code: str) -> RingvaultError:
    """Return what an answer means that is no condition of ours: a person's matter, or a pause."""
    hint = _SIGN_IN if code in _SIGN_IN_AGAIN else ""
    if code in ACCESS_DENIED or (_OF_KEY.match(code) and "AccessDenied" in code):
        fault = f"{doing}: {code}; the AWS role or user lacks this permission"
        return AccessDeniedError([fault], hint=_RIGHTS)
    if code in MISCONFIGURED or _OF_KEY.match(code):
        return ConfigurationError([f"{doing}: {code}; is the stack whole?"], hint=hint or _WHOLE)
    return ServiceUnavailableError(f"{doing}: {code}", hint=hint)
