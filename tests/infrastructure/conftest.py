"""What the infrastructure tests share."""

from pathlib import Path

import pytest

from local.places import ROOT
from tests.infrastructure.stack import Stack
from tests.support.template import transformed


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def stack() -> Stack:
    """Return template.yaml as SAM makes it, transformed once."""
    return Stack(transformed())
