"""The local stack's errors: one line for the user, and the exit status."""


class LocalError(Exception):
    """The run can't continue; the text says what, where and what to do."""

    exit_status = 1


class SetupError(LocalError):
    """Something must be changed before the run can start."""

    exit_status = 2


class TemplateError(SetupError):
    """The template is broken, or has something that the local stack can't simulate."""
