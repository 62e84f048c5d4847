"""The bill of materials: all that is shipped, with its licence, the same each time."""

from pathlib import Path
from typing import Any

import pytest

from supply_chain.bill_of_materials import bill_of_materials
from supply_chain.layer_packages import IncompleteLayerError, layer_packages
from supply_chain.licences import UnknownLicenceError

PROJECT = {"name": "ringvault", "version": "1.2.3"}
DIRECT = ["Client.Lib"]


def install(build: Path, name: str, *fields: str) -> None:
    """Put a package into the layer, as pip leaves it: only its description matters here."""
    folder = build / "RingvaultLayer" / "python" / f"{name}-2.0.dist-info"
    folder.mkdir(parents=True)
    lines = ["Metadata-Version: 2.4", f"Name: {name}", "Version: 2.0", *fields]
    (folder / "METADATA").write_text("\n".join(lines) + "\n")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Return a build of one function and a layer of two packages, one needing the other."""
    (tmp_path / "ArchiveRecordingFunction").mkdir()
    (tmp_path / "template.yaml").write_text("Resources: {}\n")
    on_lambda = 'platform_machine == "aarch64" and python_version == "3.13"'
    needs = [
        f"tiny_lib>=1 ; {on_lambda}",
        'other ; extra == "more"',
        'winlib ; sys_platform == "win32"',
    ]
    install(
        tmp_path,
        "Client.Lib",
        "License-Expression: MIT",
        *(f"Requires-Dist: {one}" for one in needs),
    )
    install(tmp_path, "tiny_lib", "License: BSD-3-Clause")
    return tmp_path


def test_what_is_shipped_is_listed_with_what_it_needs(build: Path) -> None:
    """From the whole to each package, as on Lambda; what extras or others need is left out."""
    bill = bill_of_materials(build, PROJECT, direct=DIRECT)
    graph = {edge["ref"]: edge["dependsOn"] for edge in bill["dependencies"]}

    assert graph == {
        "ringvault": ["ArchiveRecordingFunction", "RingvaultLayer"],
        "ArchiveRecordingFunction": ["RingvaultLayer"],
        "RingvaultLayer": ["pkg:pypi/client-lib@2.0"],
        "pkg:pypi/client-lib@2.0": ["pkg:pypi/tiny-lib@2.0"],
        "pkg:pypi/tiny-lib@2.0": [],
    }


def test_every_package_has_its_licence(build: Path) -> None:
    """Of both fields that packages use for it."""
    licences: dict[str, Any] = {
        one["name"]: one["licenses"][0]["license"]["id"]
        for one in bill_of_materials(build, PROJECT, direct=DIRECT)["components"]
        if "purl" in one
    }

    assert licences == {"client-lib": "MIT", "tiny-lib": "BSD-3-Clause"}


def test_a_package_without_a_licence_stops_the_build(build: Path) -> None:
    """Somebody has to look; the message says where to write what was found."""
    install(build, "mute", "Summary: says nothing")

    with pytest.raises(UnknownLicenceError, match=r"mute==2\.0 .*supply_chain/licences\.py"):
        bill_of_materials(build, PROJECT, direct=DIRECT)


def test_what_is_concluded_holds_for_one_release(build: Path) -> None:
    """The next release of a package that states no licence is looked at again."""
    install(build, "observable", "Summary: another release than the one that was looked at")

    with pytest.raises(UnknownLicenceError, match="observable"):
        bill_of_materials(build, PROJECT, direct=DIRECT)


def test_a_layer_that_lacks_a_package_stops_the_build(build: Path) -> None:
    """A lock that was edited by hand would be found by the first invocation otherwise."""
    install(build, "needy", "License: MIT", "Requires-Dist: absent")

    with pytest.raises(IncompleteLayerError, match="needy requires absent"):
        layer_packages(build / "RingvaultLayer" / "python")
