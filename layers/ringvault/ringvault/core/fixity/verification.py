"""How far a verification has come: which recordings it reads back, and what it found."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ringvault.core.catalogue.indexes import Position
from ringvault.core.errors import InvalidRequestError
from ringvault.core.fixity.check import Checked, Condition, Damage

# As many fit into an item of the state table ten times; what is beyond is counted.
MAX_NAMED = 300


@dataclass(frozen=True, slots=True)
class Sample:
    """Which recordings: all, or as many as `sample` says, the same ones for the same seed."""

    sample: int | None = None
    seed: str | None = None

    def rank(self, recording_id: str) -> str:
        """Return where a recording stands in the order of the sample: the first ones are it."""
        return hashlib.sha256(f"{self.seed}:{recording_id}".encode()).hexdigest()

    def seeded(self, now: datetime) -> "Sample":
        """Return it with a seed, where it is a sample: that of the day, so that days differ."""
        if self.sample is None or self.seed is not None:
            return self
        return replace(self, seed=f"{now:%Y-%m-%d}")

    def is_meant_by(self, asked: "Sample") -> bool:
        """Whether somebody who asks so means this one: no seed means any."""
        return asked.sample == self.sample and asked.seed in {None, self.seed}

    def __str__(self) -> str:
        if self.sample is None:
            return "all recordings"
        return f"a sample of {self.sample}, seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Verification:
    """One pass over the selection; everything up to `position` has its verdict.

    `total` is how many there were when it began. `verdicts` counts recordings, `damages` are
    objects; `unnamed` are damages beyond MAX_NAMED. `finished_at` is None while it is not
    through.
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
        """How many recordings have their verdict."""
        return sum(self.verdicts.values())

    @property
    def is_intact(self) -> bool:
        """Whether all that has its verdict is what it was."""
        return self.done == self.verdicts.get(Condition.INTACT, 0)

    def with_checked(
        self, checked: Iterable[Checked], *, position: Position | None
    ) -> "Verification":
        """Return it with the verdicts on everything up to `position`."""
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
    """Return the verification that is to go on, None where a new one begins.

    Raises:
        InvalidRequestError: one of another selection is not through.
    """
    if last is None or last.finished_at is not None:
        return None
    if not last.selection.is_meant_by(asked):
        raise InvalidRequestError(
            f"a verification of {last.selection} is not finished",
            hint="finish it with the same options as before, or start a new one with --restart",
        )
    return last
