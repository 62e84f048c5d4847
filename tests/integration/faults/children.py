"""Archivers in processes of their own, forked from one that has everything imported."""

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from functions.archive_recording import handler
from tests.support.deployed import Context

ENDS_WITHIN_S = 30

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


def begun(event: Any, *, environ: Mapping[str, str], log: Path) -> ForkServerProcess:
    """Begin an invocation of archive_recording; what it logs goes into a file."""
    child = _forks.Process(target=_invoke, args=(event, dict(environ), str(log)))
    child.start()
    return child


def ended(child: ForkServerProcess) -> int | None:
    """Return how the process ended: 0, or minus the signal that killed it."""
    child.join(ENDS_WITHIN_S)
    exit_code = child.exitcode
    child.close()
    return exit_code


def _invoke(event: Any, environ: Mapping[str, str], log: str) -> None:
    os.environ.update(environ)
    with Path(log).open("w", encoding="utf-8") as sys.stdout:
        handler.lambda_handler(event, Context())
