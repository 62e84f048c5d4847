"""`ringvault configure`: store RingCentral's credentials, once RingCentral accepts them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ringvault.core.errors import InvalidRequestError
from ringvault.core.operations.configure import Change, Configured, lacks_app, read_change
from ringvault.core.operations.configure import configure as configured
from ringvault.core.operations.doctor import Level
from ringvault.core.ringcentral.credentials import ONLY_SERVICE_USER, Credentials
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.terminal.screen import Screen

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack
    from ringvault.core.ringcentral.access_token import AccessToken

STANDARD_INPUT = "-"


@on_stack
def configure(
    place: Place,
    shown: Screen,
    *,
    file: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Credential file from RingCentral's developer console, or JSON; - reads stdin.",
        ),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Add this service user, or replace its JWT."),
    ] = None,
    remove: Annotated[
        str | None, typer.Option(metavar="NAME", help="Remove this service user.")
    ] = None,
) -> None:
    """Store RingCentral's credentials in the secret.

    Prompts for them without echo, unless --file has them. Each service user with new credentials
    signs in first: if RingCentral refuses one, nothing is changed. Other service users are kept.
    The functions use the new credentials from their next run on.
    """
    _require_sense(file=file, user=user, remove=remove)
    deployed = place.open()

    from ringvault.adapters.aws.secret import CredentialsSecret

    secret = CredentialsSecret(
        deployed.output("RingCentralSecretArn"), deployed.client("secretsmanager")
    )
    change = _change(file, user, remove, asks_for_app=lambda: lacks_app(secret.text()) or not user)
    sign_in, keep = _signing_in(deployed)
    with shown.bar("signing in"):
        done = configured(change, secret=secret, sign_in=sign_in, keep=keep)
    _show(done, shown)
    _show_media_host(deployed, done, shown)


def _require_sense(*, file: str | None, user: str | None, remove: str | None) -> None:
    if remove is not None and (file is not None or user is not None):
        raise InvalidRequestError("--remove can't be combined with --file or --user")
    if file is None and remove is None and not sys.stdin.isatty():
        raise InvalidRequestError(
            "there is no terminal to prompt on", hint="give --file PATH, or --file - for stdin"
        )


def _change(
    file: str | None, user: str | None, remove: str | None, *, asks_for_app: Callable[[], bool]
) -> Change:
    if remove is not None:
        return Change(removed=remove)
    if file is not None:
        return read_change(_text_of(file), user=user)
    has_app = not asks_for_app()
    return Change(
        client_id=None if has_app else _asked("Client ID"),
        client_secret=None if has_app else _asked("Client secret"),
        jwts={user or ONLY_SERVICE_USER: _asked("JWT")},
    )


def _asked(what: str) -> str:
    answer: str = typer.prompt(f"{what} (not shown)", hide_input=True, err=True)
    return answer.strip()


def _text_of(file: str) -> str:
    """Return the text of a file; the error names neither content nor more than the path."""
    try:
        return sys.stdin.read() if file == STANDARD_INPUT else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"{file} can't be read: {type(error).__name__}") from None


def _signing_in(
    deployed: "DeployedStack",
) -> "tuple[Callable[[str, Credentials], AccessToken], Callable[[str, AccessToken], None]]":
    """Return what signs a service user in, and what keeps the token for the functions."""
    from ringvault.adapters.ringcentral.connect import sign_in_of, token_store, transport_to

    settings, dynamodb = deployed.ringcentral, deployed.client("dynamodb")
    kms, transport = deployed.client("kms"), transport_to(deployed.ringcentral)

    def sign_in(service_user: str, credentials: Credentials) -> "AccessToken":
        return sign_in_of(
            service_user,
            settings=settings,
            dynamodb=dynamodb,
            credentials=lambda: credentials,
            transport=transport,
        )()

    def keep(service_user: str, token: "AccessToken") -> None:
        token_store(service_user, settings=settings, dynamodb=dynamodb, kms=kms).save(token)

    return sign_in, keep


def _show_media_host(deployed: "DeployedStack", done: Configured, shown: Screen) -> None:
    """Say so where recordings lie on a host that the stack does not look at."""
    from ringvault_cli.setup.doctor import show
    from ringvault_cli.setup.ringcentral_checks import media_host_of_newest

    for name in done.signed_in[:1]:
        finding = media_host_of_newest(deployed, name)
        if finding.level is Level.FAIL:
            show(finding, shown)


def _show(done: Configured, shown: Screen) -> None:
    shown.say(f"signed in: {', '.join(done.signed_in) or 'none, because no credentials are new'}")
    shown.say(f"service users in the secret: {', '.join(done.service_users)}")
    shown.answer({"service_users": list(done.service_users), "signed_in": list(done.signed_in)})
