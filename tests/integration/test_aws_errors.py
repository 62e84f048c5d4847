"""What boto3 raises, as errors of ours."""

from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ringvault.adapters.aws.errors import (
    ACCESS_DENIED,
    CONFLICTS,
    MISCONFIGURED,
    OBJECT_EXISTS,
    aws_errors,
    error_code,
)
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.core.errors import (
    AccessDeniedError,
    ConfigurationError,
    ConflictError,
    ObjectExistsError,
    RingvaultError,
    ServiceUnavailableError,
)
from tests.support.cloud import KEY_ID, SECRET_KEY, Cloud
from tests.support.tiny_server import TinyServer, in_turn

CANARY = "canary +1 555 0100"


def descendants(kind: type[Exception]) -> Iterator[type[Exception]]:
    """Yield every class below `kind`."""
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


FOREIGN = sorted({BotoCoreError, *descendants(BotoCoreError)}, key=str)


def client_error(code: str) -> ClientError:
    """Return what boto3 raises for an error answer whose text nobody may repeat."""
    return ClientError({"Error": {"Code": code, "Message": CANARY}}, "PutItem")


def raised_for(error: Exception) -> RingvaultError:
    """Return what becomes of an error."""
    with pytest.raises(RingvaultError) as told, aws_errors("read the catalogue"):
        raise error
    return told.value


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (OBJECT_EXISTS, ObjectExistsError),
        *((code, ConflictError) for code in sorted(CONFLICTS)),
        *((code, ConfigurationError) for code in sorted(MISCONFIGURED)),
        ("KMS.DisabledException", ConfigurationError),
        ("KMS.KMSInvalidStateException", ConfigurationError),
        *((code, AccessDeniedError) for code in sorted(ACCESS_DENIED)),
        ("KmsAccessDenied", AccessDeniedError),
        ("KMSAccessDeniedException", AccessDeniedError),
        ("KMS.ThrottlingException", ServiceUnavailableError),
        ("KMSInternalException", ServiceUnavailableError),
        ("ThrottlingException", ServiceUnavailableError),
        ("InternalServerError", ServiceUnavailableError),
        ("", ServiceUnavailableError),
    ],
)
def test_an_answer_becomes_one_of_ours(code: str, kind: type[RingvaultError]) -> None:
    """AWS's code decides; the message names call and code, and repeats nothing of AWS's text."""
    error = raised_for(client_error(code))
    assert type(error) is kind
    assert "read the catalogue" in str(error)
    assert CANARY not in str(error)


@pytest.mark.parametrize("kind", FOREIGN, ids=str)
def test_every_failure_of_botocore_becomes_one_of_ours(kind: type[Exception]) -> None:
    """Whatever botocore raises instead of an answer is a service that can't be reached."""
    # Their constructors differ; what is looked at is the class alone.
    error = raised_for(kind.__new__(kind))
    assert type(error) is ServiceUnavailableError
    assert kind.__name__ in str(error)


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (botocore.exceptions.NoCredentialsError(), "sign in"),
        (botocore.exceptions.NoRegionError(), "--region"),
        (botocore.exceptions.ProfileNotFound(profile="x"), "--profile"),
        (botocore.exceptions.UnauthorizedSSOTokenError(), "sign in again"),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="x"), "network"),
        (botocore.exceptions.ConnectTimeoutError(endpoint_url="x"), "network"),
        (client_error("ExpiredToken"), "sign in again"),
        (client_error("InvalidClientTokenId"), "sign in again"),
        (client_error("AccessDeniedException"), "docs/operations/command.md, Rights"),
        (client_error("NoSuchBucket"), "ringvault doctor"),
        (client_error("InternalServerError"), ""),
    ],
    ids=lambda it: it if isinstance(it, str) else repr(it),
)
def test_the_next_step_fits_the_cause(error: Exception, hint: str) -> None:
    """A person who runs a command learns what to do about what AWS said, or nothing made up."""
    found = raised_for(error).hint

    assert hint in found
    assert bool(found) is bool(hint)


def test_every_exception_that_botocore_names_is_one_of_the_two_kinds() -> None:
    """No exception of botocore's lies outside of what is mapped."""
    named: list[Any] = list(vars(botocore.exceptions).values())
    own = [
        it
        for it in named
        if isinstance(it, type)
        and issubclass(it, Exception)
        and it.__module__ == botocore.exceptions.__name__
        and not issubclass(it, Warning)
    ]
    outside = [it for it in own if not issubclass(it, BotoCoreError | ClientError)]
    # These tell of faults in botocore's own service files, when a client is made.
    assert {it.__name__ for it in outside} <= {
        "MissingServiceIdError",
        "UndefinedModelAttributeError",
        "UnsupportedServiceProtocolsError",
    }


def test_an_answer_without_an_error_has_no_code() -> None:
    """An answer that does not say what is wrong has an empty code."""
    assert error_code(ClientError({}, "PutItem")) == ""


def test_what_is_not_aws_passes_through() -> None:
    """A fault of ours inside the block stays what it is."""
    with pytest.raises(ZeroDivisionError), aws_errors("count"):
        raise ZeroDivisionError


def test_a_missing_table_is_a_matter_for_a_person(cloud: Cloud) -> None:
    """A real answer of that kind is a configuration error."""
    with pytest.raises(ConfigurationError, match="ResourceNotFoundException"):
        CatalogueTable("none", cloud.dynamodb).find("1")


def test_a_closed_port_is_a_service_that_does_not_answer() -> None:
    """An AWS that can't be reached is transient."""
    with TinyServer(in_turn()) as gone:
        pass
    client = Session(KEY_ID, SECRET_KEY, region_name="us-east-1").client(
        "dynamodb",
        endpoint_url=gone.url,
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ServiceUnavailableError, match="EndpointConnectionError"):
        CatalogueTable("any", client).find("1")
