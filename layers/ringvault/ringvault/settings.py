"""What each function reads from its environment: the only module that knows variable names.

`from_environ` validates everything together and reports every fault at once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from ringvault.api.page import SignIn
from ringvault.core.errors import ConfigurationError
from ringvault.core.listing.windows import LookBacks, Reach

Environ = Mapping[str, str]
T = TypeVar("T")

# An ISO 3166 code; the template's own default.
DEFAULT_PHONE_REGION = "US"
_REGION = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class RingCentralSettings:
    """Where RingCentral is, and where its credentials and our shared state are kept."""

    server_url: str
    media_url: str
    secret_arn: str
    access_token_key_arn: str
    state_table: str


@dataclass(frozen=True, slots=True)
class ListRecordingsSettings:
    """What `list_recordings` needs."""

    ringcentral: RingCentralSettings
    catalogue_table: str
    number_index_table: str
    phone_region: str
    recording_queue_url: str
    reach: Reach

    @classmethod
    def from_environ(cls, environ: Environ) -> "ListRecordingsSettings":
        """Return the settings; raises ConfigurationError with every fault."""
        reader = _Reader(environ)
        return reader.build(
            lambda: cls(
                ringcentral=_ringcentral(reader),
                catalogue_table=reader.text("CATALOGUE_TABLE"),
                number_index_table=reader.text("NUMBER_INDEX_TABLE"),
                phone_region=reader.region("PHONE_REGION"),
                recording_queue_url=reader.url("RECORDING_QUEUE_URL"),
                reach=_reach(reader),
            )
        )


@dataclass(frozen=True, slots=True)
class ArchiveRecordingSettings:
    """What `archive_recording` needs."""

    ringcentral: RingCentralSettings
    catalogue_table: str
    vault_bucket: str
    recording_queue_url: str
    dead_letter_queue_url: str

    @classmethod
    def from_environ(cls, environ: Environ) -> "ArchiveRecordingSettings":
        """Return the settings; raises ConfigurationError with every fault."""
        reader = _Reader(environ)
        return reader.build(
            lambda: cls(
                ringcentral=_ringcentral(reader),
                catalogue_table=reader.text("CATALOGUE_TABLE"),
                vault_bucket=reader.text("VAULT_BUCKET"),
                recording_queue_url=reader.url("RECORDING_QUEUE_URL"),
                dead_letter_queue_url=reader.url("DEAD_LETTER_QUEUE_URL"),
            )
        )


@dataclass(frozen=True, slots=True)
class ReconcileArchiveSettings:
    """What `reconcile_archive` needs; a reach of None is all that RingCentral may still have."""

    ringcentral: RingCentralSettings
    catalogue_table: str
    number_index_table: str
    phone_region: str
    vault_bucket: str
    daily_reach: timedelta | None
    wide_look_back: timedelta

    @classmethod
    def from_environ(cls, environ: Environ) -> "ReconcileArchiveSettings":
        """Return the settings; raises ConfigurationError with every fault."""
        reader = _Reader(environ)
        return reader.build(
            lambda: cls(
                ringcentral=_ringcentral(reader),
                catalogue_table=reader.text("CATALOGUE_TABLE"),
                number_index_table=reader.text("NUMBER_INDEX_TABLE"),
                phone_region=reader.region("PHONE_REGION"),
                vault_bucket=reader.text("VAULT_BUCKET"),
                daily_reach=timedelta(days=reader.number("RECONCILE_DAYS", 0, 3650)) or None,
                wide_look_back=_wide_look_back(reader),
            )
        )


@dataclass(frozen=True, slots=True)
class ExpireRecordingsSettings:
    """What `expire_recordings` needs; it exists only where recordings expire."""

    catalogue_table: str
    number_index_table: str
    phone_region: str
    vault_bucket: str
    expire_after: timedelta

    @classmethod
    def from_environ(cls, environ: Environ) -> "ExpireRecordingsSettings":
        """Return the settings; raises ConfigurationError with every fault."""
        reader = _Reader(environ)
        return reader.build(
            lambda: cls(
                catalogue_table=reader.text("CATALOGUE_TABLE"),
                number_index_table=reader.text("NUMBER_INDEX_TABLE"),
                phone_region=reader.region("PHONE_REGION"),
                vault_bucket=reader.text("VAULT_BUCKET"),
                expire_after=timedelta(days=reader.number("EXPIRE_AFTER_DAYS", 1, 36_500)),
            )
        )


@dataclass(frozen=True, slots=True)
class PlaybackApiSettings:
    """What `playback_api` needs."""

    catalogue_table: str
    number_index_table: str
    phone_region: str
    vault_bucket: str
    play_table: str
    groups_claim: str
    extension_claim: str
    playback_url_lifetime: timedelta
    cold_storage_after: timedelta | None
    sign_in: SignIn

    @classmethod
    def from_environ(cls, environ: Environ) -> "PlaybackApiSettings":
        """Return the settings; raises ConfigurationError with every fault."""
        reader = _Reader(environ)
        return reader.build(
            lambda: cls(
                catalogue_table=reader.text("CATALOGUE_TABLE"),
                number_index_table=reader.text("NUMBER_INDEX_TABLE"),
                phone_region=reader.region("PHONE_REGION"),
                vault_bucket=reader.text("VAULT_BUCKET"),
                play_table=reader.text("PLAY_TABLE"),
                groups_claim=reader.text("GROUPS_CLAIM"),
                extension_claim=reader.text("EXTENSION_CLAIM"),
                playback_url_lifetime=timedelta(
                    seconds=reader.number("PLAYBACK_URL_SECONDS", 30, 3600)
                ),
                # Zero days is an owner who has no such lifecycle.
                cold_storage_after=timedelta(days=reader.number("COLD_STORAGE_AFTER_DAYS", 0, 3650))
                or None,
                sign_in=_sign_in(reader),
            )
        )


def _reach(reader: "_Reader") -> Reach:
    """Return how far back to read; 0 days for the first run are all that RingCentral keeps."""
    first_run_days = reader.number("FIRST_RUN_REACH_DAYS", 0, 3650)
    return Reach(
        first_run=timedelta(days=first_run_days) if first_run_days else None,
        look_backs=LookBacks(
            short=timedelta(minutes=reader.number("SHORT_LOOK_BACK_MINUTES", 10, 1440)),
            deep=timedelta(hours=reader.number("DEEP_LOOK_BACK_HOURS", 1, 168)),
            wide=_wide_look_back(reader),
        ),
    )


def _wide_look_back(reader: "_Reader") -> timedelta:
    return timedelta(days=reader.number("WIDE_LOOK_BACK_DAYS", 1, 90))


def _ringcentral(reader: "_Reader") -> RingCentralSettings:
    return RingCentralSettings(
        server_url=reader.url("RINGCENTRAL_SERVER_URL").rstrip("/"),
        media_url=reader.url("RINGCENTRAL_MEDIA_URL").rstrip("/"),
        secret_arn=reader.text("RINGCENTRAL_SECRET_ARN"),
        access_token_key_arn=reader.text("ACCESS_TOKEN_KEY_ARN"),
        state_table=reader.text("STATE_TABLE"),
    )


def _sign_in(reader: "_Reader") -> SignIn:
    return SignIn(
        authorization_endpoint=reader.url("SIGN_IN_AUTHORIZATION_ENDPOINT"),
        token_endpoint=reader.url("SIGN_IN_TOKEN_ENDPOINT"),
        end_session_endpoint=reader.optional_url("SIGN_IN_END_SESSION_ENDPOINT"),
        client_id=reader.text("SIGN_IN_CLIENT_ID"),
        scope=reader.text("SIGN_IN_SCOPE"),
    )


class _Reader:
    """Reads values and keeps the faults, so that they can be told together."""

    def __init__(self, environ: Environ) -> None:
        self._environ = environ
        self._faults: list[str] = []

    def build(self, make: Callable[[], T]) -> T:
        """Return what `make` builds, unless a value it read was missing or malformed."""
        made = make()
        if self._faults:
            raise ConfigurationError(self._faults)
        return made

    def text(self, name: str) -> str:
        value = self._environ.get(name, "").strip()
        if not value:
            self._faults.append(f"{name} is missing")
        return value

    def url(self, name: str) -> str:
        value = self.text(name)
        if value and not _is_http_url(value):
            self._faults.append(f"{name} is not an http(s) URL")
        return value

    def optional_url(self, name: str) -> str | None:
        return self.url(name) if self._environ.get(name) else None

    def region(self, name: str) -> str:
        value = self._environ.get(name, DEFAULT_PHONE_REGION)
        if not _REGION.fullmatch(value):
            self._faults.append(f"{name} must be a country's code of two letters, such as US")
        return value

    def number(self, name: str, minimum: int, maximum: int) -> int:
        value = self.text(name)
        if not value:
            return minimum
        if not (value.isascii() and value.isdigit() and minimum <= int(value) <= maximum):
            self._faults.append(f"{name} must be a whole number from {minimum} to {maximum}")
            return minimum
        return int(value)


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
