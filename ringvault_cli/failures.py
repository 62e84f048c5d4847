"""What went wrong, in a person's words: the exit status, and what to do next."""

from enum import IntEnum

from ringvault.core.errors import (
    ConfigurationError,
    ConflictError,
    CredentialsError,
    InvalidRequestError,
    NewerCatalogueError,
    RingvaultError,
)


class ExitStatus(IntEnum):
    """What a command ends with; docs/operations/command.md tells them to people."""

    OK = 0
    WRONG = 1  # something is missing, failed or refused: the archive needs a person
    USAGE = 2  # what was asked for makes no sense
    UNREACHABLE = 3  # no stack, no permission, no network: nothing was done
    INTERRUPTED = 130  # Ctrl-C; what was done stays done, and the same command goes on


# What AWS and boto3 call it, and what to do about it; the first that is named wins.
_ADVICE = {
    "refuses the sign-in": "get what it names from RingCentral's developer console, and try again",
    "missing from the RingCentral secret": "give what it names: ringvault configure",
    "the file is not": "download it anew from RingCentral's developer console",
    "from the file": "download it anew from RingCentral's developer console",
    "NoCredentials": "sign in (aws sso login), or name a profile with --profile",
    "ProfileNotFound": "name one of aws configure list-profiles with --profile",
    "NoRegion": "name the stack's region with --region",
    "Expired": "sign in again: aws sso login",
    "Token": "sign in again: aws sso login",
    "InvalidClientTokenId": "sign in again: aws sso login",
    "AccessDenied": "your user lacks a right: docs/operations/command.md, Rights, has all",
    "EndpointConnection": "is the network there, and with --local the stack?",
    "ConnectTimeout": "is the network there, and with --local the stack?",
    "no stack runs": "start one with make run, or name its page's port with --port",
    "there is no stack": "name it with --stack, its region with --region",
    "deploy this version": "make build, then sam deploy",
    "newer release": "deploy that release, or a later one",
}


def exit_status_of(error: RingvaultError) -> ExitStatus:
    """Return what a command ends with that met the error."""
    if isinstance(error, InvalidRequestError):
        return ExitStatus.USAGE
    if isinstance(error, ConfigurationError):
        return ExitStatus.UNREACHABLE
    if isinstance(error, ConflictError | CredentialsError | NewerCatalogueError):
        return ExitStatus.WRONG
    return ExitStatus.UNREACHABLE


def advice_for(error: RingvaultError) -> str:
    """Return what to do next."""
    if isinstance(error, InvalidRequestError):
        return "ask differently; --help tells how"
    text = str(error)
    found = (advice for sign, advice in _ADVICE.items() if sign in text)
    return next(found, "try again; where it stays so, docs/operations/README.md helps")
