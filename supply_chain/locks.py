"""The locks: what is installed here and shipped, to the byte."""

import re
from dataclasses import dataclass
from pathlib import Path

_HASH = re.compile(r"\s+--hash=sha256:([0-9a-f]{64})")
_PIN = re.compile(r"(?P<name>[a-z0-9-]+)(\[[a-z0-9, -]+\])?==(?P<version>[\w.]+)( ; .+)?")


class LockError(Exception):
    """A line of a lock is neither a pin with hashes nor a comment."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned package, whatever platform it is for, and the hashes of its files."""

    name: str
    version: str
    hashes: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as it stands in the lock."""
        return f"{self.name}=={self.version}"


def read_lock(path: Path) -> list[Pin]:
    """Return the pins of a lock in their order.

    Raises:
        LockError: Something else than pins stands there, such as an index, a path or a URL.
    """
    text = re.sub(r"^ *#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [_pin(path, entry) for entry in text.replace("\\\n", "").splitlines()]


def _pin(path: Path, entry: str) -> Pin:
    stated = _PIN.fullmatch(_HASH.sub("", entry).strip())
    if stated is None:
        raise LockError(f"{path}: neither a pin nor a hash: {entry[:60]!r}; run make lock")
    return Pin(stated["name"], stated["version"], tuple(_HASH.findall(entry)))
