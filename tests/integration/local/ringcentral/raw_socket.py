"""A client without any HTTP library: what comes, byte for byte, and how it ends."""

import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

_DEADLINE_S = 20.0
_PIECE_BYTES = 65_536


class End(Enum):
    """How it ends; OPEN is all that was promised, or silence for as long as one would wait."""

    CLOSED = "closed"
    RESET = "reset"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Received:
    """Everything that came after one request; header names in lower case.

    `interim` is the status of the answer that came first where that was one of 1xx.
    """

    status: int | None
    headers: Mapping[str, str]
    body: bytes
    end: End
    longest_gap_s: float
    interim: tuple[int, ...] = ()


def received(
    url: str,
    headers: Mapping[str, str],
    *,
    method: str = "GET",
    body: bytes = b"",
    patience_s: float = _DEADLINE_S,
) -> Received:
    """Send one request; return what comes to the end, or until nothing comes for `patience_s`."""
    parts = urlsplit(url)
    fields = {"Host": parts.netloc, "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    with socket.create_connection((parts.hostname, parts.port), timeout=patience_s) as connection:
        connection.sendall(f"{method} {parts.path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        raw, end, longest_gap_s = _everything(connection)
    return _parsed(raw, end, longest_gap_s)


def unchunked(body: bytes) -> tuple[bytes, bool]:
    """Return what chunks hold, and whether the last one came."""
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return whole, True
        whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return whole, False


def _everything(connection: socket.socket) -> tuple[bytes, End, float]:
    raw, longest_gap_s = bytearray(), 0.0
    deadline_s = time.monotonic() + _DEADLINE_S
    while (asked_s := time.monotonic()) < deadline_s:
        try:
            piece = connection.recv(_PIECE_BYTES)
        except TimeoutError:
            return bytes(raw), End.OPEN, longest_gap_s
        except ConnectionResetError:
            return bytes(raw), End.RESET, longest_gap_s
        if not piece:
            return bytes(raw), End.CLOSED, longest_gap_s
        longest_gap_s = max(longest_gap_s, time.monotonic() - asked_s)
        raw += piece
        if _is_whole(bytes(raw)):
            return bytes(raw), End.OPEN, longest_gap_s
    raise AssertionError("the answer never ends")


def _final(raw: bytes) -> bytes:
    """Return what comes after interim answers (1xx)."""
    while re.match(rb"HTTP/1\.1 1\d\d ", raw):
        _, _, raw = raw.partition(b"\r\n\r\n")
    return raw


def _is_whole(raw: bytes) -> bool:
    raw = _final(raw)
    head, blank, body = raw.partition(b"\r\n\r\n")
    if blank and re.match(rb"HTTP/1\.1 (204|304) ", head):
        return True
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    if not blank or not length:
        return b"Transfer-Encoding: chunked" in head and body.endswith(b"\r\n0\r\n\r\n")
    return len(body) >= int(length[1])


def _parsed(raw: bytes, end: End, longest_gap_s: float) -> Received:
    interim = tuple(int(status) for status in re.findall(rb"^HTTP/1\.1 (1\d\d) ", raw))
    raw = _final(raw)
    head, _, body = raw.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    begun = re.match(r"HTTP/1\.1 (\d{3})", status_line)
    status = int(begun[1]) if begun else None
    return Received(status, headers, body, end, longest_gap_s, interim)
