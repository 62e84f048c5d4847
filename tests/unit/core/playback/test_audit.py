"""The rules of the audit of plays."""

import pytest

from ringvault.api.requests import format_plays_cursor, read_plays_cursor
from ringvault.core.errors import InvalidParameterError
from ringvault.core.playback.audit import PlaysPage, plays_of
from ringvault.core.playback.rights import NotForThisListenerError, UnknownRecordingError
from tests.support.catalogued import ALL, NINE, FakeCatalogue, FakePlays, recorded

PLAY_ID = "2026-11-22T12:00:00.000Z#0123456789abcdef"


def asked(recording_id: str = "77", /, **parameters: str) -> PlaysPage:
    """Ask for plays as somebody who hears everything."""
    return plays_of(
        recording_id,
        after=read_plays_cursor(parameters),
        listener=ALL,
        catalogue=FakeCatalogue(recorded()),
        plays=FakePlays(),
    )


@pytest.mark.parametrize("recording_id", ["77", "78"])
def test_plays_are_for_who_hears_everything(recording_id: str) -> None:
    """Whether there is such a recording is not told on the way."""
    with pytest.raises(NotForThisListenerError):
        plays_of(
            recording_id,
            after=None,
            listener=NINE,
            catalogue=FakeCatalogue(recorded()),
            plays=FakePlays(),
        )


def test_plays_of_nothing_are_unknown() -> None:
    """A slip in an id is no recording that nobody played."""
    with pytest.raises(UnknownRecordingError):
        asked("78")


def test_a_cursor_leads_back_to_its_play() -> None:
    """What a page ends with is where the next begins."""
    assert asked(cursor=format_plays_cursor(PLAY_ID)).next == PLAY_ID


@pytest.mark.parametrize("cursor", ["", "A", "é", "AAAA", format_plays_cursor("x#$"), "=" * 9])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    """It is named, and never reaches the table."""
    with pytest.raises(InvalidParameterError, match="cursor"):
        asked(cursor=cursor)


def test_only_a_cursor_is_known() -> None:
    """A misspelt parameter is named."""
    with pytest.raises(InvalidParameterError, match="limit"):
        asked(limit="1")
