"""What a command ends with."""

from enum import IntEnum

from ringvault.core.errors import (
    ConflictError,
    CredentialsError,
    InvalidRequestError,
    NewerCatalogueError,
    RingvaultError,
)


class ExitStatus(IntEnum):
    """What a command ends with; docs/operations/command.md lists them."""

    OK = 0
    WRONG = 1  # something is missing, failed or refused: the archive needs a person
    USAGE = 2  # the command line is not valid, or its request is refused as it is
    UNREACHABLE = 3  # no stack, no permission, no network: nothing was done
    INTERRUPTED = 130  # Ctrl-C; completed work is kept, and the same command continues


def exit_status_of(error: RingvaultError) -> ExitStatus:
    """Return the exit status of a command that failed with the error."""
    if isinstance(error, InvalidRequestError):
        return ExitStatus.USAGE
    if isinstance(error, ConflictError | CredentialsError | NewerCatalogueError):
        return ExitStatus.WRONG
    return ExitStatus.UNREACHABLE
