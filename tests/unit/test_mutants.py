"""The STRIDE table, the mutants that take its mitigations out, and the tree are of one mind."""

import re
from pathlib import Path

import pytest

from local.places import ROOT
from tests.mutations.mutant import Mutant
from tests.mutations.mutants import MUTANTS

_ROW = re.compile(r"^\| ([STRIDE]\d+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)


def documented() -> dict[str, set[str]]:
    """Return the tests that the table names, by row."""
    text = (ROOT / "docs/security.md").read_text("utf-8")
    return {row: set(re.findall(r"`([^`]+)`", tests)) for row, _, _, tests in _ROW.findall(text)}


def test_every_row_is_taken_out_and_every_mutant_is_a_row() -> None:
    """A claim that no mutant tries is none; and the table names just the tests that notice."""
    mutants: dict[str, set[str]] = {}
    for mutant in MUTANTS:
        mutants.setdefault(mutant.row, set()).add(mutant.test)

    assert documented() == mutants
    assert {row[0] for row in mutants} == set("STRIDE")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.row}-{mutant.path}")
def test_a_mutant_fits_the_tree(mutant: Mutant) -> None:
    """Its text is there once, what replaces it is another, and its test exists."""
    file, _, test = mutant.test.partition("::")

    assert mutant.is_in(ROOT)
    assert mutant.after != mutant.before
    assert f"def {test}(" in (ROOT / file).read_text("utf-8")


def test_a_mutant_is_made_and_undone(tmp_path: Path) -> None:
    """In a copy; what the file held comes back, and a text that is not there is an error."""
    (tmp_path / "policy").write_text("Effect: Deny\n", "utf-8")
    mutant = Mutant("T1", "policy", "Deny", "Allow", "")

    assert mutant.replace_in(tmp_path) == "Effect: Deny\n"
    assert (tmp_path / "policy").read_text("utf-8") == "Effect: Allow\n"
    with pytest.raises(LookupError, match="T1: policy"):
        mutant.replace_in(tmp_path)
