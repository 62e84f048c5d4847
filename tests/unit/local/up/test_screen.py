"""What the local stack shows of a run."""

from collections import Counter

import pytest

from local.up.screen import Lines, Terminal
from local.up.stored import Tally
from local.up.summary import Summary

HOSTILE = "a\x1b[2J\x9b1m\x7f\u202e\n[bold]b"


@pytest.mark.parametrize("screen", [Lines, Terminal])
def test_a_line_steers_no_terminal(
    screen: type[Lines] | type[Terminal], capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault's text comes from outside: what has no glyph in it is shown as an escape."""
    screen().say(HOSTILE)

    assert capsys.readouterr().out == "a\\x1b[2J\\x9b1m\\x7f\\u202e\\n[bold]b\n"


@pytest.mark.parametrize("screen", [Lines, Terminal])
def test_each_line_of_the_summary_says_what_is_counted(
    screen: type[Lines] | type[Terminal], capsys: pytest.CaptureFixture[str]
) -> None:
    """A name of a field, such as open_uploads, explains nothing."""
    summary = Summary(
        listed=40,
        archived=40,
        absent=0,
        failed=0,
        missing=0,
        differing=0,
        unexpected=0,
        open_uploads=0,
        bytes=30_600_000,
        requests=50,
        throttled=0,
        unreconciled=None,
        report=None,
        seconds=20.0,
    )
    screen().table(summary)

    shown = capsys.readouterr().out
    assert "unfinished uploads" in shown
    assert "_" not in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("screen", [Lines, Terminal])
def test_nothing_listed_is_no_progress(
    screen: type[Lines] | type[Terminal], capsys: pytest.CaptureFixture[str]
) -> None:
    """No of no recordings archived would be a full bar before the call log has been read."""
    shown = screen()
    shown.progress(Tally(Counter(), 0))
    shown.close()

    assert "0/0" not in capsys.readouterr().out
