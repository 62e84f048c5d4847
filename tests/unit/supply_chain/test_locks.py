"""The locks: everything to the byte, from wherever pip looks."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local.places import ROOT
from supply_chain.locks import LockError, read_lock

DEVELOPMENT = ROOT / "requirements" / "dev.txt"
LAYER = ROOT / "layers" / "ringvault" / "requirements.txt"
LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), LAYER]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

HASH = "--hash=sha256:" + "0a" * 32


def names(requirements: list[str]) -> set[str]:
    """Return the normalised names of what is required."""
    return {canonicalize_name(Requirement(one).name) for one in requirements}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_pin_has_its_hashes(lock: Path) -> None:
    """Nothing is installed, or shipped, that is not to the byte what was locked."""
    pins = read_lock(lock)

    assert pins
    assert [str(pin) for pin in pins if not pin.hashes] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_names_no_index(lock: Path) -> None:
    """Where packages come from is the reader's own to say."""
    text = lock.read_text(encoding="utf-8")

    assert [word for word in ("://", "index", "find-links", "trusted-host") if word in text] == []


def test_what_is_tested_is_what_is_shipped() -> None:
    """The layer's versions are those of the development lock."""
    tested = {str(pin) for pin in read_lock(DEVELOPMENT)}

    assert [str(pin) for pin in read_lock(LAYER) if str(pin) not in tested] == []


def test_the_locks_are_of_this_project() -> None:
    """A dependency that was added without `make lock` is found."""
    shipped = {pin.name for pin in read_lock(LAYER)}
    installed = {pin.name for pin in read_lock(DEVELOPMENT)}

    assert names(PROJECT["project"]["dependencies"]) <= shipped
    assert names(PROJECT["dependency-groups"]["dev"]) <= installed


@pytest.mark.parametrize(
    "line",
    [
        f"requests>=2 {HASH}",
        f"requests @ https://example.com/requests.whl {HASH}",
        "--index-url https://example.com/simple",
        "-e .",
        "./requests.whl",
        "requests==2.34.2 --hash=md5:00",
    ],
)
def test_what_is_no_pin_is_refused(line: str, tmp_path: Path) -> None:
    """A range, a URL, a path, an index or a weak hash is an error with the file's name."""
    lock = tmp_path / "lock.txt"
    lock.write_text(f"idna==3.20 \\\n    {HASH}\n    # via requests\n{line}\n")

    with pytest.raises(LockError, match=r"lock\.txt"):
        read_lock(lock)


def test_a_pin_without_a_hash_is_told_from_one_with(tmp_path: Path) -> None:
    """The rule above can fail; extras and markers are no part of the name."""
    lock = tmp_path / "lock.txt"
    lock.write_text(f"moto[s3, sqs]==5.1 ; sys_platform == 'win32' \\\n    {HASH}\nidna==3.20\n")

    assert [(str(pin), len(pin.hashes)) for pin in read_lock(lock)] == [
        ("moto==5.1", 1),
        ("idna==3.20", 0),
    ]
