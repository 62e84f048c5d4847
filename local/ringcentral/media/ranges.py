"""The Range header (RFC 9110): the requested bytes of a file."""

import re

_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class UnsatisfiableRangeError(Exception):
    """The whole range is beyond the end of the file."""


def asked_range(header: str | None, *, size_bytes: int) -> tuple[int, int] | None:
    """Return start and stop (exclusive) of the one requested range, None for the whole file.

    A malformed header and several ranges mean the whole file, as the RFC allows.

    Raises:
        UnsatisfiableRangeError: no byte of the range is within the file.
    """
    match = _ONE_RANGE.fullmatch((header or "").strip())
    if not match or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size_bytes - int(last)), size_bytes
    else:
        start, stop = int(first), min(int(last or size_bytes) + 1, size_bytes)
        if last and int(last) < start:
            return None
    if start >= size_bytes:
        raise UnsatisfiableRangeError
    return start, stop
