"""`make audit`: silence is not an answer."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.places import ROOT
from supply_chain.audit import CLEAN, NO_DATA, VULNERABLE, findings, rounds

PINS = ["idna==3.20", "requests==2.34.2"]


def told(pin: str, *advisories: str) -> dict[str, Any]:
    """Return what pip-audit reports of a pin that it has data about."""
    name, _, version = pin.partition("==")
    vulns = [{"id": one, "fix_versions": [], "aliases": []} for one in advisories]
    return {"name": name, "version": version, "vulns": vulns}


def test_all_pins_known_and_none_named_is_clean() -> None:
    """Only an answer about every pin passes."""
    report = {"dependencies": [told(pin) for pin in PINS], "fixes": []}

    assert findings(PINS, [report]).exit_code == CLEAN


def test_an_advisory_is_found() -> None:
    """The pin is named with its advisories."""
    report = {"dependencies": [told(PINS[0], "GHSA-1", "GHSA-2"), told(PINS[1])]}
    found = findings(PINS, [report])

    assert found.vulnerable == {"idna==3.20": ["GHSA-1", "GHSA-2"]}
    assert found.exit_code == VULNERABLE


@pytest.mark.parametrize(
    "dependencies",
    [
        [],
        [told(PINS[0])],
        [told(PINS[0]), told("requests==2.34.1")],
        [told(PINS[0]), {"name": "requests", "skip_reason": "not found"}],
        [told(PINS[0], "GHSA-1")],
    ],
    ids=["nothing", "one of two", "another version", "skipped", "an advisory beside"],
)
def test_a_pin_without_data_never_passes(dependencies: list[dict[str, Any]]) -> None:
    """What was skipped, or not asked, is not taken for clean, nor for merely vulnerable."""
    found = findings(PINS, [{"dependencies": dependencies}])

    assert found.unknown
    assert found.exit_code == NO_DATA


def test_two_versions_of_one_package_are_asked_about() -> None:
    """A lock for several Pythons, or two locks, may have them; no round has a name twice."""
    pins = ["idna==3.19", "idna==3.20", "requests==2.34.2"]

    assert list(rounds(pins)) == [["idna==3.19", "requests==2.34.2"], ["idna==3.20"]]


def test_without_the_advisory_service_it_says_so_and_fails(tmp_path: Path) -> None:
    """Cut off, the real pip-audit knows nothing, and that is no pass."""
    lock = tmp_path / "lock.txt"
    lock.write_text("idna==3.20 --hash=sha256:" + "0a" * 32)
    # Port 9 of this machine refuses at once; nothing leaves it.
    cut_off = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    cut_off |= {"NO_PROXY": "", "no_proxy": "", "PIP_CACHE_DIR": str(tmp_path)}

    result = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "supply_chain.audit", str(lock)],
        cwd=ROOT,
        env=os.environ | cut_off | {name.lower(): url for name, url in cut_off.items()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert result.returncode == NO_DATA, result.stdout + result.stderr
    assert "NO DATA about 1 of 1 pins" in result.stdout
