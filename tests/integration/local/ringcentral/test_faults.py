"""Faults on demand: decided purely, seen on the wire."""

import time

import pytest
import requests

from local.ringcentral.faults.body import cut, slowed
from local.ringcentral.faults.fault_kinds import parse_faults
from local.ringcentral.faults.faults import Arrival, Fault, strike
from tests.integration.local.ringcentral.client import DEADLINE_S, Client


def _arrival(path: str, *, user: str = "1", ranged: bool = False) -> Arrival:
    return Arrival(path=path, user=user, ranged=ranged)


def test_first_that_matches_strikes_and_is_used_up() -> None:
    """A fault for two times hits twice, then the next one that matches."""
    twice, always = Fault(path="/a/*", times=2, status=404), Fault(path="/a/b", status=500)
    faults: tuple[Fault, ...] = (twice, always)
    struck = []
    for _ in range(3):
        fault, faults = strike(faults, _arrival("/a/b"))
        assert fault
        struck.append(fault.status)
    assert struck == [404, 404, 500]
    assert strike(faults, _arrival("/c"))[0] is None


def test_a_fault_may_choose_user_and_range() -> None:
    """A fault for one user, or for ranges alone, spares all others."""
    faults = (Fault(user="2", status=500), Fault(ranged=True, status=416))
    assert [
        fault.status if fault else None
        for user in "12"
        for ranged in (False, True)
        for fault, _ in [strike(faults, _arrival("/a", user=user, ranged=ranged))]
    ] == [None, 416, 500, 500]


def test_unknown_field_is_an_error() -> None:
    """A fault that is misspelt is refused, not ignored."""
    with pytest.raises(TypeError, match="stauts"):
        parse_faults([{"path": "/", "stauts": 404}])


@pytest.mark.parametrize("after_bytes", [0, 1, 3, 4, 5, 6, 99])
def test_cut(after_bytes: int) -> None:
    """Exactly the first bytes come, wherever the pieces end."""
    pieces = (b"abc", b"def")
    assert b"".join(cut(pieces, after_bytes=after_bytes)) == b"abcdef"[:after_bytes]


def test_slowed() -> None:
    """All bytes come, and take the time that they should."""
    started_s = time.monotonic()
    assert b"".join(slowed([b"x" * 1_000] * 4, bytes_per_second=40_000)) == b"x" * 4_000
    assert time.monotonic() - started_s >= 0.1


def test_not_ready_twice(client: Client) -> None:
    """404 for two tries, then the recording; the tries spend quota."""
    recording_id = next(iter(client.simulator.account.recordings))
    client.simulator.inject(Fault(path=f"*/recording/{recording_id}/content", times=2, status=404))
    responses = [client.content(recording_id) for _ in range(3)]
    assert [response.status_code for response in responses] == [404, 404, 200]
    remaining = [int(response.headers["X-Rate-Limit-Remaining"]) for response in responses]
    assert remaining == [9_999, 9_998, 9_997]


def test_status_with_headers_over_http(client: Client) -> None:
    """Faults can be set from another process: PUT /simulator/faults."""
    url = f"{client.simulator.base_url}/simulator/faults"
    fault = {"path": "*/call-log", "times": 1, "status": 503, "headers": {"Retry-After": "7"}}
    assert requests.put(url, json=[fault], timeout=DEADLINE_S).json() == {"faults": 1}
    response = client.get("/call-log")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "7")
    assert client.get("/call-log").status_code == 200
    assert requests.put(url, json=[{"no": 1}], timeout=DEADLINE_S).status_code == 400


def test_another_limiter(client: Client) -> None:
    """A 429 on demand is that of another limiter: without a word of the quota."""
    client.simulator.inject(Fault(path="*", times=1, status=429))
    response = client.get("/call-log")
    assert response.status_code == 429
    assert not [name for name in response.headers if name.lower().startswith("x-rate-limit")]


def test_body_is_cut(client: Client) -> None:
    """The length is declared in full, the connection ends early, the next request works."""
    recording_id, recording = next(iter(client.simulator.account.recordings.items()))
    client.simulator.inject(Fault(path="*/content", times=1, cut_after_bytes=1_000))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.content(recording_id)
    assert client.content(recording_id).status_code == 200
    served = client.simulator.books(sha256=False)["contentBytesServed"]
    assert served == 1_000 + recording.audio.size_bytes


def test_books_over_http(client: Client) -> None:
    """The books need no token, and have checksums when asked."""
    url = f"{client.simulator.base_url}/simulator/books"
    client.records(view="Detailed", recordingType="All")
    plain = requests.get(url, timeout=DEADLINE_S).json()
    assert all(row["listed"] == 1 and "sha256" not in row for row in plain["recordings"])
    assert plain["tokensMinted"] == 1
    hashed = requests.get(url, params={"sha256": "true"}, timeout=DEADLINE_S).json()
    assert hashed == client.simulator.books()
    assert len({row["sha256"] for row in hashed["recordings"]}) == 60
