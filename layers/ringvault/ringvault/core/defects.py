"""Where a defect of ours is, without a word of what it says."""

import traceback
from pathlib import PurePath

_SHOWN_PARTS = 2


def place_of(defect: BaseException) -> str:
    """Return file, line and function of the innermost frame that is ringvault's own.

    The text of the exception may quote anything, and is not repeated.
    """
    frames = traceback.extract_tb(defect.__traceback__)
    ours = [frame for frame in frames if "ringvault" in PurePath(frame.filename).parts]
    if not (ours or frames):
        return "an unknown place"
    frame = (ours or frames)[-1]
    path = "/".join(PurePath(frame.filename).parts[-_SHOWN_PARTS:])
    return f"{path}:{frame.lineno} {frame.name}"
