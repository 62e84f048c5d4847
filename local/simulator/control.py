"""What is not RingCentral's: the books to read, the faults to set. Loopback only, no token."""

import json
from collections.abc import Callable
from datetime import datetime

from local.simulator.answers import Answer, RefusalError, Request, json_answer, refusal
from local.simulator.api import Api
from local.simulator.books import Books
from local.simulator.faults import Fault, parse_faults

BOOKS_PATH = "/simulator/books"
FAULTS_PATH = "/simulator/faults"


class Control:
    """Answers `GET /simulator/books[?sha256=true]` and `PUT /simulator/faults`."""

    def __init__(self, *, api: Api, books: Books, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._books = books
        self._clock = clock

    def owns(self, path: str) -> bool:
        """Whether a path is the simulator's own."""
        return path in (BOOKS_PATH, FAULTS_PATH)

    def answer(self, request: Request) -> Answer:
        """Return the books, or put the faults of a JSON list in place of all before."""
        try:
            return self._answer(request)
        except RefusalError as refused:
            return refused.answer

    def _answer(self, request: Request) -> Answer:
        asked = (request.method, request.path)
        if asked == ("GET", BOOKS_PATH):
            sha256 = request.first("sha256") == "true"
            return json_answer(200, self._books.document(sha256=sha256, now=self._clock()))
        if asked == ("PUT", FAULTS_PATH):
            faults = _faults(request.body)
            self._api.inject(faults)
            return json_answer(200, {"faults": len(faults)})
        raise refusal(405, "CMN-405", "GET the books, PUT the faults")


def _faults(body: bytes) -> tuple[Fault, ...]:
    try:
        return parse_faults(json.loads(body))
    except (ValueError, TypeError) as error:
        raise refusal(400, "CMN-101", f"Faults: send a JSON list of objects: {error}") from error
