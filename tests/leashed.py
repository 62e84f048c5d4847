"""Commands that end with the test run, however that one ends: by SIGTERM and SIGKILL too.

pytest tidies nothing up when it is killed, and a stack that a test started would go on for ever.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import leash
from local.places import ROOT

# Goes before a module's name and its arguments.
LEASHED = (sys.executable, "-P", str(Path(leash.__file__)))
# What such a command needs of its environment, to find the module.
PATH_TO_MODULES = {"PYTHONPATH": str(ROOT)}


@contextmanager
def held_leash() -> Iterator[int]:
    """Yield the standard input for a command of LEASHED; the end of the context ends it."""
    read_end, write_end = os.pipe()
    try:
        yield read_end
    finally:
        os.close(read_end)
        os.close(write_end)
