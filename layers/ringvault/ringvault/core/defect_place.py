"""Where in the code a defect is: its exception's text may hold anybody's number or name."""

import traceback
from pathlib import PurePath


def place_of(error: BaseException) -> str:
    """Return type, file, line and function of what was raised, and nothing of its text."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    frame = frames[-1]
    return f"{type(error).__name__} at {PurePath(frame.filename).name}:{frame.lineno} {frame.name}"
