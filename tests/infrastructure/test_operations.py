"""docs/operations.md tells the truth about the command ringvault, whole."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from local.places import ROOT
from ringvault_cli.command import app

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND: Any = get_command(app)
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# At a prompt, behind a pipe, or within another command.
CALL = re.compile(r"(?:^ *(?:\$ )?|\| |\$\()(?:\.venv/bin/)?ringvault(?: ([^|)\n]*))?(?=$|[|)])")
SECTION = re.compile(r"^### ([^\n]+)\n(.*?)(?=^###? |\Z)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]*)#([^)\s]+)\)")
WIDTH = 80


def calls_in(text: str) -> list[str]:
    """Return the arguments of each call that the blocks of a document show."""
    lines = (line for _, block in BLOCK.findall(text) for line in block.splitlines())
    found = (call for line in lines for call in CALL.findall(line))
    return list(dict.fromkeys(call.strip() for call in found))


def part_called(call: str) -> tuple[Any, list[str]]:
    """Return what a call names, `hold add` for example, and the arguments that are left."""
    part, arguments = COMMAND, shlex.split(call, comments=True)
    while arguments and arguments[0] in getattr(part, "commands", {}):
        part = part.commands[arguments.pop(0)]
    return part, arguments


def leaves(part: Any = COMMAND, path: str = "") -> Iterator[str]:
    """Yield every command that does something: `status`, `hold add`."""
    if not hasattr(part, "commands"):
        yield path.strip()
        return
    for name, below in part.commands.items():
        yield from leaves(below, f"{path} {name}")


def anchors_of(text: str) -> set[str]:
    """Return what links to a document's headings are called."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", it).lower().replace(" ", "-") for it in headings}


@pytest.mark.parametrize("name", [*leaves()])
def test_every_command_is_shown_in_its_section(name: str) -> None:
    """Whoever knows its name finds how it is called."""
    section = dict(SECTION.findall(OPERATIONS))[name.split(maxsplit=1)[0]]

    assert any(call == name or call.startswith(f"{name} ") for call in calls_in(section))


@pytest.mark.parametrize("call", [*calls_in(OPERATIONS), *calls_in(README)])
def test_every_call_that_is_shown_makes_sense(call: str) -> None:
    """The command takes it: no option is of another version, none that it needs is left out."""
    part, arguments = part_called(call)

    if hasattr(part, "commands"):
        options = {name for parameter in part.params for name in parameter.opts} | {"--help"}
        assert set(arguments) <= options, call
    else:
        part.make_context(part.name, arguments)


def test_outputs_fit_the_screen() -> None:
    """Only what is JSON is longer."""
    outputs = "".join(block for kind, block in BLOCK.findall(OPERATIONS) if kind == "text")

    assert outputs
    assert not [it for it in outputs.splitlines() if len(it) > WIDTH and it[0] != "{"]


def test_contents_name_every_section() -> None:
    """The table of contents has each heading once, in the order of the document."""
    contents = re.findall(r"\(#([^)]+)\)", OPERATIONS[: OPERATIONS.index("\n## ")])
    below = BLOCK.sub("", OPERATIONS[OPERATIONS.index("\n## ") :])
    in_order = re.findall(r"^###? (.+)$", below, re.MULTILINE)

    assert contents == [next(iter(anchors_of(f"# {heading}"))) for heading in in_order]


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])
def test_links_lead_somewhere(path: Path) -> None:
    """Each names a heading that is there."""
    for file, anchor in LINK.findall(path.read_text(encoding="utf-8")):
        if "://" not in file:
            target = path.parent / file if file else path
            assert anchor in anchors_of(target.read_text(encoding="utf-8")), f"{file}#{anchor}"


@pytest.mark.parametrize(
    "path", [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
)
def test_linked_files_are_there(path: Path) -> None:
    """A document that was renamed takes the links to it along."""
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    named = [it for it in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in it]

    assert [it for it in named if not (path.parent / it).exists()] == []
