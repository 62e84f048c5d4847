"""Unit tests reach nothing outside their process."""

import pytest


@pytest.fixture(autouse=True)
def _no_network(socket_disabled: None) -> None:
    """Make every socket an error."""
