"""The simulator's own endpoints: books to read, faults to set. Loopback only, no token."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from local.ringcentral.account.options import Group
from local.ringcentral.books import Books
from local.ringcentral.faults.fault_kinds import parse_faults
from local.ringcentral.http.answers import Answer, Json, RefusalError, Request, json_answer, refusal
from local.ringcentral.http.api import Api

_ROOT = "/simulator/"
BOOKS_PATH = f"{_ROOT}books"
FAULTS_PATH = f"{_ROOT}faults"
SPEND_PATH = f"{_ROOT}spend"
REVOKE_PATH = f"{_ROOT}revoke"


class Control:
    """Answers paths that begin with `/simulator/`.

    `GET books[?sha256=true]`; `PUT faults` with a JSON list that replaces all before;
    `POST spend` with `{"requests": 3}` and `user` and `group` if they are not 1 and heavy;
    `POST revoke` with `{"user": "2"}`.
    """

    def __init__(self, *, api: Api, books: Books, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._books = books
        self._clock = clock
        self._commands: dict[tuple[str, str], Callable[[Any], Json]] = {
            ("PUT", FAULTS_PATH): self._inject,
            ("POST", SPEND_PATH): self._spend,
            ("POST", REVOKE_PATH): self._revoke,
        }

    def owns(self, path: str) -> bool:
        """Whether a path is the simulator's own."""
        return path.startswith(_ROOT)

    def answer(self, request: Request) -> Answer:
        """Return the books, or carry out the command and confirm it."""
        try:
            return json_answer(200, self._answer(request))
        except RefusalError as refused:
            return refused.answer

    def _answer(self, request: Request) -> Json:
        if (request.method, request.path) == ("GET", BOOKS_PATH):
            sha256 = request.first("sha256") == "true"
            return self._books.document(sha256=sha256, now=self._clock())
        command = self._commands.get((request.method, request.path))
        if command is None:
            known = ", ".join(f"{method} {path}" for method, path in self._commands)
            raise refusal(405, "CMN-405", f"There are GET {BOOKS_PATH}, {known}")
        try:
            return command(json.loads(request.body))
        except (ValueError, TypeError) as error:
            raise refusal(400, "CMN-101", f"{request.path}: {error}") from error

    def _inject(self, documents: Any) -> Json:  # noqa: ANN401 - JSON, judged by the parser
        faults = parse_faults(documents)
        self._api.inject(faults)
        return {"faults": len(faults)}

    def _spend(self, document: Any) -> Json:  # noqa: ANN401 - JSON, judged by its keywords
        return {"granted": self._spent(**document)}

    def _spent(self, *, requests: int, user: str = "1", group: str = "heavy") -> int:
        return self._api.spend(requests, user=user, group=Group(group))

    def _revoke(self, document: Any) -> Json:  # noqa: ANN401 - JSON, judged by its keywords
        self._revoked(**document)
        return {"revoked": document["user"]}

    def _revoked(self, *, user: str) -> None:
        self._api.revoke(user)
