"""A recording as the catalogue has it, and stand-ins for what playback needs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem, State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ServiceUnavailableError
from ringvault.core.playback.audit import Disposition, Play, PlaysPage
from ringvault.core.playback.playback_url import PlaybackUrl
from ringvault.core.playback.rights import Listener
from ringvault.core.vault.cold_storage import StorageState

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STARTED_AT = datetime(2026, 11, 20, 9, 30, 0, 500_000, tzinfo=UTC)
ALL = Listener("ada", hears_all=True, extension_id=None)
NINE = Listener("nina", hears_all=False, extension_id="9")
EIGHT = Listener("otto", hears_all=False, extension_id="8")
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
    """Return recording 77 of extension 9, archived unless told otherwise."""
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

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item with this id."""
        self.asked.append(recording_id)
        return next((i for i in self.items if i.recording.recording_id == recording_id), None)


class FakeAudio:
    """Signs with nothing, visibly; says what it was told about storage."""

    def __init__(self, stored: StorageState | None = None) -> None:
        self.stored = stored

    def sign(
        self, archived: ArchivedObject, *, file_name: str, disposition: Disposition, at: datetime
    ) -> PlaybackUrl:
        """Return a URL that shows what was signed."""
        url = f"https://vault.example/{archived.object_key}?name={file_name}&{disposition}"
        expires_at = at + timedelta(minutes=15)
        return PlaybackUrl(url=url, expires_at=expires_at, content_type=archived.content_type)

    def look_at(self, archived: ArchivedObject) -> StorageState:
        """Return how it is stored; asking is a fault where nothing was told."""
        assert self.stored is not None
        return self.stored


class FakePlays:
    """Keeps plays in memory, or refuses to."""

    def __init__(self, *, broken: bool = False) -> None:
        self.kept: list[Play] = []
        self.broken = broken

    def add(self, play: Play) -> None:
        if self.broken:
            raise ServiceUnavailableError("write the audit of plays: Throttled")
        self.kept.append(play)

    def newest_first(self, recording_id: str, *, limit: int, after: str | None) -> PlaysPage:
        """Return everything; what came after what is for the real one."""
        return PlaysPage(tuple(reversed(self.kept)), after)
