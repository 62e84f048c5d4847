"""Lambda's Invoke on this machine, as boto3 calls it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from boto3.session import Session

from local.cloudformation.transform import REGION
from local.lambda_.host import Host
from local.lambda_.invocations import invoking
from ringvault.adapters.aws.functions import InvokedFunction
from ringvault.core.errors import ConfigurationError, ServiceUnavailableError
from tests.integration.local.tiny import function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_lambda import LambdaClient

CODE = """
def lambda_handler(event, context):
    return {"doubled": 2 * event["number"]}
"""


@pytest.fixture
def client(host: Host, tmp_path: Path) -> "Iterator[LambdaClient]":
    """Return Lambda, with one function in it."""
    with invoking({"Tiny": function(CODE, folder=tmp_path)}, host=host) as url:
        yield Session("x", "x", region_name=REGION).client("lambda", endpoint_url=url)


def test_a_function_is_invoked_and_waited_for(client: "LambdaClient") -> None:
    """What the handler returns comes back; the process is kept for the next."""
    invoked = InvokedFunction("Tiny", client)
    numbers: list[Any] = [21, 4]

    assert [invoked({"number": number}) for number in numbers] == [{"doubled": 42}, {"doubled": 8}]


def test_an_exception_is_told_as_lambda_tells_it(client: "LambdaClient") -> None:
    """The error's type comes back, and none of its text."""
    with pytest.raises(ServiceUnavailableError, match="Tiny ended by KeyError"):
        InvokedFunction("Tiny", client)({})


def test_a_function_that_is_not_there_is_named(client: "LambdaClient") -> None:
    """Another name is no function of the stack."""
    with pytest.raises(ConfigurationError, match="invoke Other"):
        InvokedFunction("Other", client)({})
