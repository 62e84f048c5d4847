"""The stores of benchmarks/quota, with what only a long life needs: ends, objects found again."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from benchmarks.quota.ringcentral import WAV
from benchmarks.quota.stores import MemoryCatalogue, MemoryVault, Pause
from ringvault.core.archive_recording import StoredObject
from ringvault.core.catalogue import ArchivedObject, CatalogueItem, State
from ringvault.core.errors import ConflictError, ObjectExistsError
from ringvault.core.vault_layout import audio_prefix, sidecar_key


class KeepingCatalogue(MemoryCatalogue):
    """The catalogue, in which recordings may end."""

    @property
    def items(self) -> Mapping[str, CatalogueItem]:
        """All items by id."""
        return self._items

    def end(self, item: CatalogueItem, *, state: State, reason: str, attempts: int) -> None:
        """Set ABSENT or FAILED."""
        self._write()
        present = self._items[item.recording.recording_id]
        if present.state is State.ARCHIVED:
            raise ConflictError("archived")
        ended = replace(present, state=state, reason=reason, attempts=attempts)
        self._set(replace(ended, claimed_until=None, queued_at=None, retry_at=None))


class KeepingVault(MemoryVault):
    """The bucket, which tells what it holds; every recording is the same silence."""

    def __init__(self, *, pause: Pause) -> None:
        """Begin empty."""
        super().__init__(pause=pause)
        self._audio: dict[str, str] = {}
        self._sidecars: set[str] = set()

    def holds(self, item: CatalogueItem) -> bool:
        """Whether audio and sidecar of an item are there."""
        audio, sidecar = audio_prefix(item.recording), sidecar_key(item.recording)
        return audio in self._audio and sidecar in self._sidecars

    def store_audio(
        self, object_key: str, *, content_type: str, chunks: Iterable[bytes]
    ) -> StoredObject:
        """Keep the key."""
        stored = super().store_audio(object_key, content_type=content_type, chunks=chunks)
        prefix = object_key[: object_key.rindex(".") + 1]
        if prefix in self._audio:
            raise ObjectExistsError(object_key)
        self._audio[prefix] = object_key
        return stored

    def find_audio(self, prefix: str) -> str | None:
        """Return the key that starts so."""
        return self._audio.get(prefix)

    def read_audio(self, object_key: str) -> Iterator[bytes]:  # noqa: ARG002 - all are the same
        """Yield what was stored."""
        yield WAV

    def store_sidecar(
        self, object_key: str, *, item: CatalogueItem, archived: ArchivedObject
    ) -> None:
        """Keep the key."""
        super().store_sidecar(object_key, item=item, archived=archived)
        self._sidecars.add(object_key)
