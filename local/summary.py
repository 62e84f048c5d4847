"""What a run came to, for people and for machines."""

from dataclasses import asdict, dataclass
from typing import Any

from local.proof import Proof
from local.vault import Tally


@dataclass(frozen=True, slots=True)
class Summary:
    """The last line of `up --once`.

    `missing` and `differing` count what the proof found. `requests` and `throttled` are the
    simulator's own count; None where RingCentral keeps no books that we could read.
    """

    listed: int
    archived: int
    absent: int
    failed: int
    missing: int
    differing: int
    bytes: int
    requests: int | None
    throttled: int | None
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return the summary as a JSON object."""
        return asdict(self)


def summarise(
    tally: Tally, *, proof: Proof, books: dict[str, Any] | None, seconds: float
) -> Summary:
    """Return what a run came to after `seconds`."""
    return Summary(
        listed=tally.listed,
        archived=tally.states["ARCHIVED"],
        absent=tally.states["ABSENT"],
        failed=tally.states["FAILED"],
        missing=len(proof.missing),
        differing=len(proof.differing),
        bytes=tally.archived_bytes,
        requests=sum(books["requests"].values()) if books else None,
        throttled=books["throttled"] if books else None,
        seconds=round(seconds, 1),
    )
