"""The rules of finding and playing recordings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ringvault.adapters.http_answers import (
    UNEXPECTED,
    NoSuchPathError,
    page_json,
    playback_url_json,
    problem_of,
    recording_json,
)
from ringvault.core.catalogue import ArchivedObject, CatalogueItem, State
from ringvault.core.errors import ConfigurationError, ServiceUnavailableError
from ringvault.core.playback_api import (
    CataloguePage,
    NotAListenerError,
    NotPlayableError,
    PlaybackUrl,
    Position,
    UnknownRecordingError,
    find_recording,
    may_listen,
    playback_url,
)
from ringvault.core.recording import Recording
from ringvault.core.recording_search import (
    InvalidParameterError,
    format_cursor,
    read_search,
    search_recordings,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STARTED_AT = datetime(2026, 11, 20, 9, 30, 0, 500_000, tzinfo=UTC)
ARCHIVED = ArchivedObject(
    object_key="recordings/account=1/year=2026/month=11/day=20/77.mp3",
    content_type="audio/mpeg",
    size_bytes=1234,
    sha256_hex="00" * 32,
    crc32="AAAAAA==",
    audio_duration_s=60.0,
    archived_at=NOW,
)
CALL_RECORD: dict[str, Any] = {
    "id": "call-1",
    "direction": "Inbound",
    "telephonySessionId": "s-1",
    "from": {"phoneNumber": "+15550100", "name": "Ann", "location": "Springfield"},
    "to": {"extensionNumber": "101"},
}


def recorded(state: State = State.ARCHIVED, **changes: Any) -> CatalogueItem:
    """Return recording 77, archived unless told otherwise."""
    recording = Recording(
        recording_id="77",
        account_id="1",
        content_uri="https://media.example/77",
        started_at=STARTED_AT,
        duration_s=61,
        extension_id="9",
        call_record=CALL_RECORD,
    )
    archived = ARCHIVED if state is State.ARCHIVED else None
    item = CatalogueItem(recording=recording, state=state, listed_at=NOW, archived=archived)
    return replace(item, **changes)


class FakeCatalogue:
    """Knows the items it was given, and remembers what it was asked."""

    def __init__(self, *items: CatalogueItem) -> None:
        self.items = items
        self.asked: list[str] = []
        self.search: dict[str, Any] = {}

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item with this id."""
        self.asked.append(recording_id)
        return next((i for i in self.items if i.recording.recording_id == recording_id), None)

    def newest_first(self, **search: Any) -> CataloguePage:
        """Return everything."""
        self.search = search
        return CataloguePage(items=self.items, next=None)


class FakeSigner:
    """Signs with nothing, visibly."""

    def sign(self, archived: ArchivedObject, *, file_name: str, at: datetime) -> PlaybackUrl:
        """Return a URL that shows what was signed."""
        url = f"https://vault.example/{archived.object_key}?name={file_name}"
        expires_at = at + timedelta(minutes=15)
        return PlaybackUrl(url=url, expires_at=expires_at, content_type=archived.content_type)


@pytest.mark.parametrize(
    ("claims", "allowed"),
    [
        ({"cognito:groups": "[staff ringvault-listeners-all]"}, True),
        ({"cognito:groups": "[ringvault-listeners-all]"}, True),
        ({"cognito:groups": "ringvault-listeners-all"}, True),
        ({"cognito:groups": "[staff]"}, False),
        ({"cognito:groups": "[ringvault-listeners-all-but-one]"}, False),
        ({"cognito:groups": "[not-ringvault-listeners-all]"}, False),
        ({"cognito:groups": "[]"}, False),
        ({"cognito:groups": ""}, False),
        ({"cognito:groups": 1}, False),
        ({"groups": "[ringvault-listeners-all]"}, False),
        ({}, False),
    ],
)
def test_only_members_of_the_group_may_listen(*, claims: dict[str, object], allowed: bool) -> None:
    """The configured claim must name the listeners' group whole, as an HTTP API writes arrays."""
    assert may_listen(claims, groups_claim="cognito:groups") is allowed


def test_a_recording_is_found_in_any_state() -> None:
    """What is not archived can be looked up all the same."""
    item = recorded(State.PENDING)

    assert find_recording("77", catalogue=FakeCatalogue(item)) is item


def test_an_unlisted_id_is_unknown() -> None:
    """An id that RingCentral never listed is no recording."""
    with pytest.raises(UnknownRecordingError):
        find_recording("78", catalogue=FakeCatalogue(recorded()))


@pytest.mark.parametrize("malformed", ["", "../77", "7 7", "7" * 65, "77.mp3"])
def test_a_malformed_id_is_unknown_without_a_look_up(malformed: str) -> None:
    """What cannot be an id never reaches the catalogue."""
    catalogue = FakeCatalogue(recorded())

    with pytest.raises(UnknownRecordingError):
        find_recording(malformed, catalogue=catalogue)
    assert catalogue.asked == []


def test_an_archived_recording_is_signed_under_its_id() -> None:
    """The file name is the id and the file type: no name, no number."""
    playback = playback_url("77", catalogue=FakeCatalogue(recorded()), signer=FakeSigner(), now=NOW)

    assert playback.url.endswith("?name=77.mp3")
    assert playback.expires_at == NOW + timedelta(minutes=15)


@pytest.mark.parametrize("state", [s for s in State if s is not State.ARCHIVED])
def test_what_is_not_archived_gets_no_url(state: State) -> None:
    """Every other state is refused, and says which it is."""
    catalogue = FakeCatalogue(recorded(state, reason="why"))

    with pytest.raises(NotPlayableError) as refused:
        playback_url("77", catalogue=catalogue, signer=FakeSigner(), now=NOW)
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
    catalogue = FakeCatalogue(recorded(state, retry_at=retry_at))

    with pytest.raises(NotPlayableError) as refused:
        playback_url("77", catalogue=catalogue, signer=FakeSigner(), now=NOW)
    assert refused.value.ask_again_after == ask_again_after


def test_a_search_without_parameters_is_the_last_year() -> None:
    """Without parameters: the 366 days before now, fifty at a time, from the newest."""
    search = read_search({}, now=NOW)

    assert (search.from_at, search.before_at) == (NOW - timedelta(days=366), NOW)
    assert (search.limit, search.after) == (50, None)


def test_dates_mean_whole_utc_days() -> None:
    """A date in `from` begins with its day, a date in `to` includes its day."""
    search = read_search({"from": "2026-11-01", "to": "2026-11-02"}, now=NOW)

    assert search.from_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert search.before_at == datetime(2026, 11, 3, tzinfo=UTC)


def test_instants_are_taken_as_they_stand() -> None:
    """An instant brings its zone; `to` is not included, so nothing is added to it."""
    search = read_search(
        {"from": "2026-11-01T10:00:00+02:00", "to": "2026-11-01T09:00:00.5Z"}, now=NOW
    )

    assert search.from_at == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert search.before_at == datetime(2026, 11, 1, 9, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("parameters", "at_fault"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": ""}, "from"),
        ({"from": "2026-11-01T10:00:00"}, "from"),
        ({"from": "2026-11-01T10:00:00 02:00"}, "from"),
        ({"from": "2026-02-30"}, "from"),
        ({"from": "0001-01-01T00:00:00+14:00", "to": "2026-11-01"}, "from"),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "from"),
        ({"from": "2026-11-23"}, "from"),
        ({"from": "2010-01-01", "to": "2026-11-01"}, "from"),
        ({"to": "9999-12-31"}, "to"),
        ({"to": "0001-01-01"}, "to"),
        ({"to": "tomorrow"}, "to"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1.5"}, "limit"),
        ({"limit": "1,2"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "not base64 at all"}, "cursor"),
        ({"cursor": "WyJ4IiwgIjEiXQ"}, "cursor"),
        ({"cursor": "e30"}, "cursor"),
        ({"cursor": "MQ"}, "cursor"),
        ({"cursor": "WzEsMl0"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"cursor": format_cursor(Position(NOW, "../1"))}, "cursor"),
        ({"cursor": format_cursor(Position(NOW, "1"))}, "cursor"),
        ({"cursor": format_cursor(Position(STARTED_AT, "1")), "from": "2026-11-21"}, "cursor"),
        ({"cursor": format_cursor(Position(STARTED_AT.replace(year=1999), "1"))}, "from"),
        ({"form": "2026-11-01"}, "form"),
    ],
)
def test_a_bad_parameter_is_named(parameters: dict[str, str], at_fault: str) -> None:
    """Whatever is malformed, out of bounds or misspelt is refused under its own name."""
    with pytest.raises(InvalidParameterError) as refused:
        read_search(parameters, now=NOW)
    assert refused.value.parameter == at_fault


@pytest.mark.parametrize(("text", "limit"), [("1", 1), ("100", 100)])
def test_limit_is_taken_to_its_bounds(text: str, limit: int) -> None:
    """One and a hundred are both allowed."""
    assert read_search({"limit": text}, now=NOW).limit == limit


def test_a_cursor_leads_back_to_its_position() -> None:
    """What a page ends with is where the next begins."""
    position = Position(STARTED_AT, "77")

    assert read_search({"cursor": format_cursor(position)}, now=NOW).after == position


def test_paging_goes_on_past_a_span_that_moves_with_now() -> None:
    """A cursor at the edge of the last year stays good while the year moves on."""
    edge = Position(NOW - timedelta(days=366), "77")

    search = read_search({"cursor": format_cursor(edge)}, now=NOW + timedelta(hours=1))

    assert (search.from_at, search.after) == (edge.started_at, edge)


def test_a_search_reaches_the_catalogue_whole() -> None:
    """Span, limit and position are what the parameters say."""
    catalogue = FakeCatalogue(recorded())
    parameters = {"from": "2026-11-01", "to": "2026-11-20", "limit": "7"}

    page = search_recordings(parameters, catalogue=catalogue, now=NOW)

    assert page.items == catalogue.items
    assert catalogue.search == {
        "from_at": datetime(2026, 11, 1, tzinfo=UTC),
        "before_at": datetime(2026, 11, 21, tzinfo=UTC),
        "limit": 7,
        "after": None,
    }


def test_a_recording_is_told_in_ringcentrals_words() -> None:
    """Names are RingCentral's, in camel case; of a party only who it is, not where."""
    assert recording_json(recorded()) == {
        "id": "77",
        "state": "ARCHIVED",
        "startedAt": "2026-11-20T09:30:00.500Z",
        "durationSeconds": 61,
        "direction": "Inbound",
        "from": {"phoneNumber": "+15550100", "name": "Ann"},
        "to": {"extensionNumber": "101"},
        "extensionId": "9",
        "telephonySessionId": "s-1",
        "contentType": "audio/mpeg",
        "sizeBytes": 1234,
    }


def test_what_is_not_known_is_left_out() -> None:
    """A call-log record may say next to nothing; then so do we, without nulls."""
    item = recorded(State.ABSENT, reason="gone")
    bare = replace(item.recording, call_record={}, duration_s=None, extension_id=None)

    assert recording_json(replace(item, recording=bare)) == {
        "id": "77",
        "state": "ABSENT",
        "startedAt": "2026-11-20T09:30:00.500Z",
        "reason": "gone",
    }


def test_a_page_ends_with_its_cursor_or_null() -> None:
    """The cursor is there as long as there are more."""
    position = Position(STARTED_AT, "77")

    assert page_json(CataloguePage(items=(), next=None)) == {"recordings": [], "cursor": None}
    assert page_json(CataloguePage(items=(), next=position))["cursor"] == format_cursor(position)


def test_a_playback_url_says_when_it_ends() -> None:
    """URL, expiry and content type, and nothing else."""
    playback = PlaybackUrl(url="https://x", expires_at=NOW, content_type="audio/wav")

    assert playback_url_json(playback) == {
        "url": "https://x",
        "expiresAt": "2026-11-22T12:00:00.000Z",
        "contentType": "audio/wav",
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotAListenerError(), 403),
        (NoSuchPathError(), 404),
        (UnknownRecordingError(), 404),
        (NotPlayableError(recorded(State.PENDING), ask_again_after=None), 409),
        (NotPlayableError(recorded(State.QUEUED), ask_again_after=None), 409),
        (NotPlayableError(recorded(State.FAILED), ask_again_after=None), 409),
        (NotPlayableError(recorded(State.ABSENT), ask_again_after=None), 410),
        (InvalidParameterError("limit", "must be less"), 400),
        (ServiceUnavailableError(), 503),
        (ConfigurationError(["VAULT_BUCKET is missing"]), 500),
        (KeyError("+15550100"), 500),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    """The status stands in the problem too, with a type, a title and a detail."""
    problem = problem_of(error)

    assert problem.status == status
    assert problem.as_json()["status"] == status
    assert {"type", "title", "detail"} <= problem.as_json().keys()


def test_an_unforeseen_error_tells_nothing_of_itself() -> None:
    """Nothing of the exception reaches the answer."""
    assert problem_of(RuntimeError("+15550100")) is UNEXPECTED


def test_a_problem_carries_what_a_program_needs() -> None:
    """The parameter at fault, the state and the reason are members of their own."""
    bad = problem_of(InvalidParameterError("limit", "must be less"))
    failed = NotPlayableError(recorded(State.FAILED, reason="not audio"), ask_again_after=None)

    assert bad.as_json()["parameter"] == "limit"
    assert bad.as_json()["detail"] == "limit must be less."
    assert problem_of(failed).details == {"state": "FAILED", "reason": "not audio"}


def test_waiting_is_told_in_whole_seconds() -> None:
    """Retry-After is there where waiting helps, rounded up."""
    pending, wait = recorded(State.PENDING), timedelta(seconds=60.2)

    assert problem_of(NotPlayableError(pending, ask_again_after=wait)).headers == {
        "Retry-After": "61"
    }
    assert problem_of(NotPlayableError(pending, ask_again_after=None)).headers == {}
