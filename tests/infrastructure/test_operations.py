"""docs/operations/ tells the truth about the command ringvault, whole."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from local.places import ROOT
from ringvault_cli.command import app
from tests.infrastructure.documents import BLOCK, anchor_of, prose_of, text_of

FOLDER = ROOT / "docs" / "operations"
PAGES = sorted(set(FOLDER.glob("*.md")) - {FOLDER / "README.md"})
OPERATIONS = "\n".join(map(text_of, PAGES))
README = text_of(ROOT / "README.md")
COMMAND: Any = get_command(app)
# At a prompt, behind a pipe, or within another command.
CALL = re.compile(r"(?:^ *(?:\$ )?|\| |\$\()(?:\.venv/bin/)?ringvault(?: ([^|)\n]*))?(?=$|[|)])")
SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^##? |\Z)", re.MULTILINE | re.DOTALL)
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


@pytest.mark.parametrize("name", [*leaves()])
def test_every_command_is_shown_in_its_section(name: str) -> None:
    """A command is looked up by its name, and shown with its call."""
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


def test_the_index_names_every_section() -> None:
    """It has each page, and each of its headings once, in the order of the page."""
    index = text_of(FOLDER / "README.md")
    named = re.findall(r"\(([\w-]+\.md)#([^)]+)\)", index)
    pages = re.findall(r"\(([\w-]+\.md)\)", index)

    assert sorted(pages) == [path.name for path in PAGES]
    assert named == [
        (page, anchor_of(heading))
        for page in pages
        for heading in re.findall(r"^###? (.+)$", prose_of(FOLDER / page), re.MULTILINE)
    ]
