"""The canonical log line: one JSON line for each unit of work."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from aws_lambda_powertools import Logger

NAMESPACE = "ringvault"


@cache
def logger() -> Logger:
    """Return the logger of this function; named and levelled by Powertools' own variables."""
    return Logger(use_rfc3339=True, utc=True)


def count(names: Iterable[str]) -> None:
    """Write one metric line that counts each name once for each time it occurs."""
    counts = Counter(names)
    if counts:
        measure(counts)


def measure(values: Mapping[str, int]) -> None:
    """Write one metric line with these values; 0 is told too."""
    # Imported here: nearly every invocation has nothing to count, and no cold start pays for it.
    from aws_lambda_powertools import Metrics  # noqa: PLC0415 - see above
    from aws_lambda_powertools.metrics import MetricUnit  # noqa: PLC0415 - see above

    metrics = Metrics(namespace=NAMESPACE)
    for name, value in values.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.flush_metrics()
