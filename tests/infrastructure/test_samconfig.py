"""samconfig.toml: `sam deploy` needs nothing but the stack's parameters."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ENVIRONMENTS = ["default", "dev", "prod"]


@pytest.fixture(scope="module")
def config(repository: Path) -> dict[str, Any]:
    """Return samconfig.toml."""
    return tomllib.loads((repository / "samconfig.toml").read_text())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_environment_can_be_deployed(config: dict[str, Any], environment: str) -> None:
    """A stack name, a bucket for the code and the right to make roles."""
    deploy = config[environment]["deploy"]["parameters"]

    assert deploy["stack_name"].startswith("ringvault")
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    assert deploy["resolve_s3"] is True


def test_environments_are_stacks_of_their_own(config: dict[str, Any]) -> None:
    """Deploying one never changes another."""
    names = {config[name]["deploy"]["parameters"]["stack_name"] for name in ENVIRONMENTS}

    assert len(names) == len(ENVIRONMENTS)


def test_production_is_changed_after_a_look(config: dict[str, Any]) -> None:
    """The changes to prod are shown and confirmed."""
    assert config["prod"]["deploy"]["parameters"]["confirm_changeset"] is True
