"""The simulator as a whole: an account, its API, its books, on one address."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from local.http_server import answering
from local.ringcentral.account.account import make_account
from local.ringcentral.account.options import Group, Options
from local.ringcentral.books import Books
from local.ringcentral.control import Control
from local.ringcentral.faults.faults import Fault
from local.ringcentral.faults.latency import Latency
from local.ringcentral.http.answers import Answer, Json, Request
from local.ringcentral.http.api import Api
from local.ringcentral.http.connection import Server
from local.ringcentral.http.foreign_host import ForeignHost


def utc_now() -> datetime:
    """Return the current instant in whole milliseconds, as RingCentral counts."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1_000 * 1_000)


class Simulator:
    """A simulated RingCentral that listens from its creation to the end of the `with` block.

    `clock` decides everything except latency, silence and the speed of bodies, which are real.
    `foreign_host` is the target of redirects.

    Raises:
        OSError: the port is not available.
        ValueError: fewer recordings are old enough than should be gone.
    """

    def __init__(
        self, options: Options | None = None, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.options = options or Options()
        self.account = make_account(self.options, now=clock())
        self._clock = clock
        self._server = Server(
            port=self.options.port,
            answer=self._answer,
            sent=self._sent,
            verbose=self.options.verbose,
        )
        self._latency = Latency(self.options.latency_ms, seed=self.options.seed)
        self.foreign_host = ForeignHost(self.account.available)
        self._books = Books(self.account, self.options, foreign_host=self.foreign_host)
        self._api = Api(
            options=self.options,
            account=self.account,
            books=self._books,
            foreign_url=self.foreign_host.base_url,
            clock=clock,
        )
        self._control = Control(api=self._api, books=self._books, clock=clock)
        self._answering = answering(self._server)

    def __enter__(self) -> Self:
        self.foreign_host.__enter__()
        self._answering.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._answering.__exit__(kind, error, traceback)
        self.foreign_host.__exit__(kind, error, traceback)

    @property
    def base_url(self) -> str:
        """The address of API and media, without a slash at its end."""
        return self._server.base_url

    def books(self, *, sha256: bool = True) -> Json:
        """Return the simulator's own record of recordings, requests and bytes."""
        return self._books.document(sha256=sha256, now=self._clock())

    def inject(self, *faults: Fault) -> None:
        """Replace all faults."""
        self._api.inject(faults)

    def spend(self, requests: int, *, user: str = "1", group: Group = Group.HEAVY) -> int:
        """Use up a user's quota as another program would; return how many requests were granted.

        More than the quota has left starts the penalty.
        """
        return self._api.spend(requests, user=user, group=group)

    def revoke(self, user: str) -> None:
        """Refuse a user's JWT from now on, and its tokens.

        Raises:
            ValueError: no JWT has that number.
        """
        self._api.revoke(user)

    def _answer(self, request: Request) -> Answer:
        if self._control.owns(request.path):
            return self._control.answer(request)
        self._latency.travel()
        answer = self._api.answer(request)
        self._latency.travel()
        return answer

    def _sent(self, answer: Answer, piece_bytes: int) -> None:
        if answer.recording_id is not None:
            self._books.count_content(answer.recording_id, sent_bytes=piece_bytes)
