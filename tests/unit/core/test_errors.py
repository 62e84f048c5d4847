"""The tree of errors: what is drawn is what there is."""

import ast
import re
from collections.abc import Iterator

from local.places import ROOT
from ringvault.core import errors
from ringvault.core.errors import ConfigurationError, NewerCatalogueError, RingvaultError

PACKAGE = ROOT / "layers" / "ringvault" / "ringvault"
DRAWN = re.compile(r"^(?P<branch>(?:[│ ]   )*[├└]── )(?P<name>\w+Error) ", re.MULTILINE)


def drawn_parents(drawing: str) -> dict[str, str]:
    """Return the parent of each error in the drawing; the root has none."""
    path, parents = ["RingvaultError"], {}
    for line in DRAWN.finditer(drawing):
        depth = len(line["branch"]) // 4
        del path[depth:]
        parents[line["name"]] = path[-1]
        path.append(line["name"])
    return parents


def declared_classes() -> Iterator[tuple[str, list[str]]]:
    """Yield each class of the package with the names of its parents."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield node.name, [ast.unparse(base) for base in node.bases]


def test_the_drawing_has_every_public_error_with_its_parent() -> None:
    """Whoever looks for an error finds it in one place, wherever it is defined."""
    classes = dict(declared_classes())
    found: dict[str, str] = {}
    waiting = ["RingvaultError"]
    while waiting:
        parent = waiting.pop()
        children = [name for name, parents in classes.items() if parent in parents]
        found |= dict.fromkeys(children, parent)
        waiting += children
    public = {name: parent for name, parent in found.items() if not name.startswith("_")}

    assert len(public) > 30
    assert drawn_parents(str(errors.__doc__)) == public


def test_a_missing_error_is_found() -> None:
    """The rule of the drawing can fail: depth and order decide who is whose parent."""
    drawing = "RingvaultError\n├── AError  x\n│   └── BError  x\n└── CError  x\n"

    assert drawn_parents(drawing) == {
        "AError": "RingvaultError",
        "BError": "AError",
        "CError": "RingvaultError",
    }


def test_every_kind_of_error_carries_a_hint_and_none_is_in_its_text() -> None:
    """The text says what happened, which logs keep; the hint is for the person at the terminal."""
    made = [
        RingvaultError("a", hint="do"),
        ConfigurationError(["a"], hint="do"),
        NewerCatalogueError("1", "a", hint="do"),
    ]

    assert [error.hint for error in made] == ["do"] * 3
    assert not [error for error in made if "do" in str(error)]
    assert RingvaultError("a").hint == ""
