"""Links, indexes and paths in the documents lead somewhere."""

import re
import subprocess
from pathlib import Path

import pytest

from local.places import ROOT
from tests.infrastructure.documents import DOCUMENTS, HEADING, anchors_of, prose_of, text_of

PACKAGE = ROOT / "layers" / "ringvault" / "ringvault"
ADRS = ROOT / "docs" / "adr"
LINK = re.compile(r"\]\(([^)#\s]*)#([^)\s]+)\)")
ADR_ROW = re.compile(r"^\| \[(\d+)\]\(([^)]+)\) \| (.+?) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)
# A path of a document in a text, with the heading that it names.
REFERENCE = re.compile(r"docs/[\w./-]*\w\.md(?:#[\w-]+)?")
# A word in backticks that is a path: it has a slash, or the ending of a file.
PATH = re.compile(r"`([a-z][\w.-]*(?:/[\w.-]+)+|[\w-]+\.(?:py|md|yaml|toml))`")
TOP_FOLDERS = ("functions", "layers", "local", "ringvault_cli", "supply_chain", "benchmarks")


def project_files() -> list[Path]:
    """Return every file that is, or is about to be, under version control."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603 - a fixed command
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def place_of(path: str) -> Path:
    """Return the file or folder that the architecture document means by a path."""
    in_package = PACKAGE / path
    return in_package if in_package.exists() else ROOT / path


def folders_of_code() -> set[str]:
    """Return every folder with code of its own, as the architecture document names it."""
    folders = {
        path.parent
        for path in project_files()
        if path.suffix in {".py", ".js"} and path.relative_to(ROOT).parts[0] in TOP_FOLDERS
    }
    relative = {
        folder.relative_to(PACKAGE if folder.is_relative_to(PACKAGE) else ROOT)
        for folder in folders - {PACKAGE}
    }
    suites = {
        path.relative_to(ROOT).parts[1]
        for path in project_files()
        if path.is_relative_to(ROOT / "tests") and len(path.relative_to(ROOT).parts) > 2
    }
    return {folder.as_posix() for folder in relative} | {f"tests/{name}" for name in suites}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """Each names a heading that is there."""
    for file, anchor in LINK.findall(text_of(path)):
        if "://" not in file:
            target = path.parent / file if file else path
            assert anchor in anchors_of(target), f"{file}#{anchor}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_linked_files_are_there(path: Path) -> None:
    """A document that was renamed takes the links to it along."""
    named = [it for it in re.findall(r"\]\(([^)#\s]+)", prose_of(path)) if "://" not in it]

    assert [it for it in named if not (path.parent / it).exists()] == []


def test_documents_that_other_files_name_are_there() -> None:
    """Messages, comments and the template name documents and headings that exist."""
    files = [it for it in project_files() if it.suffix in {".py", ".yaml", ".yml", ".md", ".toml"}]
    references = {
        reference for path in files for reference in REFERENCE.findall(path.read_text("utf-8"))
    }
    lost = [
        reference
        for reference in references
        for file, _, anchor in [reference.partition("#")]
        if not (ROOT / file).exists() or (anchor and anchor not in anchors_of(ROOT / file))
    ]

    assert references
    assert lost == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    """A page that no other page links to is not found."""
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        path = ahead.pop()
        if path in reached:
            continue
        reached.add(path)
        named = re.findall(r"\]\(([^)#\s]+\.md)[)#]", prose_of(path))
        ahead += [(path.parent / it).resolve() for it in named if "://" not in it]

    assert set(DOCUMENTS) - reached == set()


def test_every_decision_is_in_the_index() -> None:
    """With its number and title, in order; one that says that it is replaced says so there."""
    rows = ADR_ROW.findall(text_of(ADRS / "README.md"))
    records = sorted(ADRS.glob("[0-9]*.md"))

    assert [file for _, file, *_ in rows] == [path.name for path in records]
    for (number, _, title, status, replaced_by), path in zip(rows, records, strict=True):
        text = text_of(path)
        assert HEADING.findall(text)[0] == f"{number}. {title}"
        assert f"\nStatus: {status.partition(',')[0]}" in text
        replacing = re.findall(r"^Status: .*replaced by .*\(([^)]+)\)", text, re.MULTILINE)
        assert re.findall(r"\(([^)]+)\)", replaced_by) == replacing, path.name


def test_paths_of_the_architecture_are_there() -> None:
    """Each path in backticks exists, from the root or within the package."""
    paths = PATH.findall(text_of(ROOT / "docs" / "architecture.md"))

    assert len(paths) > 100
    assert [path for path in paths if not place_of(path).exists()] == []


def test_every_folder_is_on_the_map() -> None:
    """A folder that is new gets its line; one that is gone loses it."""
    text = text_of(ROOT / "docs" / "architecture.md")
    mapped = set(re.findall(r"^\| `([\w/]+)` \|", text, re.MULTILINE))

    assert folders_of_code() - mapped == set()
    assert [folder for folder in mapped if not place_of(folder).is_dir()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_names_a_tag(path: Path) -> None:
    """A tag may not exist yet, and is another one after the next release."""
    assert re.findall(r"\bv\d+\.\d+\.\d+\b", text_of(path)) == []
