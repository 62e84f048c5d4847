"""The transfer of an answer: faults that no status shows."""

from dataclasses import dataclass
from enum import StrEnum


class Framing(StrEnum):
    """How a receiver knows where the body ends: `close` is by the end of the connection."""

    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The transfer of one answer; by default without faults.

    `silent_s` passes before the first byte. `unanswered` closes the connection in place of it.
    `cut_after_bytes` ends the body early and closes; `resets` closes with RST in place of FIN.
    After `stall_after_bytes` of the body nothing is sent for `stall_s`, then the rest.
    `extra_bytes` are declared by `Content-Length` and never sent.
    `bytes_per_second` slows the body down, None sends as fast as it can.
    `informational` is the status of an interim answer that comes first, 100 for example.
    For `drip_head_s` the status line and headers come a byte a second, then the rest of them at
    once; `drip_body_s` does the same to the body.
    """

    silent_s: float = 0
    unanswered: bool = False
    resets: bool = False
    framing: Framing = Framing.LENGTH
    extra_bytes: int = 0
    cut_after_bytes: int | None = None
    stall_after_bytes: int = 0
    stall_s: float = 0
    bytes_per_second: int | None = None
    informational: int | None = None
    drip_head_s: float = 0
    drip_body_s: float = 0
