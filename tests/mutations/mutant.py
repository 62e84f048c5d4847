"""A mitigation taken out: one exact text of the tree replaced, and the test that has to notice."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mutant:
    """Row `row` of docs/security.md without its mitigation.

    `before` stands in the file at `path` exactly once. `test` is what pytest calls it.
    """

    row: str
    path: str
    before: str
    after: str
    test: str

    def is_in(self, tree: Path) -> bool:
        """Whether the mitigation is still where it can be taken out."""
        return (tree / self.path).read_text("utf-8").count(self.before) == 1

    def replace_in(self, tree: Path) -> str:
        """Take the mitigation out of a copy of the tree; return what the file held before.

        Raises:
            LookupError: the text is not there, or not only once.
        """
        if not self.is_in(tree):
            raise LookupError(f"{self.row}: {self.path} does not have its text once")
        file = tree / self.path
        whole = file.read_text("utf-8")
        file.write_text(whole.replace(self.before, self.after), "utf-8")
        return whole
