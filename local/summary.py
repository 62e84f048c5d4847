"""What a run came to, for people and for machines."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from local.proof import Proof
from local.vault import Tally


@dataclass(frozen=True, slots=True)
class Summary:
    """The last line of `up --once`.

    `missing` to `open_uploads` count what the proof found. `requests` and `throttled` are the
    simulator's own count; where RingCentral keeps no books that we could read, the functions'.
    """

    listed: int
    archived: int
    absent: int
    failed: int
    missing: int
    differing: int
    unexpected: int
    open_uploads: int
    bytes: int
    requests: int
    throttled: int
    seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether the proof found nothing wrong."""
        return not (self.missing or self.differing or self.unexpected or self.open_uploads)

    def as_json(self) -> dict[str, Any]:
        """Return the summary as a JSON object."""
        return asdict(self)


def summarise(
    tally: Tally,
    *,
    proof: Proof,
    books: dict[str, Any] | None,
    traffic: Counter[str],
    seconds: float,
) -> Summary:
    """Return what a run came to after `seconds`; `traffic` is what the functions say they sent."""
    return Summary(
        listed=tally.listed,
        archived=tally.states["ARCHIVED"],
        absent=tally.states["ABSENT"],
        failed=tally.states["FAILED"],
        missing=len(proof.missing),
        differing=len(proof.differing),
        unexpected=len(proof.unexpected),
        open_uploads=len(proof.open_uploads),
        bytes=tally.archived_bytes,
        requests=sum(books["requests"].values()) if books else traffic["requests"],
        throttled=books["throttled"] if books else traffic["throttled"],
        seconds=round(seconds, 1),
    )
