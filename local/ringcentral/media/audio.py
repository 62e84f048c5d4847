"""Audio that is computed, not stored: a slice of any file costs the memory of one block."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audio:
    """A file made of a head and equal blocks, each computed from its number.

    `size_bytes` need not end at the end of a block.
    """

    content_type: str
    duration_s: int
    size_bytes: int
    head: bytes
    block_bytes: int
    block: Callable[[int], bytes]

    def slice(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `stop`, or to the end, in small pieces."""
        stop = min(stop, self.size_bytes)
        if start < min(stop, len(self.head)):
            yield self.head[start:stop]
        position = max(start, len(self.head))
        while position < stop:
            index, offset = divmod(position - len(self.head), self.block_bytes)
            piece = self.block(index)[offset : offset + stop - position]
            position += len(piece)
            yield piece

    def whole(self) -> Iterator[bytes]:
        """Yield all bytes in small pieces."""
        return self.slice(0, self.size_bytes)
