"""Settings are read together and every fault is named at once."""

from datetime import timedelta

import pytest

from ringvault.core.errors import ConfigurationError
from ringvault.core.listing.windows import LookBacks, Reach
from ringvault.settings import (
    ArchiveRecordingSettings,
    ListRecordingsSettings,
    PlaybackApiSettings,
)

RINGCENTRAL = {
    "RINGCENTRAL_SERVER_URL": "https://platform.ringcentral.com/",
    "RINGCENTRAL_MEDIA_URL": "https://media.ringcentral.com",
    "RINGCENTRAL_SECRET_ARN": "arn:secret",
    "ACCESS_TOKEN_KEY_ARN": "arn:key",
    "STATE_TABLE": "state",
    "CATALOGUE_TABLE": "catalogue",
    "NUMBER_INDEX_TABLE": "numbers",
    "RECORDING_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/recordings",
}

REACH = {
    "FIRST_RUN_REACH_DAYS": "90",
    "SHORT_LOOK_BACK_MINUTES": "60",
    "DEEP_LOOK_BACK_HOURS": "26",
    "WIDE_LOOK_BACK_DAYS": "7",
}


def test_without_a_first_reach_all_that_ringcentral_keeps_is_read() -> None:
    """0 days is not nothing: how much RingCentral keeps is asked of the account."""
    environ = {**RINGCENTRAL, **REACH, "FIRST_RUN_REACH_DAYS": "0"}

    assert ListRecordingsSettings.from_environ(environ).reach.first_run is None


def test_the_lister_reads_its_settings() -> None:
    """Spans become timedeltas, base URLs lose their last slash."""
    settings = ListRecordingsSettings.from_environ({**RINGCENTRAL, **REACH})

    assert settings.reach == Reach(
        timedelta(days=90),
        LookBacks(timedelta(minutes=60), timedelta(hours=26), timedelta(days=7)),
    )
    assert settings.ringcentral.server_url == "https://platform.ringcentral.com"


def test_the_archiver_reads_its_settings() -> None:
    """It needs the vault and both queues."""
    environ = {
        **RINGCENTRAL,
        "VAULT_BUCKET": "vault",
        "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/dead",
    }

    assert ArchiveRecordingSettings.from_environ(environ).vault_bucket == "vault"


def test_all_faults_are_named_in_one_error() -> None:
    """Missing, malformed and out of range together."""
    with pytest.raises(ConfigurationError) as caught:
        PlaybackApiSettings.from_environ(
            {"VAULT_BUCKET": " ", "GROUPS_CLAIM": "groups", "PLAYBACK_URL_SECONDS": "5"}
        )

    assert caught.value.faults == (
        "CATALOGUE_TABLE is missing",
        "NUMBER_INDEX_TABLE is missing",
        "VAULT_BUCKET is missing",
        "PLAY_TABLE is missing",
        "EXTENSION_CLAIM is missing",
        "PLAYBACK_URL_SECONDS must be a whole number from 30 to 3600",
        "COLD_STORAGE_AFTER_DAYS is missing",
        "SIGN_IN_AUTHORIZATION_ENDPOINT is missing",
        "SIGN_IN_TOKEN_ENDPOINT is missing",
        "SIGN_IN_CLIENT_ID is missing",
        "SIGN_IN_SCOPE is missing",
    )


@pytest.mark.parametrize("url", ["platform.ringcentral.com", "ftp://x", "https://", "https://[::1"])
def test_a_malformed_url_is_a_fault(url: str) -> None:
    """An http or https URL with a host is wanted."""
    environ = {**RINGCENTRAL, "RINGCENTRAL_MEDIA_URL": url, **REACH}

    with pytest.raises(ConfigurationError, match="RINGCENTRAL_MEDIA_URL is not an http"):
        ListRecordingsSettings.from_environ(environ)


def test_an_empty_environment_names_everything_the_lister_needs() -> None:
    """Nothing is left for a second error."""
    with pytest.raises(ConfigurationError) as caught:
        ListRecordingsSettings.from_environ({})

    assert len(caught.value.faults) == 12


def test_a_malformed_end_session_endpoint_is_a_fault() -> None:
    """It may be left out, and is a URL where it is not."""
    with pytest.raises(ConfigurationError) as caught:
        PlaybackApiSettings.from_environ({"SIGN_IN_END_SESSION_ENDPOINT": "logout"})

    assert "SIGN_IN_END_SESSION_ENDPOINT is not an http(s) URL" in caught.value.faults
