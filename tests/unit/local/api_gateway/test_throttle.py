"""The gateway's throttle, with a clock that the test sets."""

from local.api_gateway.payload import Request, Response
from local.api_gateway.throttle import ThrottledApi

REQUEST = Request(method="GET", target="/", headers={}, body=b"", source_ip="127.0.0.1")


class Answering:
    """An API that answers all it is asked."""

    def answer(self, request: Request) -> Response:
        """Return 200."""
        return Response(200, [], request.body)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def statuses(api: ThrottledApi, times: int) -> list[int]:
    """Return the statuses of so many requests at once."""
    return [api.answer(REQUEST).status for _ in range(times)]


def test_a_burst_is_answered_and_no_more() -> None:
    """After a rest as many as the burst, then 429 until time has passed."""
    api = ThrottledApi(Answering(), requests_per_s=2, burst=3, now_s=Clock())

    assert statuses(api, 5) == [200, 200, 200, 429, 429]


def test_the_rate_goes_on() -> None:
    """A second earns the rate, and a long rest no more than the burst."""
    clock = Clock()
    api = ThrottledApi(Answering(), requests_per_s=2, burst=3, now_s=clock)
    statuses(api, 3)

    clock.now_s += 1
    assert statuses(api, 3) == [200, 200, 429]
    clock.now_s += 3600
    assert statuses(api, 4) == [200, 200, 200, 429]
