"""Faults at random: repeatable, bounded, and true to what the books say."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from local.ringcentral.account.account import make_account
from local.ringcentral.account.options import Options
from local.ringcentral.faults.chaos import Chaos, Subject, drawn
from local.ringcentral.faults.fault_kinds import KINDS, Place, Victim
from local.ringcentral.faults.faults import Arrival, Fault
from local.ringcentral.faults.strikes import Strikes
from tests.integration.local.ringcentral.client import Client, Clock
from tests.integration.local.ringcentral.conftest import AMPLE

Start = Callable[[Options], Client]
OLD = timedelta(days=3)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHOLE = Arrival(path="/content", user="1", ranged=False)
REQUEST_KINDS = {name for name, kind in KINDS.items() if kind.victim is Victim.REQUEST}
RANGED = Arrival(path="/content", user="1", ranged=True)


def _subject(name: str, *, place: Place = Place.CONTENT, age: timedelta = OLD) -> Subject:
    return Subject(name=name, place=place, age=age)


def _kinds(chaos: Chaos, arrival: Arrival = WHOLE, **subject: Any) -> Counter[str]:
    """Return what strikes 3,000 first attempts."""
    faults = (
        drawn(chaos, _subject(str(number), **subject), arrival, attempt=1)
        for number in range(3_000)
    )
    return Counter(fault.kind for fault in faults if fault)


def test_seed_subject_and_attempt_decide() -> None:
    """Asked again the answer is the same; another seed, subject or attempt has its own."""

    def story(seed: int, name: str, attempts: range) -> list[Fault | None]:
        chaos = Chaos(probability=0.5, seed=seed)
        return [drawn(chaos, _subject(name), WHOLE, attempt=attempt) for attempt in attempts]

    first = range(1, 30)
    assert story(1, "a", first) == story(1, "a", first)
    others = (story(2, "a", first), story(1, "b", first), story(1, "a", range(30, 59)))
    assert all(story(1, "a", first) != other for other in others)


def test_probability() -> None:
    """A request is struck as often as said; never and always are exact."""
    struck = {p: sum(_kinds(Chaos(probability=p)).values()) for p in (0, 0.3, 1)}
    assert struck[0] == 0
    assert struck[0.3] == pytest.approx(900, abs=100)
    assert struck[1] == 3_000


def test_weights() -> None:
    """A kind of weight 3 strikes thrice as often as one of weight 1, one of weight 0 never."""
    kinds = _kinds(Chaos(probability=1, kinds={"cut": 3, "reset": 1, "html": 0}))
    assert set(kinds) == {"cut", "reset"}
    assert kinds["cut"] / kinds["reset"] == pytest.approx(3, rel=0.2)


def test_a_kind_strikes_only_what_can_meet_it() -> None:
    """Each kind that strikes requests meets its places, range or none, and all meet something."""
    chaos = Chaos(probability=1)
    whole = set(_kinds(chaos, age=timedelta(hours=1)))
    ranged = set(_kinds(chaos, RANGED, age=timedelta(hours=1)))
    content = {name for name in REQUEST_KINDS if Place.CONTENT in KINDS[name].places}
    assert whole | ranged == content
    assert whole - ranged == {"part-unasked"}
    assert ranged - whole == {"range-ignored", "range-refused"}
    for place in (Place.CALL_LOG, Place.TOKEN):
        assert set(_kinds(chaos, place=place)) == {
            name for name in REQUEST_KINDS if place in KINDS[name].places
        }


def test_only_young_recordings_are_missing_for_a_while() -> None:
    """404 would settle an old recording, so chaos never answers that for one."""
    chaos = Chaos(probability=1, kinds={"not-found": 1, "cut": 1}, young_s=5_400)
    assert set(_kinds(chaos, age=timedelta(seconds=5_399))) == {"not-found", "cut"}
    assert set(_kinds(chaos, age=timedelta(seconds=5_400))) == {"cut"}


def test_times_are_those_of_the_test() -> None:
    """Silences and penalties last as long as chaos says, cuts fall everywhere."""
    chaos = Chaos(probability=1, retry_after_s=2, stall_s=0.5, maintenance_s=9)
    faults = [drawn(chaos, _subject(str(n)), WHOLE, attempt=1) for n in range(3_000)]
    struck = [fault for fault in faults if fault]
    assert {fault.retry_after_s for fault in struck} == {None, 2}
    assert {fault.stall_s for fault in struck} == {fault.silent_s for fault in struck} == {0, 0.5}
    assert {fault.drip_head_s for fault in struck} == {0, 0.5}
    assert {fault.drip_body_s for fault in struck} == {0, 0.5}
    assert {fault.closes_for_s for fault in struck} == {None, 9}
    cuts = [fault.cut_after_bytes for fault in struck if fault.cut_after_bytes is not None]
    assert len(set(cuts)) > len(cuts) * 0.9
    assert max(cuts) < 30_000


@pytest.mark.parametrize(
    ("changes", "message"), [({"probability": 1.5}, "0 to 1"), ({"kinds": {"x": 1}}, "'?x'?")]
)
def test_chaos_that_cannot_be(changes: dict[str, Any], message: str) -> None:
    """A probability beyond 1 and an unknown kind are refused."""
    with pytest.raises(ValueError, match=message):
        Chaos(**{"probability": 0.5, **changes})


def test_a_recording_is_spared_in_the_end() -> None:
    """After so many strikes a recording is left in peace; call log and tokens never are."""
    strikes = Strikes(Chaos(probability=1, max_per_recording=4))
    one, other = _subject("1"), _subject("2")
    faults = [strikes.next_fault(WHOLE, one, now=NOW) for _ in range(10)]
    assert [fault is not None for fault in faults] == [True] * 4 + [False] * 6
    assert strikes.next_fault(WHOLE, other, now=NOW)
    log = _subject("call-log", place=Place.CALL_LOG)
    assert all(strikes.next_fault(WHOLE, log, now=NOW) for _ in range(10))


def test_faults_that_were_set_come_first() -> None:
    """Chaos strikes what no fault was set for."""
    strikes = Strikes(Chaos(probability=1, kinds={"cut": 1}))
    strikes.set_faults((Fault(kind="mine", times=1),))
    faults = [strikes.next_fault(WHOLE, _subject("1"), now=NOW) for _ in range(2)]
    assert [fault.kind if fault else None for fault in faults] == ["mine", "cut"]


QUICK = dict.fromkeys(("cut", "reset", "unanswered", "chunked-cut", "html", "unavailable"), 1.0)


def _chaotic_options(seed: int) -> Options:
    chaos = Chaos(probability=0.6, seed=seed, kinds=QUICK, max_per_recording=3)
    return Options(recordings=24, quotas=AMPLE, chaos=chaos, gone=5)


def _tries(client: Client, recording_id: str) -> list[str]:
    """Return what each try came to, up to the whole recording or a 404."""
    outcomes: list[str] = []
    while outcomes[-1:] not in (["whole"], ["404"]):
        outcomes.append(_try(client, recording_id))
    return outcomes


def _try(client: Client, recording_id: str) -> str:
    try:
        response = client.content(recording_id)
    except requests.RequestException:
        return "broken"
    is_audio = response.headers["Content-Type"].startswith("audio/")
    return "whole" if is_audio else str(response.status_code)


def _story(start: Start, seed: int) -> dict[str, list[str]]:
    client = _signed_in(start(_chaotic_options(seed)))
    return {name: _tries(client, name) for name in client.simulator.account.recordings}


def _signed_in(client: Client) -> Client:
    while (response := _mint(client)) is None or response.status_code != 200:
        pass
    token = response.json()["access_token"]
    client.session.headers["Authorization"] = f"Bearer {token}"
    return client


def _mint(client: Client) -> requests.Response | None:
    try:
        return client.mint()
    except requests.RequestException:
        return None


def test_everything_can_be_had_but_what_is_gone(start: Start, clock: Clock) -> None:
    """Each recording comes whole after at most three strikes, each gone one is 404 for good."""
    client = _signed_in(start(_chaotic_options(7)))
    books: Any = client.simulator.books(sha256=False)
    gone = {row["id"] for row in books["recordings"] if row["gone"]}
    assert len(gone) == 5
    assert gone == client.simulator.account.gone
    assert not any(row["available"] for row in books["recordings"] if row["gone"])
    stories = {name: _tries(client, name) for name in client.simulator.account.recordings}
    assert {name for name, tries in stories.items() if tries[-1] == "404"} == gone
    assert max(len(tries) for tries in stories.values()) == 4
    calls = client.simulator.account.call_of
    assert all(clock.now - calls[name].ended_at > timedelta(hours=3) for name in gone)


def test_what_is_gone_is_gone_elsewhere_too(start: Start) -> None:
    """A redirect of a gone recording leads to a 404 as well, and never to its audio."""
    kinds = dict.fromkeys(("redirect", "redirect-307", "redirect-three"), 1.0)
    chaos = Chaos(probability=1, kinds=kinds, max_per_recording=3)
    client = start(Options(recordings=24, quotas=AMPLE, chaos=chaos, gone=5)).sign_in()
    there = client.simulator.account.recordings.keys() - client.simulator.account.gone
    assert {_try(client, name) for name in there} == {"whole"}
    assert {_try(client, name) for name in client.simulator.account.gone} == {"404"}
    assert len(client.simulator.foreign_host.seen) > 24


def test_the_same_seed_tells_the_same_story(start: Start) -> None:
    """Two runs of a seed are struck alike, over real sockets; another seed is another story."""
    assert _story(start, 7) == _story(start, 7) != _story(start, 8)


def test_no_more_can_be_gone_than_is_old(clock: Clock) -> None:
    """Asking for too many is an error that says how many there are."""
    with pytest.raises(ValueError, match="4 recordings can't be gone: 2 are old enough"):
        make_account(Options(recordings=3, days=1, gone=4), now=clock.now)
