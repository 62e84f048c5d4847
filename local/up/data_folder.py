"""Copies the vault's objects to a folder, since moto keeps them in memory only."""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalError, SetupError
from local.up.stored import Vault

# A listing of a large bucket takes moto a while: it gets at most a tenth of the time.
_SHARE = 10
_PAUSE_S = 1.0


class DataFolder:
    """A folder that mirrors the vault; a key is a path in it.

    A file gets its name only when it is complete. Nothing is ever removed.
    """

    def __init__(self, folder: Path, *, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault
        self._copied: set[str] = set()

    def copy_new(self) -> None:
        """Write every object that wasn't written yet.

        Raises:
            LocalError: the disk refuses.
        """
        try:
            for key in self._vault.object_keys():
                if key not in self._copied:
                    self._copy(key)
                    self._copied.add(key)
        except OSError as error:
            raise LocalError(f"--data {self._folder}: {error.strerror}") from error

    def _copy(self, key: str) -> None:
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in self._vault.chunks(key):
                    file.write(chunk)
            Path(draft).replace(path)
        finally:
            Path(draft).unlink(missing_ok=True)


@contextmanager
def following(folder: Path | None, *, vault: Vault) -> Iterator[None]:
    """Keep a folder up to date while the context lasts, and once more at its end.

    Raises:
        SetupError: the folder can't be created.
        LocalError: a file couldn't be written.
    """
    if folder is None:
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"--data {folder}: {error.strerror}") from error
    stop, faults = threading.Event(), list[LocalError]()
    data = DataFolder(folder, vault=vault)
    thread = threading.Thread(target=_follow, args=(data, stop, faults))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if faults:
        raise faults[0]
    data.copy_new()


def _follow(data: DataFolder, stop: threading.Event, faults: list[LocalError]) -> None:
    pause_s = _PAUSE_S
    while not stop.wait(pause_s):
        started = time.monotonic()
        try:
            data.copy_new()
        except LocalError as error:
            faults.append(error)
            return
        pause_s = max(_PAUSE_S, _SHARE * (time.monotonic() - started))
