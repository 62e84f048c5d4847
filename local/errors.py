"""What the local stack tells its user in one line, with the status it ends with."""


class LocalError(Exception):
    """The run can't go on; the text says what, where and what to do."""

    exit_status = 1


class SetupError(LocalError):
    """Something must be changed before the run can start."""

    exit_status = 2


class TemplateError(SetupError):
    """The template is broken, or has something that the local stack can't stand in for."""
