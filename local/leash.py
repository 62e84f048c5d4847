"""Runs a module or a script that ends together with its parent, even after a crash.

`python leash.py MODULE|SCRIPT.py [ARGUMENT …]`, with a pipe as standard input that the starter
holds open: its end is the end of this process. That works on Linux and macOS, and after
SIGKILL too, when the parent can't clean up. Standard library only: it starts functions.
"""

import os
import runpy
import sys
import threading


def _end_with_starter() -> None:
    leash = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.set_inheritable(leash, False)  # noqa: FBT003 - positional only
    threading.Thread(target=_wait_for_end, args=(leash,), daemon=True).start()


def _wait_for_end(leash: int) -> None:
    while os.read(leash, 1):
        pass
    os._exit(0)


def main() -> None:
    """Run the module or script in the arguments as if it had been started itself."""
    _end_with_starter()
    del sys.argv[0]
    if sys.argv[0].endswith(".py"):
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
