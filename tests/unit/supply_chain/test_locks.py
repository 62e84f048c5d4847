"""The locks: everything to the byte, from wherever pip looks."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local.places import ROOT
from supply_chain.locks import LockError, read_lock

DEVELOPMENT = ROOT / "requirements" / "dev.txt"
RUN = ROOT / "requirements" / "run.txt"
INSTALLER = ROOT / "requirements" / "installer.txt"
LAYER = ROOT / "layers" / "ringvault" / "requirements.txt"
LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), LAYER]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]

HASH = "--hash=sha256:" + "0a" * 32


def names(requirements: list[str | dict[str, str]]) -> set[str]:
    """Return the normalised names of what is required, included groups too."""
    own = {canonicalize_name(Requirement(it).name) for it in requirements if isinstance(it, str)}
    included = (GROUPS[it["include-group"]] for it in requirements if isinstance(it, dict))
    return own.union(*map(names, included))


def locked(lock: Path) -> set[str]:
    """Return the names of what a lock pins."""
    return {pin.name for pin in read_lock(lock)}


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


@pytest.mark.parametrize("lock", [LAYER, RUN, INSTALLER], ids=lambda path: path.stem)
def test_what_is_tested_is_what_is_shipped(lock: Path) -> None:
    """The versions of the layer, and of what `make run` installs, are the development lock's."""
    tested = {str(pin) for pin in read_lock(DEVELOPMENT)}

    assert [str(pin) for pin in read_lock(lock) if str(pin) not in tested] == []


def test_the_locks_are_of_this_project() -> None:
    """A dependency that was added without `make lock` is found."""
    dependencies = names(PROJECT["project"]["dependencies"])

    assert names(GROUPS["layer"]) <= locked(LAYER)
    assert names(GROUPS["installer"]) <= locked(INSTALLER)
    assert dependencies | names(GROUPS["run"]) <= locked(RUN)
    assert dependencies | names(GROUPS["dev"]) <= locked(DEVELOPMENT)


def test_the_layer_carries_only_a_part_of_the_commands_dependencies() -> None:
    """The command needs all that the layer needs; its terminal and boto3 stay out of Lambda."""
    assert names(GROUPS["layer"]) <= names(PROJECT["project"]["dependencies"])
    assert not locked(LAYER) & {"typer", "rich", "click", "boto3", "botocore", "uv"}


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
