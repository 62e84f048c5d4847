"""Where files of a run are in this repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
DEFAULT_PORT = 8080
# The files of a run: the functions' logs, the key that signs local tokens.
STATE_FOLDER = ROOT / ".local"


def stack_file(port: int) -> Path:
    """Return the file that describes the stack at a port; the command reads it."""
    return STATE_FOLDER / "stacks" / f"{port}.json"


def logs_folder(port: int) -> Path:
    """Return the folder of logs of the stack at a port; two stacks never share one."""
    logs = STATE_FOLDER / "logs"
    return logs if port == DEFAULT_PORT else logs / str(port)
