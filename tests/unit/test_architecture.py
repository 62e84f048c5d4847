"""The rules of the layout: who may import what, and that nothing happens at import."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.places import ROOT

LAYER = ROOT / "layers" / "ringvault"
CORE = sorted((LAYER / "ringvault" / "core").rglob("*.py"))
ADAPTERS = sorted((LAYER / "ringvault" / "adapters").rglob("*.py"))
PACKAGE = sorted((LAYER / "ringvault").rglob("*.py"))
HANDLERS = sorted((ROOT / "functions").rglob("*.py"))
COMMANDS = sorted((ROOT / "ringvault_cli").rglob("*.py"))
FOLDERS = sorted({path.parent for path in [*PACKAGE, *COMMANDS]})

# Which subjects of the core each subject may import; a subject stands below all that import it.
FLOORS: dict[str, set[str]] = {
    "audio": set(),
    "catalogue": set(),
    "quota": set(),
    "vault": {"catalogue"},
    "ringcentral": {"catalogue", "quota"},
    "fixity": {"catalogue", "vault"},
    "lifecycle": {"catalogue", "vault"},
    "playback": {"catalogue", "vault"},
    "listing": {"catalogue", "quota", "ringcentral"},
    "archiving": {"audio", "catalogue", "lifecycle", "quota", "ringcentral", "vault"},
    "reconciliation": {"catalogue", "lifecycle", "listing", "quota", "ringcentral", "vault"},
    "operations": {"catalogue", "listing", "quota", "reconciliation", "ringcentral", "vault"},
}
MAX_MODULES = 10
# One table serves many subjects, and each of its items is read and written in one place.
MAX_MODULES_OF_DYNAMODB = 14

STANDARD_LIBRARY = set(sys.stdlib_module_names)
# What talks to AWS or RingCentral; mypy_boto3_* are the types of the former.
OUTSIDE = re.compile(r"(boto3|botocore|requests|ringcentral|urllib3|mypy_boto3_\w+)(\.|$)")
# Standard library that reaches outside the process, or holds a state of its own.
IMPURE_MODULES = {"os", "socket", "subprocess", "http", "urllib.request", "tempfile", "threading"}
IMPURE_CALLS = re.compile(
    r"(^|\.)(datetime\.(now|utcnow|today)|date\.today)$"
    r"|^time\.(sleep|time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns)$"
    r"|^random\.(?!Random$)\w+$"
    r"|^uuid\.uuid[14]$|^secrets\.|^open$"
)
BANNED_WORDS = {"manager", "helper", "util", "processor", "service", "common"}
BANNED_WORDS |= {word + "s" for word in BANNED_WORDS}

# Run in a process of its own: imports what it is given, where nothing can be opened or built and
# the environment holds nothing.
IMPORT_QUIETLY = """
import importlib, importlib.util, os, socket, sys
import boto3, botocore.session, requests

from local.places import ROOT

def refuse(*_, **__):
    raise SystemExit("something happens at import")

os.environ.clear()
for owner, name in [
    (socket.socket, "connect"), (socket, "create_connection"), (socket, "getaddrinfo"),
    (boto3.Session, "__init__"), (botocore.session.Session, "__init__"),
    (requests.Session, "__init__"),
]:
    setattr(owner, name, refuse)
for number, name in enumerate(sys.argv[1:]):
    if not name.endswith(".py"):
        importlib.import_module(name)
        continue
    spec = importlib.util.spec_from_file_location(f"quiet_{number}", name)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""


def imported_modules(source: str) -> Iterator[str]:
    """Yield the full name of each module that a source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where things come from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted_names(source: str) -> Iterator[str]:
    """Yield each name and attribute as it is written, such as `datetime.now`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute | ast.Name):
            yield ast.unparse(node)


def is_of(module: str, *packages: str) -> bool:
    """Whether a module is one of the packages, or lies in one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def subjects_in(source: str) -> set[str]:
    """Return the subjects of the core that a source imports."""
    return {
        module.split(".")[2]
        for module in imported_modules(source)
        if is_of(module, *(f"ringvault.core.{subject}" for subject in FLOORS))
    }


def public_classes(source: str) -> Iterator[str]:
    """Yield the public classes that a source defines at its top."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def impure_in_core(source: str) -> set[str]:
    """Return what a source does that the core may not."""
    foreign = {
        module
        for module in imported_modules(source)
        if is_of(module, *IMPURE_MODULES)
        or not is_of(module, "ringvault.core", *STANDARD_LIBRARY)
        or IMPURE_CALLS.search(module)
    }
    return foreign | {name for name in dotted_names(source) if IMPURE_CALLS.search(name)}


def outside_in(source: str) -> set[str]:
    """Return what a source imports that is for adapters only."""
    return {module for module in imported_modules(source) if OUTSIDE.match(module)}


def foreign_in_handler(source: str) -> set[str]:
    """Return what a source imports that a handler may not."""
    allowed = ("ringvault", "aws_lambda_powertools", *STANDARD_LIBRARY)
    return {module for module in imported_modules(source) if not is_of(module, *allowed)}


def foreign_in_command(source: str) -> set[str]:
    """Return what a source imports that the command may not."""
    allowed = ("ringvault_cli", "ringvault", "typer", "rich", *STANDARD_LIBRARY)
    return {module for module in imported_modules(source) if not is_of(module, *allowed)}


def environment_reads(source: str) -> list[str]:
    """Return each use of the environment but handing the whole of it to somebody."""
    tree = ast.parse(source)
    handed = {id(a) for call in ast.walk(tree) if isinstance(call, ast.Call) for a in call.args}
    reads = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"}
        and id(node) not in handed
    ]
    return reads + [name for name in imported_modules(source) if name.startswith("os.env")]


def import_quietly(*targets: str) -> subprocess.CompletedProcess[str]:
    """Import modules and files in a new process that refuses whatever they would open."""
    return subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", IMPORT_QUIETLY, *targets],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def module_name(path: Path) -> str:
    """Return the name by which a file of the package is imported."""
    return ".".join(path.relative_to(LAYER).with_suffix("").parts).removesuffix(".__init__")


def project_files() -> list[Path]:
    """Return every file that is, or is about to be, under version control."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603 - a fixed command
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("path", CORE, ids=module_name)
def test_the_core_is_pure(path: Path) -> None:
    """The core imports the standard library and itself, and reads no clock, dice or environment."""
    assert impure_in_core(path.read_text()) == set()


@pytest.mark.parametrize("path", CORE, ids=module_name)
def test_a_subject_imports_those_below_it_only(path: Path) -> None:
    """The table of floors says which; what lies beside the subjects imports none of them."""
    (subject, *_) = path.relative_to(LAYER / "ringvault" / "core").parts

    assert subjects_in(path.read_text()) <= FLOORS.get(subject, set()) | {subject}


def test_the_floors_are_the_folders_of_the_core() -> None:
    """A new subject has to take its place in the table, and no floor stands above itself."""
    folders = {path.parent.name for path in CORE if path.parent.name != "core"}
    above: set[str] = set()
    for subject, below in FLOORS.items():
        assert below <= above
        above.add(subject)

    assert folders == FLOORS.keys()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_can_be_read_at_a_glance(folder: Path) -> None:
    """It has ten modules at most."""
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    is_dynamodb = folder.name == "dynamodb"

    assert len(modules) <= (MAX_MODULES_OF_DYNAMODB if is_dynamodb else MAX_MODULES)


def test_a_class_has_a_name_of_its_own() -> None:
    """What one reads about under a name is one thing in the whole package."""
    named = Counter(it for path in [*PACKAGE, *COMMANDS] for it in public_classes(path.read_text()))

    assert [name for name, number in named.items() if number > 1] == []


@pytest.mark.parametrize("path", sorted(set(PACKAGE) - set(ADAPTERS)), ids=module_name)
def test_only_adapters_know_the_outside(path: Path) -> None:
    """boto3, requests and the RingCentral SDK are imported by adapters only."""
    assert outside_in(path.read_text()) == set()


@pytest.mark.parametrize("path", ADAPTERS, ids=module_name)
def test_adapters_do_not_log(path: Path) -> None:
    """An adapter raises or returns what happened; the handler writes the one line about it."""
    modules = set(imported_modules(path.read_text()))

    assert not [m for m in modules if is_of(m, "logging", "ringvault.observability")]
    assert not [m for m in modules if is_of(m, "aws_lambda_powertools")]


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.parent.name)
def test_handlers_import_the_package_and_powertools(path: Path) -> None:
    """A handler translates and calls: it builds no client and speaks to nobody itself."""
    assert foreign_in_handler(path.read_text()) == set()


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_the_command_imports_the_package_and_its_screen(path: Path) -> None:
    """The command parses, calls and prints: it builds no client and speaks to nobody itself."""
    assert foreign_in_command(path.read_text()) == set()


def test_help_waits_for_no_sdk() -> None:
    """The command starts without the slow imports, which its parts make when they run."""
    source = "import sys, ringvault_cli.command; print(sys.modules.keys() & {'boto3', 'rich'})"
    command = [sys.executable, "-c", source]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own interpreter and line

    assert result.stdout == "set()\n"


@pytest.mark.parametrize("path", [*PACKAGE, *HANDLERS], ids=lambda p: str(p.relative_to(ROOT)))
def test_only_settings_look_into_the_environment(path: Path) -> None:
    """A handler hands `os.environ` to its settings; nobody looks into it elsewhere."""
    assert environment_reads(path.read_text()) == []


def test_nothing_happens_at_import() -> None:
    """Importing everything builds no client, opens no socket and needs no variable."""
    result = import_quietly(*map(module_name, PACKAGE), *map(str, [*HANDLERS, *COMMANDS]))

    assert result.returncode == 0, result.stderr


def test_modules_are_named_by_their_subject() -> None:
    """No module is called by a word that says nothing of what is in it."""
    paths = [path.relative_to(ROOT) for path in project_files() if path.suffix == ".py"]
    vague = [path for path in paths if BANNED_WORDS & set("_".join(path.parts)[:-3].split("_"))]

    assert paths
    assert vague == []


def test_no_file_names_a_place_on_one_machine() -> None:
    """The repository means the same wherever it is cloned."""
    places = re.compile(rb"(?<![\w.-])/(?:work|root|home)/")
    found = [path for path in project_files() if places.search(path.read_bytes())]

    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import boto3",
        "import os",
        "from os import environ",
        "from time import sleep",
        "import time\ntime.sleep(1)",
        "from datetime import datetime, UTC\nx = datetime.now(UTC)",
        "import datetime\ndef f(now=datetime.datetime.now): ...",
        "import random\nrandom.uniform(0, 1)",
        "from random import uniform",
        "from urllib.request import urlopen",
        "from ringvault.adapters.s3.vault import Vault",
        "from ringvault import settings",
        "def f():\n    import requests",
    ],
)
def test_an_impure_core_is_found(source: str) -> None:
    """The rule of the core can fail."""
    assert impure_in_core(source)


@pytest.mark.parametrize(
    "source",
    [
        "from random import Random\ndef f(random: Random): ...",
        "from datetime import datetime\ndef f(now: datetime): ...",
        "from urllib.parse import urlsplit",
        "from ringvault.core.catalogue.recording import Recording",
    ],
)
def test_a_pure_core_passes(source: str) -> None:
    """The rule of the core lets pass what it should."""
    assert impure_in_core(source) == set()


@pytest.mark.parametrize(
    "source", ["import botocore.config", "from requests import Session", "import urllib3"]
)
def test_an_import_of_the_outside_is_found(source: str) -> None:
    """The rules for the outside can fail, for the package and for handlers."""
    assert outside_in(source)
    assert foreign_in_handler(source)
    assert foreign_in_command(source)


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['X']",
        "import os\nos.environ.get('X')",
        "import os\nos.getenv('X')",
        "from os import environ",
    ],
)
def test_a_look_into_the_environment_is_found(source: str) -> None:
    """The rule of the environment can fail, and allows handing it over."""
    assert environment_reads(source)
    assert not environment_reads("import os\nSettings.from_environ(os.environ)")


@pytest.mark.parametrize(
    "source",
    [
        "import boto3\nboto3.client('s3', region_name='us-east-1')",
        "import requests\nsession = requests.Session()",
        "import socket\nsocket.create_connection(('127.0.0.1', 9))",
        "import os\nos.environ['VAULT_BUCKET']",
    ],
)
def test_a_deed_at_import_is_found(source: str, tmp_path: Path) -> None:
    """The rule of imports can fail."""
    planted = tmp_path / "planted.py"
    planted.write_text(source)

    assert import_quietly(str(planted)).returncode != 0
