"""What the local stack shows of a run."""

import pytest

from local.up.screen import Lines, Terminal

HOSTILE = "a\x1b[2J\x9b1m\x7f\u202e\n[bold]b"


@pytest.mark.parametrize("screen", [Lines, Terminal])
def test_a_line_steers_no_terminal(
    screen: type[Lines] | type[Terminal], capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault's text comes from outside: what has no glyph in it is shown as an escape."""
    screen().say(HOSTILE)

    assert capsys.readouterr().out == "a\\x1b[2J\\x9b1m\\x7f\\u202e\\n[bold]b\n"
