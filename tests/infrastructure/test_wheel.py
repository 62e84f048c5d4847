"""`pipx install .`: the wheel is whole, and names everything that it imports."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from email.parser import HeaderParser
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SOURCES = ("pyproject.toml", "layers/ringvault/ringvault", "ringvault_cli")
# Imports every module of both packages; prints how many.
IMPORT_ALL = """
import importlib, pkgutil, ringvault, ringvault_cli
modules = [
    found.name
    for package in (ringvault, ringvault_cli)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]
for name in modules:
    importlib.import_module(name)
print(len(modules))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints; nothing of this environment reaches it, and it ends with 0."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd)}
    done = subprocess.run(  # noqa: S603 - our own interpreter and wheel
        command, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def modules_in(folder: Path) -> set[str]:
    """Return the paths of all modules below a folder's package, from the folder on."""
    return {str(path.relative_to(folder.parent)) for path in folder.rglob("*.py")}


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of this tree, built without an index."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in SOURCES:
        if (repository / name).is_dir():
            shutil.copytree(repository / name, source / name, ignore=ignored)
        else:
            shutil.copy(repository / name, source / name)
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    run(sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", built, source, cwd=source)
    [made] = built.glob("*.whl")
    return made


def requirements_of(wheel: Path) -> list[Requirement]:
    """Return what the wheel says it needs."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = (it for it in archive.namelist() if it.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    return [Requirement(it) for it in metadata.get_all("Requires-Dist", [])]


def closure(requirements: list[Requirement]) -> set[str]:
    """Return the names of the distributions that satisfy the requirements, and theirs in turn."""
    found: set[tuple[str, str]] = set()
    waiting = [
        (canonicalize_name(it.name), extra) for it in requirements for extra in ("", *it.extras)
    ]
    while waiting:
        name, extra = one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        for text in distribution(name).requires or []:
            it = Requirement(text)
            if it.marker is None or it.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(it.name), extra) for extra in ("", *it.extras)]
    return {name for name, _ in found}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the wheel, and with nothing but what it says it needs.

    Its dependencies are links to those of this environment, so that no index is asked.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    [packages] = (folder / "lib").glob("python3*/site-packages")
    options = ["--quiet", "--no-deps", "--no-index"]
    run(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel, cwd=folder)
    for name in closure(requirements_of(wheel)):
        for file in distribution(name).files or []:
            link = packages / file.parts[0]
            if file.parts[0] != ".." and not link.exists():
                link.symlink_to(str(distribution(name).locate_file(file.parts[0])))
    return folder


def test_both_packages_are_in_it_whole_and_typed(wheel: Path, repository: Path) -> None:
    """Every module of both packages, every subpackage, and the marks that types are there."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    folders = (repository / "ringvault_cli", repository / "layers" / "ringvault" / "ringvault")

    assert {"ringvault/py.typed", "ringvault_cli/py.typed"} <= names
    assert {it for it in names if it.endswith(".py")} == set.union(*map(modules_in, folders))


def test_it_runs_where_nothing_else_is_installed(installed: Path, repository: Path) -> None:
    """The command starts, says its version, and names its commands."""
    command = installed / "bin" / "ringvault"
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert run(command, "--version", cwd=installed) == f"ringvault {project['version']}\n"
    assert re.search(r"^  doctor ", run(command, "--help", cwd=installed), re.MULTILINE)
    assert "--stack" in run(command, "status", "--help", cwd=installed)


def test_it_names_all_that_it_imports(installed: Path) -> None:
    """Every module can be imported with the declared dependencies alone."""
    python = installed / "bin" / "python"

    assert int(run(python, "-c", IMPORT_ALL, cwd=installed)) > 100
