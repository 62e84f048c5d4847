"""The canonical log line, one for each unit of work, and metrics in CloudWatch's EMF."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from aws_lambda_powertools import Logger, Metrics

NAMESPACE = "ringvault"

# Everything that is measured, and its unit; docs/metrics.md says what each means.
UNITS: Mapping[str, str] = MappingProxyType(
    {
        "AgeOfOldestPending": "Seconds",
        "BytesArchived": "Bytes",
        "CredentialsRefused": "Count",
        "DaysToNearestDeletion": "None",
        "Errors": "Count",
        "ListingRun": "Count",
        "Pending": "Count",
        "PermissionLost": "Count",
        "PlaybackAuditFailed": "Count",
        "ReconciliationRun": "Count",
        "ReconciliationStep": "Count",
        "RecordingsAbsent": "Count",
        "RecordingsArchived": "Count",
        "RecordingsExpired": "Count",
        "RecordingsFailed": "Count",
        "RecordingsListed": "Count",
        "RecordingsMissing": "Count",
        "RequestsPermitted": "Count/Second",
        "RequestsSent": "Count",
        "RequestsThrottled": "Count",
    }
)


@cache
def logger() -> Logger:
    """Return the logger of this function; named and levelled by Powertools' own variables."""
    return Logger(use_rfc3339=True, utc=True)


def count(names: Iterable[str]) -> None:
    """Write one metric line that counts each name once for each time it occurs."""
    counts = Counter(names)
    if counts:
        measure(counts)


def count_error(reason: str) -> None:
    """Count one error under its reason, the name of an exception."""
    measure({"Errors": 1}, reason=reason)


def measure(values: Mapping[str, float], **dimensions: str) -> None:
    """Write one metric line with these values; 0 is told too.

    Its dimensions are Powertools' `service`, which is the stack's name, and those given.
    """
    metrics = Metrics(namespace=NAMESPACE)
    for name, value in values.items():
        metrics.add_metric(name=name, unit=UNITS[name], value=value)
    for name, told in dimensions.items():
        metrics.add_dimension(name=name, value=told)
    metrics.flush_metrics()
