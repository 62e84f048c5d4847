"""Nothing that a command prints of the bucket, or of its own arguments, can steer the terminal."""

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from unicodedata import category

import pytest
import typer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ringvault.core.errors import InvalidRequestError
from ringvault.core.reconciliation.chain import verify_chain
from ringvault_cli.command import app
from ringvault_cli.terminal.screen import Screen, screen
from ringvault_cli.terminal.visible import visible
from ringvault_cli.vault.verify import show_faults

# Clear, home, conceal; the window's title; C1's CSI; DEL; a right-to-left override; half an emoji.
HOSTILE = "a\x1b[2J\x1b[H\x1b[8m\x1b]0;b\x07\x9b1m\x7f\u202ec\u2066\ud83d\r\nd\te"
TEXTS = st.text(st.characters(), max_size=30)


class Terminal(io.StringIO):
    """Somewhere to print that says it is a terminal: elsewhere typer strips what it knows."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def _asked(text: str) -> None:
    Screen(as_json=False).confirms(text, yes=False)


def _failed(text: str, *, as_json: bool) -> None:
    with pytest.raises(typer.Exit), screen(as_json=as_json):
        raise InvalidRequestError(text)


PEOPLE, MACHINE = Screen(as_json=False), Screen(as_json=True)
SURFACE: dict[str, Callable[[str], None]] = {
    "say": PEOPLE.say,
    "verbatim": PEOPLE.verbatim,
    "section": lambda text: PEOPLE.section(text, [(text, text)]),
    "points": lambda text: PEOPLE.points(text, [text]),
    "row": lambda text: PEOPLE.row(text, text),
    "answer": lambda text: MACHINE.answer({text: [text]}),
    "question": _asked,
    "error": lambda text: _failed(text, as_json=False),
    "error as JSON": lambda text: _failed(text, as_json=True),
}


@pytest.fixture
def _at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def printed(print_it: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what arrives at a terminal."""
    out = Terminal()
    with monkeypatch.context() as patch, redirect_stdout(out), redirect_stderr(out):
        patch.setattr("sys.stdin", Terminal("n\n"))
        print_it()
    return out.getvalue()


@pytest.mark.usefixtures("_at_a_terminal")
@pytest.mark.parametrize("name", SURFACE)
@given(text=TEXTS)
@example(text=HOSTILE)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_printed_has_a_glyph(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each way to print, given any text: only printable characters and our own line ends."""
    shown = printed(lambda: SURFACE[name](text), monkeypatch)

    assert shown.replace("\n", "").isprintable()


def test_a_line_end_in_a_value_begins_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an object's key could say that all is well, in a line of its own."""
    shown = printed(lambda: PEOPLE.verbatim("reports/\n12 objects: a whole chain"), monkeypatch)

    assert shown == "reports/\\n12 objects: a whole chain\n"


def test_the_key_of_a_forged_report_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The object is named, and the fault stays on the screen."""
    key = f"reports/reconciliation/{HOSTILE}"
    faults = verify_chain({key: b"{}"})
    shown = printed(lambda: show_faults(faults, number=1, shown=PEOPLE), monkeypatch)

    assert "reports/reconciliation/a\\x1b[2J" in shown
    assert faults[0].problem.split()[0] in shown


@pytest.mark.parametrize(
    "arguments",
    [
        [HOSTILE],
        [f"--{HOSTILE}"],
        ["status", HOSTILE],
        ["status", "--port", HOSTILE],
        ["hold", HOSTILE],
    ],
)
def test_a_usage_error_repeats_no_control_character(arguments: list[str]) -> None:
    """A wrong argument is repeated as typed, without what steers a terminal."""
    result = CliRunner().invoke(app, arguments, color=True)

    assert result.exit_code == 2
    assert [it for it in result.output if category(it) in {"Cc", "Cf", "Cs"} and it != "\n"] == []


@pytest.mark.parametrize("text", ["", "Zoë Ørsted", "日本", "a/b=c.mp3", "5 → 6 …", "\\x1b"])
def test_what_can_be_printed_stays_as_it_is(text: str) -> None:
    """Names in any script are shown as they are written."""
    assert visible(text) == text
