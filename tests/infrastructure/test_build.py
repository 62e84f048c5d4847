"""`make build`: what Lambda gets is arm64, complete, and the same each time."""

import hashlib
import importlib.resources
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from supply_chain.locks import read_lock

FUNCTIONS = {
    "ListRecordingsFunction": "list_recordings",
    "ArchiveRecordingFunction": "archive_recording",
    "ReconcileArchiveFunction": "reconcile_archive",
    "ExpireRecordingsFunction": "expire_recordings",
    "PlaybackApiFunction": "playback_api",
}
# They ask for their notice and nothing else.
PERMISSIVE = {"Apache-2.0", "BSD-3-Clause", "MIT", "PSF-2.0"}
EM_AARCH64 = 183  # ELF's number for the machine
# What the Makefiles call, besides the Python of .venv.
TOOLS = ["basename", "cat", "cp", "env", "find", "make", "mkdir", "rm", "sh", "wc"]


@dataclass(frozen=True, slots=True)
class Build:
    """A finished build: where it lies and what `make` said."""

    folder: Path
    output: str

    @property
    def packages(self) -> Path:
        """Where Lambda finds the layer's packages."""
        return self.folder / "RingvaultLayer" / "python"

    @property
    def bill(self) -> Path:
        """The bill of materials, beside the build."""
        return self.folder.with_suffix(".cdx.json")

    def shipped(self) -> dict[str, Any]:
        """Return what the bill says of each package of the layer, by `name==version`."""
        components = json.loads(self.bill.read_text(encoding="utf-8"))["components"]
        return {f"{one['name']}=={one['version']}": one for one in components if "purl" in one}


def make_build(repository: Path, *, folder: Path, path: str) -> Build:
    """Run `make build` into `folder` with `path` as PATH."""
    # -o: the test runs in .venv, so it must not be made again under it.
    options = ["--no-print-directory", "-o", ".venv/.installed"]
    made = Build(folder=folder, output="")
    command = ["make", *options, "build", f"BUILD_DIR={folder}", f"SBOM={made.bill}"]
    environ = os.environ | {"PATH": path}
    result = subprocess.run(  # noqa: S603 - our own Makefile
        command,
        cwd=repository,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        stdin=subprocess.DEVNULL,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return replace(made, output=result.stdout)


@pytest.fixture(scope="module")
def build(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return a build on this machine as it is."""
    folder = tmp_path_factory.mktemp("build")
    return make_build(repository, folder=folder, path=os.environ["PATH"])


@pytest.fixture(scope="module")
def bare_build(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return a build on a machine without any Python but the one of .venv."""
    tools = tmp_path_factory.mktemp("tools")
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    return make_build(repository, folder=tmp_path_factory.mktemp("bare"), path=str(tools))


def files(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file under a folder, byte code and Makefile left out."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc" and path.name != "Makefile"
    }


def test_compiled_packages_are_for_arm64(build: Build) -> None:
    """Whatever machine builds it, the layer holds python3.13 extensions for aarch64."""
    extensions = list(build.packages.rglob("*.so"))

    assert extensions
    for extension in extensions:
        assert extension.name.endswith(".cpython-313-aarch64-linux-gnu.so")
        assert struct.unpack_from("<H", extension.read_bytes(), 18) == (EM_AARCH64,)


def test_the_layer_holds_the_package_as_it_is(build: Build, repository: Path) -> None:
    """The package ringvault is copied whole and unchanged."""
    source = repository / "layers" / "ringvault" / "ringvault"

    assert files(build.packages / "ringvault") == files(source)


def test_the_layer_holds_what_the_package_imports(build: Build) -> None:
    """The three dependencies are there; boto3 is the runtime's own (docs/adr/0002)."""
    names = {path.name for path in build.packages.iterdir()}

    assert {"aws_lambda_powertools", "requests", "ringcentral", "observable"} <= names
    assert not names & {"boto3", "botocore", "bin", "setuptools"}


def test_the_layer_holds_no_tests_and_no_trace_of_this_machine(build: Build) -> None:
    """No tests; of a package's own description, what licences and scanners need."""
    names = {path.name for path in build.packages.rglob("*")}
    descriptions = {path.name for path in build.packages.glob("*.dist-info/*")}

    assert not names & {"test", "tests", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
    assert not [name for name in names if name.endswith("_test.py")]
    assert "METADATA" in descriptions


@pytest.mark.parametrize(("function", "folder"), FUNCTIONS.items())
def test_a_function_is_its_folder(
    build: Build, repository: Path, function: str, folder: str
) -> None:
    """A function is its handler, and the page where there is one."""
    built = files(build.folder / function)

    assert built == files(repository / "functions" / folder)
    assert "handler.py" in built


def test_the_built_template_points_to_what_was_built(build: Build) -> None:
    """`sam deploy` finds the layer and each function beside the built template."""
    resources = yaml_parse((build.folder / "template.yaml").read_text())["Resources"]

    for function in FUNCTIONS:
        assert (build.folder / resources[function]["Properties"]["CodeUri"]).is_dir()
    assert (build.folder / resources["RingvaultLayer"]["Properties"]["ContentUri"]).is_dir()


def test_sizes_are_printed(build: Build) -> None:
    """The unpacked size of the layer and of each function stands at the end."""
    parts = sorted([*FUNCTIONS, "RingvaultLayer"])
    last = [line.split()[0] for line in build.output.splitlines()[-len(parts) :]]

    assert sorted(last) == parts


def test_byte_code_is_python_3_13s_or_none(build: Build) -> None:
    """With a python3.13 at hand everything is compiled by it; without one, nothing is."""
    compiled = list(build.folder.rglob("*.pyc"))
    sources = list(build.folder.rglob("*.py"))

    assert all(path.name.endswith(".cpython-313.pyc") for path in compiled)
    assert len(compiled) == (len(sources) if "build: compiled" in build.output else 0)


def test_a_build_needs_no_other_python(build: Build, bare_build: Build) -> None:
    """The Python of .venv is enough; where it is not 3.13, the build says what is left out."""
    compiles = sys.version_info[:2] == (3, 13)

    assert ("no python3.13" in bare_build.output) is not compiles
    assert bool(list(bare_build.folder.rglob("*.pyc"))) is compiles
    assert files(bare_build.packages) == files(build.packages)


def test_the_bill_is_cyclonedx(build: Build) -> None:
    """Scanners can read it: it is valid by the published schema, licences by SPDX's list."""
    schemas = importlib.resources.files("cyclonedx") / "schema" / "_res"
    checker = Path(sys.executable).with_name("check-jsonschema")
    arguments = ["--schemafile", f"{schemas}/bom-1.6.SNAPSHOT.schema.json"]
    # The schema refers to others of its folder by an address; they lie beside it.
    arguments += ["--base-uri", f"file://{schemas}/", str(build.bill)]
    checked = subprocess.run(  # noqa: S603 - a tool of .venv
        [checker, *arguments], capture_output=True, text=True, check=False, timeout=60
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_bill_is_what_the_lock_pins(build: Build, repository: Path) -> None:
    """Nothing is shipped that was not locked, and nothing that was locked is left out."""
    pins = {str(pin) for pin in read_lock(repository / "layers/ringvault/requirements.txt")}

    assert set(build.shipped()) == pins


def test_the_bill_is_the_same_each_time(build: Build, bare_build: Build) -> None:
    """Two builds of one source give the same bytes, here and on another machine."""
    assert build.bill.read_bytes() == bare_build.bill.read_bytes()


def test_every_licence_is_told_and_none_binds_more_than_is_told(
    build: Build, repository: Path
) -> None:
    """docs/licences.md is what a lawyer reads, so it has to be what is shipped."""
    text = (repository / "docs/licences.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| ([a-z][a-z0-9-]*) \| ([\w.-]+) \|", text, flags=re.MULTILINE))
    shipped = {one["name"]: one["licenses"][0]["license"]["id"] for one in build.shipped().values()}

    assert told == shipped
    assert {name for name, licence in shipped.items() if licence not in PERMISSIVE} == {"certifi"}
    assert shipped["certifi"] == "MPL-2.0"


def test_licence_texts_are_shipped(build: Build) -> None:
    """Licences ask for their text; the one package that comes without one is told of."""
    described = {path.parent.name: path.parent for path in build.packages.glob("*/METADATA")}
    mute = [
        name
        for name, folder in described.items()
        if not [path for path in folder.rglob("*") if path.name.startswith(("LICEN", "NOTICE"))]
    ]

    assert mute == ["observable-0.3.2.dist-info"]
