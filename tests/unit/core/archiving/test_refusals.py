"""403s for contents: when they concern a recording, and when the permission."""

from datetime import timedelta

from ringvault.core.archiving.refusals import MAX_PAUSE, PROBE_EVERY, Refusals
from tests.support.fakes import START


def refused(*uris: str) -> Refusals:
    """Return what is known after these refusals."""
    refusals = Refusals()
    for uri in uris:
        refusals.refuse(uri)
    return refusals


def test_one_recording_is_no_reason_for_doubt() -> None:
    """However often it is refused."""
    assert not refused("a", "a", "a").is_in_doubt


def test_a_second_one_in_a_row_is() -> None:
    """Only what was served in between shows that the permission is there."""
    refusals = refused("a", "b")
    assert refusals.is_in_doubt
    refusals.serve("c")
    refusals.refuse("d")
    assert not refusals.is_in_doubt


def test_the_pause_grows_with_each_different_refusal() -> None:
    """From 30 s to 5 min."""
    names = [str(number) for number in range(2, 40)]
    pauses = [refused("0", "1", *names[:more]).pause for more in range(len(names))]

    assert pauses[:4] == [timedelta(seconds=s) for s in (30, 60, 120, 240)]
    assert set(pauses[4:]) == {MAX_PAUSE}


def test_what_was_served_is_asked_for_once_in_a_while() -> None:
    """The answer holds as long as the question is not asked again."""
    refusals = Refusals()
    assert not refusals.is_probe_due(START)
    refusals.serve("a")
    assert refusals.is_probe_due(START)
    refusals.begin_probe(START)
    assert not refusals.is_permitted(START)
    refusals.end_probe()
    last = START + PROBE_EVERY - timedelta(seconds=1)

    assert refusals.is_permitted(last)
    assert not refusals.is_probe_due(last)
    assert not refusals.is_permitted(START + PROBE_EVERY)
    assert refusals.is_probe_due(START + PROBE_EVERY)
