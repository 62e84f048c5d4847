"""What each function reads from its environment: the only module that knows variable names.

A field is declared with its variable, and `from_environ` reads all of a class at once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from ringvault.api.page import SignIn
from ringvault.core.errors import ConfigurationError
from ringvault.core.listing.windows import LookBacks, Reach

Environ = Mapping[str, str]
S = TypeVar("S", bound="_Settings")

# An ISO 3166 code; the template's own default.
DEFAULT_PHONE_REGION = "US"
_REGION = re.compile(r"[A-Z]{2}")


class _Settings:
    """What a dataclass of fields that are declared by `_read` inherits."""

    __slots__ = ()

    @classmethod
    def from_environ(cls, environ: Environ) -> Self:
        """Return the settings.

        Raises:
            ConfigurationError: a variable is missing or malformed; has every fault.
        """
        reader = _Reader(environ)
        read = cls.read(reader)
        if reader.faults:
            raise ConfigurationError(reader.faults)
        return read

    @classmethod
    def read(cls, reader: "_Reader") -> Self:
        """Return the values that `reader` reads; it collects missing and malformed variables."""
        declared = fields(cls)  # type: ignore[arg-type]  # only dataclasses inherit
        return cls(**{it.name: it.metadata["read"](reader) for it in declared})


def _read(read: Callable[["_Reader"], object]) -> Any:  # noqa: ANN401 - the field says the type
    """Declare a field by how it is read."""
    return field(metadata={"read": read})


def _text(name: str) -> Any:  # noqa: ANN401 - as `_read`
    return _read(lambda reader: reader.text(name))


def _url(name: str) -> Any:  # noqa: ANN401 - as `_read`
    return _read(lambda reader: reader.url(name))


def _base_url(name: str) -> Any:  # noqa: ANN401 - as `_read`
    return _read(lambda reader: reader.url(name).rstrip("/"))


def _days(name: str, minimum: int, maximum: int) -> Any:  # noqa: ANN401 - as `_read`
    return _read(lambda reader: timedelta(days=reader.number(name, minimum, maximum)))


def _days_or_none(name: str, maximum: int) -> Any:  # noqa: ANN401 - as `_read`
    """Declare a number of days of which 0 is None."""
    return _read(lambda reader: timedelta(days=reader.number(name, 0, maximum)) or None)


def _region() -> Any:  # noqa: ANN401 - as `_read`
    return _read(lambda reader: reader.region("PHONE_REGION"))


def _reach(reader: "_Reader") -> Reach:
    """Return how far back to read; 0 days for the first run are all that RingCentral keeps."""
    first_run_days = reader.number("FIRST_RUN_REACH_DAYS", 0, 3650)
    return Reach(
        first_run=timedelta(days=first_run_days) if first_run_days else None,
        look_backs=LookBacks(
            short=timedelta(minutes=reader.number("SHORT_LOOK_BACK_MINUTES", 10, 1440)),
            deep=timedelta(hours=reader.number("DEEP_LOOK_BACK_HOURS", 1, 168)),
            wide=timedelta(days=reader.number("WIDE_LOOK_BACK_DAYS", 1, 90)),
        ),
    )


def _sign_in(reader: "_Reader") -> SignIn:
    return SignIn(
        authorization_endpoint=reader.url("SIGN_IN_AUTHORIZATION_ENDPOINT"),
        token_endpoint=reader.url("SIGN_IN_TOKEN_ENDPOINT"),
        end_session_endpoint=reader.optional_url("SIGN_IN_END_SESSION_ENDPOINT"),
        client_id=reader.text("SIGN_IN_CLIENT_ID"),
        scope=reader.text("SIGN_IN_SCOPE"),
    )


@dataclass(frozen=True, slots=True)
class RingCentralSettings(_Settings):
    """Where RingCentral is, and where its credentials and our shared state are kept."""

    server_url: str = _base_url("RINGCENTRAL_SERVER_URL")
    media_url: str = _base_url("RINGCENTRAL_MEDIA_URL")
    secret_arn: str = _text("RINGCENTRAL_SECRET_ARN")
    access_token_key_arn: str = _text("ACCESS_TOKEN_KEY_ARN")
    state_table: str = _text("STATE_TABLE")


@dataclass(frozen=True, slots=True)
class ListRecordingsSettings(_Settings):
    """What `list_recordings` needs."""

    ringcentral: RingCentralSettings = _read(RingCentralSettings.read)
    catalogue_table: str = _text("CATALOGUE_TABLE")
    number_index_table: str = _text("NUMBER_INDEX_TABLE")
    phone_region: str = _region()
    recording_queue_url: str = _url("RECORDING_QUEUE_URL")
    reach: Reach = _read(_reach)


@dataclass(frozen=True, slots=True)
class ArchiveRecordingSettings(_Settings):
    """What `archive_recording` needs."""

    ringcentral: RingCentralSettings = _read(RingCentralSettings.read)
    catalogue_table: str = _text("CATALOGUE_TABLE")
    vault_bucket: str = _text("VAULT_BUCKET")
    recording_queue_url: str = _url("RECORDING_QUEUE_URL")
    dead_letter_queue_url: str = _url("DEAD_LETTER_QUEUE_URL")


@dataclass(frozen=True, slots=True)
class ReconcileArchiveSettings(_Settings):
    """What `reconcile_archive` needs; a reach of None is all that RingCentral may still have."""

    ringcentral: RingCentralSettings = _read(RingCentralSettings.read)
    catalogue_table: str = _text("CATALOGUE_TABLE")
    number_index_table: str = _text("NUMBER_INDEX_TABLE")
    phone_region: str = _region()
    vault_bucket: str = _text("VAULT_BUCKET")
    daily_reach: timedelta | None = _days_or_none("RECONCILE_DAYS", 3650)
    wide_look_back: timedelta = _days("WIDE_LOOK_BACK_DAYS", 1, 90)


@dataclass(frozen=True, slots=True)
class ExpireRecordingsSettings(_Settings):
    """What `expire_recordings` needs; it exists only where recordings expire."""

    catalogue_table: str = _text("CATALOGUE_TABLE")
    number_index_table: str = _text("NUMBER_INDEX_TABLE")
    phone_region: str = _region()
    vault_bucket: str = _text("VAULT_BUCKET")
    expire_after: timedelta = _days("EXPIRE_AFTER_DAYS", 1, 36_500)


@dataclass(frozen=True, slots=True)
class PlaybackApiSettings(_Settings):
    """What `playback_api` needs; `cold_storage_after` None is an owner without such a rule."""

    catalogue_table: str = _text("CATALOGUE_TABLE")
    number_index_table: str = _text("NUMBER_INDEX_TABLE")
    phone_region: str = _region()
    vault_bucket: str = _text("VAULT_BUCKET")
    play_table: str = _text("PLAY_TABLE")
    groups_claim: str = _text("GROUPS_CLAIM")
    extension_claim: str = _text("EXTENSION_CLAIM")
    playback_url_lifetime: timedelta = _read(
        lambda reader: timedelta(seconds=reader.number("PLAYBACK_URL_SECONDS", 30, 3600))
    )
    cold_storage_after: timedelta | None = _days_or_none("COLD_STORAGE_AFTER_DAYS", 3650)
    sign_in: SignIn = _read(_sign_in)


class _Reader:
    """Reads values, and keeps what is wrong with them to be reported at once."""

    def __init__(self, environ: Environ) -> None:
        self._environ = environ
        self.faults: list[str] = []

    def text(self, name: str) -> str:
        value = self._environ.get(name, "").strip()
        if not value:
            self.faults.append(f"{name} is missing")
        return value

    def url(self, name: str) -> str:
        value = self.text(name)
        if value and not _is_http_url(value):
            self.faults.append(f"{name} is not an http(s) URL")
        return value

    def optional_url(self, name: str) -> str | None:
        return self.url(name) if self._environ.get(name) else None

    def region(self, name: str) -> str:
        value = self._environ.get(name, DEFAULT_PHONE_REGION)
        if not _REGION.fullmatch(value):
            self.faults.append(f"{name} must be a country's code of two letters, such as US")
        return value

    def number(self, name: str, minimum: int, maximum: int) -> int:
        value = self.text(name)
        if not value:
            return minimum
        if not (value.isascii() and value.isdigit() and minimum <= int(value) <= maximum):
            self.faults.append(f"{name} must be a whole number from {minimum} to {maximum}")
            return minimum
        return int(value)


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
