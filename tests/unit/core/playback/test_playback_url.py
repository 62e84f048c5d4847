"""The rules of issuing playback URLs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ringvault.api.requests import read_disposition
from ringvault.core.catalogue.item import GONE_STATES, State
from ringvault.core.errors import InvalidParameterError
from ringvault.core.playback.audit import Caller, PlayNotKeptError
from ringvault.core.playback.playback_url import NotPlayableError, PlaybackUrl, PlaybackUrls
from ringvault.core.playback.rights import UnknownRecordingError
from ringvault.core.vault.cold_storage import InColdStorageError, StorageState
from tests.support.catalogued import (
    ARCHIVED,
    EIGHT,
    NINE,
    NOW,
    FakeAudio,
    FakeCatalogue,
    FakePlays,
    recorded,
)

CALLER = Caller(NINE, source_ip="192.0.2.1", user_agent="curl/8.5.0")
COLD = StorageState("vault", ARCHIVED.object_key, "GLACIER", archive_status=None, restore=None)
MONTH = timedelta(days=30)


def issued(
    *,
    catalogue: FakeCatalogue | None = None,
    audio: FakeAudio | None = None,
    plays: FakePlays | None = None,
    cold_after: timedelta | None = None,
    caller: Caller = CALLER,
    parameters: Mapping[str, str] | None = None,
) -> PlaybackUrl:
    """Ask for a URL of recording 77."""
    urls = PlaybackUrls(
        catalogue=catalogue or FakeCatalogue(recorded()),
        audio=audio or FakeAudio(),
        plays=plays or FakePlays(),
        cold_after=cold_after,
    )
    return urls.issue("77", disposition=read_disposition(parameters or {}), caller=caller, now=NOW)


def test_an_archived_recording_is_signed_under_its_id() -> None:
    """The file name is the id and the file type: no name, no number."""
    playback = issued()

    assert playback.url.endswith("?name=77.mp3&inline")
    assert playback.expires_at == NOW + timedelta(minutes=15)


def test_a_url_is_issued_with_its_play() -> None:
    """Exactly one, with all that the audit asks for."""
    plays = FakePlays()

    playback = issued(plays=plays, parameters={"disposition": "attachment"})

    (play,) = plays.kept
    assert (play.recording_id, play.user_id, play.disposition) == ("77", "nina", "attachment")
    assert (play.source_ip, play.user_agent) == ("192.0.2.1", "curl/8.5.0")
    assert (play.played_at, play.expires_at) == (NOW, playback.expires_at)


def test_what_is_not_kept_is_not_issued() -> None:
    """The error says why, and nothing of the URL."""
    with pytest.raises(PlayNotKeptError, match="Throttled") as refused:
        issued(plays=FakePlays(broken=True))
    assert "vault.example" not in str(refused.value)


@pytest.mark.parametrize("parameters", [{"disposition": "INLINE"}, {"disposition": ""}, {"x": "1"}])
def test_only_two_dispositions_are_known(parameters: dict[str, str]) -> None:
    """Anything else is refused, and leaves no play."""
    plays = FakePlays()

    with pytest.raises(InvalidParameterError):
        issued(plays=plays, parameters=parameters)
    assert plays.kept == []


def test_another_extensions_recording_is_unknown() -> None:
    """Nothing of it is signed or kept."""
    plays = FakePlays()

    with pytest.raises(UnknownRecordingError):
        issued(plays=plays, caller=replace(CALLER, listener=EIGHT))
    assert plays.kept == []


@pytest.mark.parametrize("state", sorted(GONE_STATES))
def test_what_was_erased_is_unknown(state: State) -> None:
    """Nobody learns that there was a recording, nor plays what is not yet deleted."""
    plays = FakePlays()

    with pytest.raises(UnknownRecordingError):
        issued(plays=plays, catalogue=FakeCatalogue(recorded(state)))
    assert plays.kept == []


@pytest.mark.parametrize("state", sorted(set(State) - GONE_STATES - {State.ARCHIVED}))
def test_what_is_not_archived_gets_no_url(state: State) -> None:
    """Every other state is refused, and says which it is."""
    with pytest.raises(NotPlayableError) as refused:
        issued(catalogue=FakeCatalogue(recorded(state, reason="why")))
    assert (refused.value.state, refused.value.reason) == (state, "why")


@pytest.mark.parametrize(
    ("state", "retry_at", "ask_again_after"),
    [
        (State.PENDING, None, timedelta(minutes=1)),
        (State.QUEUED, None, timedelta(minutes=1)),
        (State.PENDING, NOW - timedelta(hours=1), timedelta(minutes=1)),
        (State.PENDING, NOW + timedelta(hours=1), timedelta(hours=1)),
        (State.ABSENT, None, None),
        (State.FAILED, None, None),
    ],
)
def test_waiting_is_advised_only_where_it_helps(
    state: State, retry_at: datetime | None, ask_again_after: timedelta | None
) -> None:
    """What will be tried again says when, a minute at least; what will not says nothing."""
    with pytest.raises(NotPlayableError) as refused:
        issued(catalogue=FakeCatalogue(recorded(state, retry_at=retry_at)))
    assert refused.value.ask_again_after == ask_again_after


@pytest.mark.parametrize(
    ("age", "cold_after", "is_refused"),
    [
        (timedelta(days=29), MONTH, False),
        (timedelta(days=30), MONTH, True),
        (timedelta(days=3000), None, False),
    ],
)
def test_only_what_may_be_cold_is_looked_at(
    *, age: timedelta, cold_after: timedelta | None, is_refused: bool
) -> None:
    """A HEAD for each URL would be a round trip for nothing."""
    item = recorded(archived=replace(ARCHIVED, archived_at=NOW - age))
    plays = FakePlays()
    ask: dict[str, Any] = {"catalogue": FakeCatalogue(item), "cold_after": cold_after}
    audio = FakeAudio(COLD if is_refused else None)

    if is_refused:
        with pytest.raises(InColdStorageError):
            issued(audio=audio, plays=plays, **ask)
    else:
        issued(audio=audio, plays=plays, **ask)
    assert len(plays.kept) == (not is_refused)


@pytest.mark.parametrize(
    ("storage_class", "archive_status", "restore", "can_be_read", "is_being_restored"),
    [
        ("STANDARD", None, None, True, False),
        ("GLACIER_IR", None, None, True, False),
        ("INTELLIGENT_TIERING", None, None, True, False),
        ("GLACIER", None, None, False, False),
        ("DEEP_ARCHIVE", None, None, False, False),
        ("INTELLIGENT_TIERING", "ARCHIVE_ACCESS", None, False, False),
        ("INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS", None, False, False),
        ("GLACIER", None, 'ongoing-request="true"', False, True),
        ("INTELLIGENT_TIERING", "ARCHIVE_ACCESS", 'ongoing-request="true"', False, True),
        ("GLACIER", None, 'ongoing-request="false", expiry-date="Fri, 01 Jan"', True, False),
    ],
)
def test_what_s3_says_of_storage_is_understood(
    *,
    storage_class: str,
    archive_status: str | None,
    restore: str | None,
    can_be_read: bool,
    is_being_restored: bool,
) -> None:
    """Three cold ways of storing, each of which can be restored, or be on its way back."""
    stored = StorageState("vault", "key", storage_class, archive_status, restore)

    assert (stored.can_be_read, stored.is_being_restored) == (can_be_read, is_being_restored)


def test_a_restore_command_can_be_run_as_it_is() -> None:
    """Quoted for a shell; Intelligent-Tiering takes no number of days."""
    tiered = replace(COLD, storage_class="INTELLIGENT_TIERING", archive_status="ARCHIVE_ACCESS")

    assert COLD.restore_command() == (
        "aws s3api restore-object --bucket vault"
        " --key recordings/account=1/year=2026/month=11/day=20/77.mp3"
        """ --restore-request '{"Days": 7, "GlacierJobParameters": {"Tier": "Standard"}}'"""
    )
    assert "Days" not in tiered.restore_command()
