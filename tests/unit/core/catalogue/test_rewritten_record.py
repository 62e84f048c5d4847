"""What a rewritten call-log record brings."""

from dataclasses import replace
from typing import Any

from ringvault.core.catalogue.recording import Recording, followed, read_record
from tests.support.call_log_records import record

BEFORE = "2026-10-01T13:00:00.000Z"
LATER = "2026-10-01T14:00:00.000Z"


def listed(**fields: Any) -> Recording:
    """Return the recording of a record."""
    (found,) = read_record(record(**fields)).recordings
    return found


def test_the_same_record_brings_nothing() -> None:
    """Reading again changes nothing."""
    assert followed(listed(), listed()) is None


def test_a_newer_form_is_taken_over_but_for_account_and_start() -> None:
    """Duration, extension and record follow; where the audio lies stays."""
    known = listed(lastModifiedTime=BEFORE)
    newer = listed(
        lastModifiedTime=LATER, duration=999, extension={"id": 7}, startTime="2026-10-02T00:00:00Z"
    )
    taken = followed(known, newer)

    assert taken == replace(newer, started_at=known.started_at)
    assert taken is not None
    assert (taken.duration_s, taken.extension_id) == (999, "7")


def test_an_older_form_brings_nothing() -> None:
    """A page that was read before does not undo what is known since."""
    known = listed(lastModifiedTime=LATER, duration=999)

    assert followed(known, listed(lastModifiedTime=BEFORE)) is None


def test_a_form_that_does_not_say_when_is_taken_over() -> None:
    """RingCentral's answer of now counts."""
    assert followed(listed(), listed(duration=999)) is not None


def test_another_record_of_the_same_recording_brings_nothing() -> None:
    """A transfer's records name the same recording: the first keeps it."""
    assert followed(listed(), listed(id="another")) is None
