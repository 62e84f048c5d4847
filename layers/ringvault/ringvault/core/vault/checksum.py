"""S3's full-object CRC-32, computed while the bytes arrive."""

import base64
import zlib
from dataclasses import dataclass

from ringvault.core.catalogue.item import ArchivedObject


class Crc32:
    """A running CRC-32."""

    def __init__(self) -> None:
        self._value = 0
        self.size_bytes = 0

    def update(self, chunk: bytes) -> None:
        """Add the next bytes."""
        self._value = zlib.crc32(chunk, self._value)
        self.size_bytes += len(chunk)

    @property
    def base64(self) -> str:
        """The sum as S3 writes it: base64 of four big-endian bytes."""
        return base64.b64encode(self._value.to_bytes(4, "big")).decode()


def crc32_base64(content: bytes) -> str:
    """Return the CRC-32 of `content` as S3 writes it."""
    crc32 = Crc32()
    crc32.update(content)
    return crc32.base64


@dataclass(frozen=True, slots=True)
class StoredSize:
    """The size and checksum that S3 confirmed; `crc32` is base64 of the full object's CRC-32."""

    size_bytes: int
    crc32: str


def is_as_archived(measured: StoredSize, archived: ArchivedObject) -> bool:
    """Whether an object is the archived one; ringvault writes no object without a CRC-32."""
    return (measured.size_bytes, measured.crc32) == (archived.size_bytes, archived.crc32)
