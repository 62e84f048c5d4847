"""Mistakes on the command line, printed as every other error is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from typer.exceptions import TyperException

from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.terminal.screen import see_help, show_problem


@contextmanager
def usage_errors() -> Iterator[None]:
    """Print what typer finds wrong with the command line, and end with 2."""
    try:
        yield
    except TyperException as error:
        context = getattr(error, "ctx", None)
        if context is not None and error.message == context.get_help():
            typer.echo(error.message, err=True)  # no command was given
        else:
            command = context.command_path if context is not None else "ringvault"
            show_problem(_problem(error), see_help(command))
        raise typer.Exit(ExitStatus.USAGE) from error


def _problem(error: TyperException) -> str:
    """Return what is wrong; typer repeats the sentences of pydantic, which are about code."""
    faults = getattr(error.__cause__, "errors", None)
    parameter = getattr(error, "param", None)
    if faults is None or parameter is None:
        return error.format_message().rstrip(".")
    fault: Mapping[str, Any] = faults()[0]
    return f"{parameter.opts[0]} {fault['input']}: {_must(fault)}"


def _must(fault: Mapping[str, Any]) -> str:
    known = fault.get("ctx", {})
    match fault["type"]:
        case "greater_than_equal":
            return f"must be at least {known['ge']}"
        case "less_than_equal":
            return f"must be at most {known['le']}"
        case "int_parsing":
            return "must be a whole number"
    return str(known.get("error", "is not valid")).rstrip(".")
