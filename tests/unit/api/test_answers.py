"""How answers look: recordings, pages and problems as JSON."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS31Validator

from local.places import ROOT
from ringvault.adapters.dynamodb.indexes import MAX_OF_A_CALL
from ringvault.api.answers import (
    UNEXPECTED,
    NoSuchPathError,
    call_json,
    page_json,
    playback_url_json,
    plays_json,
    problem_of,
    recording_json,
    whole_recording_json,
)
from ringvault.api.requests import BodyRefusedError, QueryTooLongError
from ringvault.api.search_parameters import format_cursor
from ringvault.core.catalogue.indexes import Position
from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.errors import (
    ConfigurationError,
    InvalidParameterError,
    ServiceUnavailableError,
    UnreadableItemError,
)
from ringvault.core.playback.audit import Disposition, Play, PlayNotKeptError, PlaysPage
from ringvault.core.playback.playback_url import NotPlayableError, PlaybackUrl
from ringvault.core.playback.rights import (
    NotAListenerError,
    NotForThisListenerError,
    UnknownCallError,
    UnknownRecordingError,
)
from ringvault.core.playback.search import CataloguePage
from ringvault.core.vault.cold_storage import InColdStorageError, StorageState
from tests.support.catalogued import NOW, STARTED_AT, recorded

# What an invocation may answer: 6 MB, less what status and headers take.
LAMBDA_BYTES = 6 * 1024 * 1024 - 10_000
CONTRACT = ROOT / "functions/playback_api/openapi.yaml"
_DOCUMENT: Any = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
SCHEMA = OAS31Validator({**_DOCUMENT, "$ref": "#/components/schemas/Recording"})

COLD = StorageState("vault", "key", "GLACIER", archive_status=None, restore=None)


def test_a_recording_is_told_in_ringcentrals_words() -> None:
    """Names are RingCentral's, in camel case; of a party only who it is, not where."""
    assert recording_json(recorded()) == {
        "id": "77",
        "state": "ARCHIVED",
        "startedAt": "2026-11-20T09:30:00.500Z",
        "durationSeconds": 60,
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
        (NotForThisListenerError(), 403),
        (NoSuchPathError(), 404),
        (BodyRefusedError(), 413),
        (QueryTooLongError(), 414),
        (UnknownCallError(), 404),
        (UnknownRecordingError(), 404),
        (NotPlayableError(recorded(State.PENDING), ask_again_after=None), 409),
        (NotPlayableError(recorded(State.QUEUED), ask_again_after=None), 409),
        (NotPlayableError(recorded(State.FAILED), ask_again_after=None), 409),
        (NotPlayableError(recorded(State.ABSENT), ask_again_after=None), 410),
        (InColdStorageError(COLD), 409),
        (InvalidParameterError("limit", "must be less"), 400),
        (PlayNotKeptError(), 503),
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


def test_cold_storage_says_what_to_do() -> None:
    """The command while nobody has given it, then how long to wait."""
    cold = problem_of(InColdStorageError(COLD))
    tiered = problem_of(InColdStorageError(replace(COLD, archive_status="ARCHIVE_ACCESS")))
    warming = problem_of(InColdStorageError(replace(COLD, restore='ongoing-request="true"')))

    assert cold.outcome == "recording-in-cold-storage"
    assert cold.details == {"storageClass": "GLACIER", "restoreCommand": COLD.restore_command()}
    assert cold.headers == {}
    assert tiered.details["storageClass"] == "ARCHIVE_ACCESS"
    assert "restoreCommand" not in warming.details
    assert int(warming.headers["Retry-After"]) > 0


def test_a_play_is_told_whole() -> None:
    """Who, when and until when, from where and with what, and what for."""
    play = Play(
        recording_id="77",
        user_id="ada",
        played_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        source_ip="192.0.2.1",
        user_agent="curl/8.5.0",
        disposition=Disposition.INLINE,
    )

    assert plays_json(PlaysPage((play,), None)) == {
        "plays": [
            {
                "user": "ada",
                "playedAt": "2026-11-22T12:00:00.000Z",
                "expiresAt": "2026-11-22T12:15:00.000Z",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0",
                "disposition": "inline",
            }
        ],
        "cursor": None,
    }


def longest(number: int) -> CatalogueItem:
    """Return a recording of which every text is as long as it can be, in what escapes longest."""
    party = dict.fromkeys(("name", "phoneNumber", "extensionNumber"), "\U0001f389" * 2_000)
    item = recorded(State.FAILED, reason="\U0001f389" * 50_000)
    record = {"direction": "Outbound", "from": party, "to": party}
    recording = replace(item.recording, recording_id=f"{number:064}", call_record=record)
    return replace(item, recording=recording)


def as_lambda_sends(body: object) -> int:
    """Return how many bytes an answer is at the worst: its body is a text within JSON again."""
    return len(json.dumps({"body": json.dumps(body)}))


def test_the_longest_answers_are_such_as_lambda_hands_on() -> None:
    """A page of a hundred, and a call of a thousand recordings."""
    page = CataloguePage(tuple(map(longest, range(100))), Position(NOW, "1"))
    assert as_lambda_sends(page_json(page)) < LAMBDA_BYTES
    call = call_json(map(longest, range(MAX_OF_A_CALL)))
    assert as_lambda_sends(call) < LAMBDA_BYTES
    assert len(call["recordings"]) == MAX_OF_A_CALL


def test_a_call_of_usual_length_has_its_names() -> None:
    """Nothing is left out where there is room."""
    (told,) = call_json([recorded()])["recordings"]
    assert told["from"]["name"] == "Ann"


RECORDS: list[dict[str, object]] = [
    {"from": "Ann", "to": ["Ann"]},
    {"from": 5, "to": None},
    {"from": {"name": float("nan"), "phoneNumber": 16505550100}},
    {"from": {"name": "Ann \ud83d", "extensionNumber": True}},
    {"to": {"name": {"first": "Ann"}, "phoneNumber": ["x"]}},
    {"direction": 5, "telephonySessionId": {"a": 1}},
    {"direction": "Sideways", "telephonySessionId": "s/1"},
]


@pytest.mark.parametrize("record", RECORDS)
def test_whatever_a_record_is_the_answer_is_as_promised(record: dict[str, object]) -> None:
    """Types and lengths of openapi.yaml, in JSON that every reader takes."""
    item = recorded()
    told = recording_json(replace(item, recording=replace(item.recording, call_record=record)))
    assert json.dumps(told, ensure_ascii=False, allow_nan=False).encode()
    SCHEMA.validate(told)


@pytest.mark.parametrize("item", [longest(1), recorded()], ids=["longest", "usual"])
def test_lengths_are_those_of_the_contract(item: CatalogueItem) -> None:
    """What is longer is cut."""
    SCHEMA.validate(whole_recording_json(item))


def test_a_damaged_item_is_a_fault_of_ours() -> None:
    """It is neither the caller's fault nor gone: a person has to bring it back."""
    problem = problem_of(UnreadableItemError("77", "an attribute is damaged"))
    assert (problem.status, problem.outcome) == (500, "unreadable-item")
