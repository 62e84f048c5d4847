"""The command and its parts, in the order in which --help lists them."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ringvault_cli.archive.backfill import backfill
from ringvault_cli.archive.plan import plan
from ringvault_cli.archive.reconcile import reconcile
from ringvault_cli.archive.retry import retry
from ringvault_cli.archive.status import status
from ringvault_cli.setup.configure import configure
from ringvault_cli.setup.doctor import doctor
from ringvault_cli.usage_errors import usage_errors
from ringvault_cli.vault.erase import erase
from ringvault_cli.vault.hold import hold
from ringvault_cli.vault.rebuild_catalogue import rebuild_catalogue
from ringvault_cli.vault.rebuild_index import rebuild_index
from ringvault_cli.vault.retention import retention
from ringvault_cli.vault.verify import verify

_EPILOG = """Exit status: 0 success; 1 something is missing, failed or refused; 2 invalid command
line or request; 3 the stack can't be reached or used; 130 interrupted."""


class _Commands(TyperGroup):
    """The commands; a usage error is printed as every other error is."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - typer's own
        with usage_errors():
            return super().make_context(*arguments, **more)

    def invoke(self, *arguments: Any) -> Any:  # noqa: ANN401 - typer's own
        with usage_errors():
            return super().invoke(*arguments)


# Plain help is one that every terminal and every screen reader shows, and starts at once.
app = typer.Typer(
    name="ringvault",
    cls=_Commands,
    help="Manage an archive of RingCentral call recordings in your own S3 bucket.",
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (
    configure,
    doctor,
    plan,
    status,
    backfill,
    reconcile,
    retry,
    verify,
    rebuild_catalogue,
    rebuild_index,
):
    app.command()(command)
app.add_typer(hold, name="hold")
app.command()(erase)
app.command()(retention)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if asked:
        from importlib.metadata import version

        typer.echo(f"ringvault {version('ringvault')}")
        raise typer.Exit


@app.callback()
def ringvault(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version of this command and exit.",
        ),
    ] = False,
) -> None:
    """Manage an archive of RingCentral call recordings in your own S3 bucket."""
