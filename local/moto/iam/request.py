"""A request to AWS as IAM looks at it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from local.cloudformation.transform import REGION
from local.moto.clients import ACCOUNT_ID

_KEY_IN = "Credential="


class UnknownOperationError(Exception):
    """It is not known here for which action of IAM the request asks; says what it was."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent: names of headers in lower case, names and values of the query unquoted."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def credential(self) -> tuple[str, str]:
        """Who sends it to whom: access key and service; two empty strings where nobody signed."""
        signed = self.query.get("X-Amz-Credential", "")
        if not signed:
            signed = self.headers.get("authorization", "").partition(_KEY_IN)[2].partition(",")[0]
        parts = signed.split("/")
        return (parts[0], parts[3]) if len(parts) > 3 else ("", "")  # noqa: PLR2004 - AWS's scope

    @property
    def session_token(self) -> str:
        """What goes with a role's access key, empty where it is not sent."""
        sent = self.query.get("X-Amz-Security-Token")
        return sent or self.headers.get("x-amz-security-token", "")

    @property
    def target(self) -> str:
        """The operation, of services that take JSON; empty of others."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What a service that takes JSON was given."""
        found: Mapping[str, Any] = json.loads(self.body or b"{}")
        return found


def query_of(text: str) -> Mapping[str, str]:
    """Return the parameters of a query; those without a value too."""
    return dict(parse_qsl(text, keep_blank_values=True))


def arn(service: str, resource: str) -> str:
    """Return the ARN of something of the stack's own account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}"
