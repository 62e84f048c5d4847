"""Waits for what happens inside a page whose policy allows no polling there."""

import time
from collections.abc import Callable

from playwright.sync_api import Page

WAIT_S = 20


def wait_for(
    page: Page, condition: Callable[[], bool], told: Callable[[], object] = lambda: ""
) -> None:
    """Wait until a condition holds; when it never does, fail with what is `told`."""
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s, f"still not so after {WAIT_S} s: {told()}"
        page.wait_for_timeout(50)
