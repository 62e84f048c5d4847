"""Waiting for what other processes bring about, and never for ever."""

import time
from collections.abc import Callable

import psutil

WAIT_S = 60


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; fail the test when it takes too long."""
    give_up_at = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < give_up_at, "waited in vain"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has asked for its status yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
