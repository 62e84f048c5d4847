"""The canonical log line: one JSON line for each unit of work."""

from functools import cache

from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    """Return the logger of this function; named and levelled by Powertools' own variables."""
    return Logger(use_rfc3339=True, utc=True)
