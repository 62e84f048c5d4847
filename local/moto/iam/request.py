"""A request to AWS, with the parts that IAM needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from local.cloudformation.transform import REGION
from local.moto.clients import ACCOUNT_ID

_KEY_IN = "Credential="


class UnknownOperationError(Exception):
    """The IAM action of the request is unknown here; says what the request was."""


@dataclass(frozen=True, slots=True)
class Request:
    """The request as sent: header names in lower case, names and values of the query unquoted."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def credential(self) -> tuple[str, str]:
        """The access key and the service; two empty strings if the request is unsigned."""
        signed = self.query.get("X-Amz-Credential", "")
        if not signed:
            signed = self.headers.get("authorization", "").partition(_KEY_IN)[2].partition(",")[0]
        parts = signed.split("/")
        return (parts[0], parts[3]) if len(parts) > 3 else ("", "")  # noqa: PLR2004 - AWS's scope

    @property
    def session_token(self) -> str:
        """The session token of a role's access key, empty if it is not sent."""
        sent = self.query.get("X-Amz-Security-Token")
        return sent or self.headers.get("x-amz-security-token", "")

    @property
    def target(self) -> str:
        """The operation, for services that use JSON; empty for others."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON parameters of a service that uses JSON."""
        found: Mapping[str, Any] = json.loads(self.body or b"{}")
        return found


def query_of(text: str) -> Mapping[str, str]:
    """Return the parameters of a query, including those without a value."""
    return dict(parse_qsl(text, keep_blank_values=True))


def arn(service: str, resource: str) -> str:
    """Return the ARN of a resource in the stack's own account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}"
