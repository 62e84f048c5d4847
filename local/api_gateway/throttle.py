"""API Gateway's throttle: a token bucket, of which each request takes one."""

import threading
import time
from collections.abc import Callable

from local.api_gateway.gateway import Answers
from local.api_gateway.payload import Request, Response, message


class ThrottledApi:
    """An API that answers no more than `requests_per_s`, and `burst` at once after a rest."""

    def __init__(
        self,
        api: Answers,
        *,
        requests_per_s: float,
        burst: int,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._requests_per_s = requests_per_s
        self._burst = burst
        self._now_s = now_s
        self._tokens = float(burst)
        self._filled_at_s = now_s()
        self._turn = threading.Lock()

    def answer(self, request: Request) -> Response:
        """Return the API's answer, or 429 if the bucket is empty."""
        if self._take_one():
            return self._api.answer(request)
        return message(429, "Too Many Requests")

    def _take_one(self) -> bool:
        with self._turn:
            now_s = self._now_s()
            earned = (now_s - self._filled_at_s) * self._requests_per_s
            self._tokens = min(self._burst, self._tokens + earned)
            self._filled_at_s = now_s
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
