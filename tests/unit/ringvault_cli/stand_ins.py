"""What the command's tests put in place of the outside."""

from ringvault.core.errors import ConflictError
from ringvault.core.listing.windows import ListingProgress


class ProgressInMemory:
    """A listing progress that somebody else changes before each of the first `races` saves."""

    def __init__(self, state: ListingProgress, *, races: int = 0) -> None:
        self.state = state
        self.version = 1
        self.races = races

    def load(self) -> tuple[ListingProgress, int]:
        return self.state, self.version

    def save(self, progress: ListingProgress, *, version: int) -> int:
        if self.races:
            self.races -= 1
            self.version += 1
        if version != self.version:
            raise ConflictError("change the listing progress")
        self.state, self.version = progress, version + 1
        return self.version
