"""The canonical log line: one JSON line for each unit of work."""

from collections.abc import Iterable
from functools import cache

from aws_lambda_powertools import Logger

NAMESPACE = "ringvault"


@cache
def logger() -> Logger:
    """Return the logger of this function; named and levelled by Powertools' own variables."""
    return Logger(use_rfc3339=True, utc=True)


def count(names: Iterable[str]) -> None:
    """Write one metric line that counts each name once for each time it occurs."""
    names = tuple(names)
    if not names:
        return
    # Imported here: nearly every invocation has nothing to count, and no cold start pays for it.
    from aws_lambda_powertools import Metrics  # noqa: PLC0415 - see above
    from aws_lambda_powertools.metrics import MetricUnit  # noqa: PLC0415 - see above

    metrics = Metrics(namespace=NAMESPACE)
    for name in names:
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
    metrics.flush_metrics()
