"""`GET /recordings/{id}/playback-url`: what plays, what does not, and why."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import requests

from ringvault.core.catalogue.item import State
from tests.integration.playback_api.site import AUDIO, LISTED_AT, Site, answered, event_for

ASKED_OF_S3_WITHIN_S = 10
LONG_AGO = LISTED_AT - timedelta(days=31)


def test_a_playback_url_plays(site: Site) -> None:
    """Whoever has the URL gets the audio, for as long as the answer says."""
    site.archive("77")

    answer = answered(event_for("77", "playback_url"))
    audio = requests.get(answer["body"]["url"], timeout=ASKED_OF_S3_WITHIN_S)

    assert (answer["status"], answer["headers"]["cache-control"]) == (200, "no-store")
    assert answer["body"]["contentType"] == "audio/mpeg"
    lasts = datetime.fromisoformat(answer["body"]["expiresAt"]) - datetime.now(UTC)
    assert timedelta(seconds=30) < lasts <= timedelta(seconds=60)
    assert (audio.status_code, audio.content) == (200, AUDIO)


@pytest.mark.parametrize(
    ("parameters", "disposition"),
    [
        ({}, "inline"),
        ({"disposition": "inline"}, "inline"),
        ({"disposition": "attachment"}, "attachment"),
    ],
)
def test_audio_is_played_or_saved_under_its_id(
    site: Site, parameters: dict[str, str], disposition: str
) -> None:
    """The file name holds neither a name nor a number of anybody."""
    site.archive("77")

    answer = answered(event_for("77", "playback_url", queryStringParameters=parameters))
    audio = requests.get(answer["body"]["url"], timeout=ASKED_OF_S3_WITHIN_S)

    assert audio.headers["Content-Disposition"] == f'{disposition}; filename="77.mp3"'
    assert audio.headers["Content-Type"] == "audio/mpeg"


@pytest.mark.parametrize(
    ("parameters", "at_fault"),
    [
        ({"disposition": "Inline"}, "disposition"),
        ({"disposition": ""}, "disposition"),
        ({"disposition": "inline,attachment"}, "disposition"),
        ({"download": "1"}, "download"),
    ],
)
def test_anything_else_is_refused(site: Site, parameters: dict[str, str], at_fault: str) -> None:
    """A misspelt wish is no wish for the default, and issues nothing."""
    site.archive("77")

    answer = answered(event_for("77", "playback_url", queryStringParameters=parameters))

    assert (answer["status"], answer["body"]["parameter"]) == (400, at_fault)
    assert site.audit() == []


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("name", ["recording", "playback_url", "plays"])
@pytest.mark.parametrize("recording_id", ["404", "a.b", "x" * 65, "a+b"])
def test_an_unknown_or_malformed_id_is_not_found(name: str, recording_id: str) -> None:
    """Both look the same: there is no such recording."""
    answer = answered(event_for(recording_id, name))

    assert answer["status"] == 404
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert answer["body"]["type"] == "urn:ringvault:problem:unknown-recording"


def test_what_is_not_archived_yet_is_a_conflict(site: Site) -> None:
    """The problem says the state, and when to ask again."""
    site.list_recording("77")

    answer = answered(event_for("77", "playback_url"))

    assert (answer["status"], answer["body"]["state"]) == (409, "PENDING")
    assert answer["headers"]["retry-after"] == "60"


@pytest.mark.parametrize(("state", "status"), [(State.ABSENT, 410), (State.FAILED, 409)])
def test_what_was_given_up_says_why(site: Site, state: State, status: int) -> None:
    """Gone is gone, failed is a conflict; both carry the reason, and no advice to wait."""
    site.end("77", state, "404 after 90 days")

    answer = answered(event_for("77", "playback_url"))

    assert (answer["status"], answer["body"]["state"]) == (status, state)
    assert answer["body"]["reason"] == "404 after 90 days"
    assert "retry-after" not in answer["headers"]


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_what_lies_in_cold_storage_says_how_to_restore_it(site: Site, storage_class: str) -> None:
    """The command names bucket and key, both of which a playback URL would have named."""
    object_key = site.archive("77", archived_at=LONG_AGO, StorageClass=storage_class)

    answer = answered(event_for("77", "playback_url"))

    assert (answer["status"], answer["body"]["storageClass"]) == (409, storage_class)
    assert answer["body"]["type"] == "urn:ringvault:problem:recording-in-cold-storage"
    command = answer["body"]["restoreCommand"]
    assert command.startswith(f"aws s3api restore-object --bucket {site.bucket} --key ")
    assert object_key in command
    assert site.audit() == []


@pytest.mark.parametrize("storage_class", ["STANDARD", "STANDARD_IA", "GLACIER_IR"])
def test_what_s3_serves_at_once_plays(site: Site, storage_class: str) -> None:
    """A class that costs more to read is read all the same."""
    site.archive("77", archived_at=LONG_AGO, StorageClass=storage_class)

    assert answered(event_for("77", "playback_url"))["status"] == 200


def test_what_was_restored_plays(site: Site) -> None:
    """For as long as the restored copy is there."""
    object_key = site.archive("77", archived_at=LONG_AGO, StorageClass="GLACIER")
    site.cloud.s3.restore_object(Bucket=site.bucket, Key=object_key, RestoreRequest={"Days": 7})

    assert answered(event_for("77", "playback_url"))["status"] == 200


def test_what_is_too_young_to_be_cold_is_not_looked_at(site: Site) -> None:
    """A HEAD for each URL would cost a round trip: this object is not where it was put."""
    object_key = site.archive("77")
    site.cloud.s3.delete_object(Bucket=site.bucket, Key=object_key)

    assert answered(event_for("77", "playback_url"))["status"] == 200


def test_without_a_life_cycle_nothing_is_looked_at(
    site: Site, redeploy: Callable[..., None]
) -> None:
    """0 days is an owner who says that nothing ever lies in cold storage."""
    redeploy(COLD_STORAGE_AFTER_DAYS="0")
    object_key = site.archive("77", archived_at=LONG_AGO)
    site.cloud.s3.delete_object(Bucket=site.bucket, Key=object_key)

    assert answered(event_for("77", "playback_url"))["status"] == 200
