"""Invokes a function of the stack and waits for its result."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.core.errors import ServiceUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class InvokedFunction:
    """One function; its client has to wait as long as the function may take."""

    def __init__(self, name: str, client: "LambdaClient") -> None:
        self._name = name
        self._client = client

    def __call__(self, event: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the function's result for the event.

        Raises:
            ServiceUnavailableError: it was killed or raised an exception.
        """
        with aws_errors(f"invoke {self._name}"):
            answer = self._client.invoke(FunctionName=self._name, Payload=json.dumps(event))
            document: Mapping[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise ServiceUnavailableError(f"{self._name} ended by {document.get('errorType')}")
        return document
