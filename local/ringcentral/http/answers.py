"""The simulator's answers, and its errors."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from local.ringcentral.faults.wire import Wire

Json = dict[str, object]

JSON_TYPE = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived: header names in lower case, query values in order.

    `disguise` is how the requested audio is to be served, as in `Fault`.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    disguise: str | None = None

    def first(self, name: str) -> str | None:
        """Return the first value of a query parameter, None if it is missing."""
        return self.query.get(name, [None])[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to send: `body` holds `size_bytes`, `wire` is how they travel.

    `recording_id` names the recording in it.
    """

    status: int
    body: Iterable[bytes]
    size_bytes: int
    headers: Mapping[str, str] = field(default_factory=dict)
    recording_id: str | None = None
    wire: Wire = field(default_factory=Wire)

    def with_headers(self, headers: Mapping[str, str]) -> "Answer":
        """Return the same answer with more headers; existing ones stay as they are."""
        return replace(self, headers={**headers, **self.headers})


class RefusalError(Exception):
    """Ends a request with an error; carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(status: int, document: object) -> Answer:
    """Return an answer with a JSON body."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return Answer(status, (body,), len(body), {"Content-Type": JSON_TYPE})


def error_answer(status: int, code: str, message: str, **details: str) -> Answer:
    """Return RingCentral's error envelope: the one error in the list and at the top."""
    error = {"errorCode": code, "message": message, **details}
    return json_answer(status, {**error, "errors": [error]})


def refusal(status: int, code: str, message: str, **details: str) -> RefusalError:
    """Return an exception that ends the request with RingCentral's error envelope."""
    return RefusalError(error_answer(status, code, message, **details))


def invalid_parameter(name: str, value: str) -> RefusalError:
    """Return the refusal of a parameter's value."""
    return refusal(
        400,
        "CMN-101",
        f"Parameter [{name}] value is invalid",
        parameterName=name,
        parameterValue=value,
    )


def not_found(name: str) -> RefusalError:
    """Return the refusal of an unknown id."""
    return refusal(
        404, "CMN-102", f"Resource for parameter [{name}] is not found", parameterName=name
    )
