"""Where in the code a defect is, without its text."""

import traceback
from pathlib import PurePath

_SHOWN_PARTS = 3


def place_of(defect: BaseException) -> str:
    """Return type, file, line and function of the innermost frame that is ringvault's own.

    The text of the exception may quote anything, and is not repeated.
    """
    name = type(defect).__name__
    frames = traceback.extract_tb(defect.__traceback__)
    ours = [frame for frame in frames if "ringvault" in PurePath(frame.filename).parts]
    if not (ours or frames):
        return name
    frame = (ours or frames)[-1]
    path = "/".join(PurePath(frame.filename).parts[-_SHOWN_PARTS:])
    return f"{name} at {path}:{frame.lineno} {frame.name}"
