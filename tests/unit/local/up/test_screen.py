"""What the local stack shows of a run."""

from collections import Counter

import pytest

from local.up.screen import Lines, Terminal
from local.up.stored import Tally

HOSTILE = "a\x1b[2J\x9b1m\x7f\u202e\n[bold]b"


@pytest.mark.parametrize("screen", [Lines, Terminal])
def test_a_line_steers_no_terminal(
    screen: type[Lines] | type[Terminal], capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault's text comes from outside: what has no glyph in it is shown as an escape."""
    screen().say(HOSTILE)

    assert capsys.readouterr().out == "a\\x1b[2J\\x9b1m\\x7f\\u202e\\n[bold]b\n"


@pytest.mark.parametrize("screen", [Lines, Terminal])
def test_nothing_listed_is_no_progress(
    screen: type[Lines] | type[Terminal], capsys: pytest.CaptureFixture[str]
) -> None:
    """No of no recordings archived would be a full bar before the call log has been read."""
    shown = screen()
    shown.progress(Tally(Counter(), 0))
    shown.close()

    assert "0/0" not in capsys.readouterr().out
