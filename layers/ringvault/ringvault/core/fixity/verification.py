"""The progress of a verification: which recordings it reads back, and what it found."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ringvault.core.catalogue.indexes import Position
from ringvault.core.errors import InvalidRequestError
from ringvault.core.fixity.check import Checked, Condition, Damage

# An item of the state table has room for ten times as many; the rest is only counted.
MAX_NAMED = 300


@dataclass(frozen=True, slots=True)
class Sample:
    """The recordings to read: all, or `sample` of them, the same ones for the same seed."""

    sample: int | None = None
    seed: str | None = None

    def rank(self, recording_id: str) -> str:
        """Return a recording's rank in the order of the sample, which takes the first ones."""
        return hashlib.sha256(f"{self.seed}:{recording_id}".encode()).hexdigest()

    def seeded(self, now: datetime) -> "Sample":
        """Return a sample with a seed: that of the day, so that each day reads others."""
        if self.sample is None or self.seed is not None:
            return self
        return replace(self, seed=f"{now:%Y-%m-%d}")

    def is_meant_by(self, asked: "Sample") -> bool:
        """Whether this selection matches the requested one; without a seed any seed matches."""
        return asked.sample == self.sample and asked.seed in {None, self.seed}

    def __str__(self) -> str:
        if self.sample is None:
            return "all recordings"
        return f"a sample of {self.sample}, seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Verification:
    """One pass over the selection; everything up to `position` is checked.

    `total` is the number at its beginning. `verdicts` counts recordings, `damages` are
    objects; `unnamed` are damages beyond MAX_NAMED. `finished_at` is None until it is
    finished.
    """

    selection: Sample
    started_at: datetime
    total: int
    position: Position | None = None
    verdicts: Mapping[str, int] = field(default_factory=dict)
    read_bytes: int = 0
    damages: tuple[Damage, ...] = ()
    unnamed: int = 0
    finished_at: datetime | None = None

    @property
    def done(self) -> int:
        """How many recordings are checked."""
        return sum(self.verdicts.values())

    @property
    def is_intact(self) -> bool:
        """Whether everything checked so far is unchanged."""
        return self.done == self.verdicts.get(Condition.INTACT, 0)

    def with_checked(
        self, checked: Iterable[Checked], *, position: Position | None
    ) -> "Verification":
        """Return it with the results for everything up to `position`."""
        checked = tuple(checked)
        damages = (*self.damages, *(damage for it in checked for damage in it.damages))
        verdicts = Counter(self.verdicts) + Counter(it.verdict.value for it in checked)
        return replace(
            self,
            position=position,
            verdicts=dict(verdicts),
            read_bytes=self.read_bytes + sum(it.read_bytes for it in checked),
            damages=damages[:MAX_NAMED],
            unnamed=self.unnamed + len(damages[MAX_NAMED:]),
        )


def open_one(last: Verification | None, *, asked: Sample) -> Verification | None:
    """Return the verification to continue, None if a new one begins.

    Raises:
        InvalidRequestError: one of another selection is not finished.
    """
    if last is None or last.finished_at is not None:
        return None
    if not last.selection.is_meant_by(asked):
        raise InvalidRequestError(
            f"a verification of {last.selection} is not finished",
            hint="finish it with the same options as before, or start a new one with --restart",
        )
    return last
