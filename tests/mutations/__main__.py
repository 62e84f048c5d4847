"""Takes each mitigation of docs/security.md out, and expects its test to fail: `make mutations`.

Works in a copy of the tree, so that nothing is left of it here. Ends with 1 when a mutant survives,
or when a test does not even pass before.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from local.places import ROOT
from tests.mutations.mutant import Mutant
from tests.mutations.mutants import MUTANTS

WITHIN_S = 300
# As many as there are processors; each has a copy of its own.
COPIES = 2
_FAILED = 1  # what pytest ends with where tests failed, and nothing else was wrong


def main(rows: list[str]) -> int:
    """Print a line for each mutant, those of the given rows only where any are given."""
    chosen = [mutant for mutant in MUTANTS if not rows or mutant.row in rows]
    with tempfile.TemporaryDirectory() as folder:
        trees = [_copied(Path(folder) / str(number)) for number in range(COPIES)]
        unsound = _unsound(chosen, trees[0])
        if unsound:
            print(unsound)
            print("mutations: the tests named above fail without any mutant")
            return 1
        shares = [chosen[start::COPIES] for start in range(COPIES)]
        with ThreadPoolExecutor(COPIES) as pool:
            survived = sum(pool.map(_survivors, shares, trees))
    print(f"mutations: {len(chosen)} mitigations taken out, {survived} unnoticed")
    return 1 if survived or not chosen else 0


def _copied(to: Path) -> Path:
    """Copy what git knows of, so that nothing that was built stands in for what is missing."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def _unsound(mutants: Iterable[Mutant], tree: Path) -> str:
    """Return what pytest says where a test fails on the tree as it is, nothing where none does."""
    tests = sorted({mutant.test for mutant in mutants})
    ran = _pytest(tests, tree)
    return "" if ran.returncode == 0 else ran.stdout


def _survivors(mutants: Iterable[Mutant], tree: Path) -> int:
    return sum(not _try_mutant(mutant, tree) for mutant in mutants)


def _try_mutant(mutant: Mutant, tree: Path) -> bool:
    whole, began = mutant.replace_in(tree), monotonic()
    ran = _pytest([mutant.test], tree)
    (tree / mutant.path).write_text(whole, "utf-8")
    # A test that could not even begin has noticed nothing.
    noticed = ran.returncode == _FAILED and "\nFAILED " in ran.stdout
    verdict = "noticed" if noticed else f"SURVIVED (pytest ended with {ran.returncode})"
    print(f"{mutant.row:4} {verdict:8} {monotonic() - began:4.0f} s  {mutant.test}", flush=True)
    return noticed


def _pytest(tests: Iterable[str], tree: Path) -> "subprocess.CompletedProcess[str]":
    # The installed package leads to this tree; what stands in PYTHONPATH comes first.
    paths = os.pathsep.join((str(tree), str(tree / "layers/ringvault")))
    return subprocess.run(  # noqa: S603 - pytest on tests of ours
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


def _rows() -> list[str]:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutations",
        description="Take each mitigation of docs/security.md out of a copy of the tree, and run"
        " its test, which has to fail. Ends with 1 when a test passes all the same.",
    )
    parser.add_argument(
        "rows",
        nargs="*",
        metavar="ROW",
        help="rows of docs/security.md, S3 for example; all of them by default",
    )
    rows: list[str] = parser.parse_args().rows
    unknown = set(rows) - {mutant.row for mutant in MUTANTS}
    if unknown:
        parser.error(f"docs/security.md has no such row: {', '.join(sorted(unknown))}")
    return rows


if __name__ == "__main__":
    sys.exit(main(_rows()))
