"""Several service users: revoked, used by others, and what the books say of each."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.ringcentral.account.options import Group, Options, Quota, numbered_jwts, quotas_with
from tests.integration.local.ringcentral.client import DEADLINE_S, Client, Clock
from tests.integration.local.ringcentral.conftest import AMPLE

Start = Callable[[Options], Client]


def _two_users(limit: int = 5) -> Options:
    return Options(
        recordings=12, jwts=numbered_jwts(2), quotas=quotas_with(heavy=Quota(limit, 60, 60))
    )


def _books(client: Client) -> Any:
    return client.simulator.books(sha256=False)


def _command(client: Client, name: str, document: Any) -> requests.Response:
    url = f"{client.simulator.base_url}/simulator/{name}"
    return requests.post(url, json=document, timeout=DEADLINE_S)


def test_revoked_jwt(start: Start) -> None:
    """One user's tokens are dead and its JWT refused; the other's go on."""
    client = start(_two_users()).sign_in()
    dead = client.session.headers["Authorization"]
    client.sign_in(assertion="simulated-jwt-2")
    client.simulator.revoke("1")
    assert client.get("/call-log").status_code == 200
    refused = client.get("/call-log", headers={"Authorization": str(dead)})
    assert refused.json()["errors"][0]["errorCode"] == "OAU-213"
    response = client.mint()
    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")
    assert client.mint(assertion="simulated-jwt-2").status_code == 200


def test_other_programs_use_the_quota(start: Start) -> None:
    """What others spend is missing from Remaining, of that user alone, and throttles nobody yet."""
    client = start(_two_users()).sign_in()
    assert client.simulator.spend(3) == 3
    assert client.get("/call-log").headers["X-Rate-Limit-Remaining"] == "1"
    client.sign_in(assertion="simulated-jwt-2")
    assert client.get("/call-log").headers["X-Rate-Limit-Remaining"] == "4"
    assert client.simulator.spend(1, user="2", group=Group.LIGHT) == 1
    assert client.get("/call-recording").headers["X-Rate-Limit-Remaining"] == "48"
    users = _books(client)["users"]
    assert [users[user]["others"] for user in "12"] == [3, 1]
    assert [users[user]["requests"]["heavy"] for user in "12"] == [1, 1]


def test_others_can_spend_too_much(start: Start, clock: Clock) -> None:
    """Beyond the limit they start the penalty, and it holds for everybody."""
    client = start(_two_users()).sign_in()
    assert client.simulator.spend(6) == 5
    clock.advance(59)
    assert client.get("/call-log").status_code == 429
    clock.advance(60)
    assert client.get("/call-log").status_code == 200


def test_books_of_each_user(start: Start, clock: Clock) -> None:
    """The first refusal is no waste yet; whoever comes during the penalty wastes a request."""
    client = start(_two_users(limit=2)).sign_in()
    for _ in range(5):
        client.get("/call-log")
        clock.advance(1)
    client.sign_in(assertion="simulated-jwt-2").get("/call-recording")
    client.mint(assertion="nobody")
    books = _books(client)
    assert books["users"] == {
        "1": {
            "requests": {"auth": 1, "light": 0, "medium": 0, "heavy": 5},
            "throttled": 3,
            "wasted": 2,
            "others": 0,
        },
        "2": {
            "requests": {"auth": 1, "light": 1, "medium": 0, "heavy": 0},
            "throttled": 0,
            "wasted": 0,
            "others": 0,
        },
    }
    assert books["requests"] == {"auth": 3, "light": 1, "medium": 0, "heavy": 5}
    assert books["throttled"] == 3


def test_fault_for_one_user(client: Client) -> None:
    """A fault may be set over HTTP by kind, for one user, with fields of its own."""
    url = f"{client.simulator.base_url}/simulator/faults"
    faults = [
        {"path": "*", "kind": "unavailable-later", "user": "2"},
        {"path": "*", "kind": "unavailable-later", "user": "1", "times": 1, "retry_after_s": 9},
    ]
    assert requests.put(url, json=faults, timeout=DEADLINE_S).json() == {"faults": 2}
    response = client.get("/call-log")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "9")
    assert client.get("/call-log").status_code == 200
    assert _books(client)["faults"] == {"unavailable-later": 1}


def test_commands_over_http(start: Start) -> None:
    """Another process can spend and revoke."""
    client = start(_two_users())
    asked = {"requests": 6, "user": "2", "group": "heavy"}
    assert _command(client, "spend", asked).json() == {"granted": 5}
    assert _command(client, "spend", {"requests": 1}).json() == {"granted": 1}
    assert _command(client, "revoke", {"user": "2"}).json() == {"revoked": "2"}
    assert client.mint(assertion="simulated-jwt-2").status_code == 400


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("spend", {"requests": 1, "user": "9"}),
        ("spend", {"requests": 1, "group": "x"}),
        ("spend", {"requests": "many"}),
        ("spend", {}),
        ("revoke", {"user": "9"}),
        ("revoke", []),
    ],
)
def test_a_command_that_cannot_be(start: Start, name: str, document: Any) -> None:
    """A wrong command is 400 and says which; nothing is spent."""
    client = start(_two_users())
    response = _command(client, name, document)
    assert response.status_code == 400
    assert f"/simulator/{name}: " in response.json()["message"]
    assert [books["others"] for books in _books(client)["users"].values()] == [0, 0]


@pytest.mark.parametrize(
    "fault",
    [{"path": "*", "kind": "x"}, {"path": "*", "framing": "x"}, {"path": "*", "retry_after": "x"}],
)
def test_a_fault_that_cannot_be(client: Client, fault: dict[str, str]) -> None:
    """A kind, framing or form that is misspelt is refused when it is set."""
    url = f"{client.simulator.base_url}/simulator/faults"
    assert requests.put(url, json=[fault], timeout=DEADLINE_S).status_code == 400


def test_latency(start: Start) -> None:
    """A request is counted when its way is over; its answer then takes a way of its own."""
    client = start(Options(recordings=3, quotas=AMPLE, latency_ms=(100, 120))).sign_in()
    counted_after_s: list[float] = []

    def watch() -> None:
        while _books(client)["requests"]["light"] == 0:
            time.sleep(0.002)
        counted_after_s.append(time.monotonic() - started_s)

    watcher = threading.Thread(target=watch)
    started_s = time.monotonic()
    watcher.start()
    client.get("/call-recording")
    answered_after_s = time.monotonic() - started_s
    watcher.join(DEADLINE_S)
    assert counted_after_s[0] >= 0.1
    assert answered_after_s >= 0.2
