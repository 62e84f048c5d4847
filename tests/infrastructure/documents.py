"""The documents of the repository: their texts, headings, links and calls."""

import re
from pathlib import Path

from local.places import ROOT

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def text_of(path: Path) -> str:
    """Return the text of a document."""
    return path.read_text(encoding="utf-8")


def prose_of(path: Path) -> str:
    """Return the text of a document without its blocks of code."""
    return BLOCK.sub("", text_of(path))


def anchor_of(heading: str) -> str:
    """Return the anchor by which links name a heading."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def anchors_of(path: Path) -> set[str]:
    """Return the anchors of a document's headings."""
    return {anchor_of(heading) for heading in HEADING.findall(prose_of(path))}
