"""Where things lie in this repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
DEFAULT_PORT = 8080
# What a run leaves behind: the functions' logs, the key that signs local tokens.
STATE_FOLDER = ROOT / ".local"


def stack_file(port: int) -> Path:
    """Return where the stack at a port says how it is reached; the command reads it."""
    return STATE_FOLDER / "stacks" / f"{port}.json"


def logs_folder(port: int) -> Path:
    """Return where the stack at a port keeps its logs; two stacks never share them."""
    logs = STATE_FOLDER / "logs"
    return logs if port == DEFAULT_PORT else logs / str(port)
