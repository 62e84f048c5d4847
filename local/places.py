"""Where things lie in this repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
# What a run leaves behind: the functions' logs, the key that signs local tokens.
STATE_FOLDER = ROOT / ".local"
LOGS = STATE_FOLDER / "logs"
