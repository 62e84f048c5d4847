"""What the infrastructure tests share."""

from pathlib import Path

import pytest

from local.cloudformation.transform import transform
from local.places import ROOT
from tests.infrastructure.stack import Stack


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def stack(repository: Path) -> Stack:
    """Return template.yaml as SAM makes it, transformed once."""
    return Stack(transform(repository / "template.yaml"))
