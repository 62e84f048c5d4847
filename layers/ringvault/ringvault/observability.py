"""The canonical log line, one for each unit of work, and metrics in CloudWatch's EMF."""

import traceback
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from ringvault.core.errors import RingvaultError

NAMESPACE = "ringvault"

# Everything that is measured, and its unit; docs/metrics.md says what each means.
UNITS: Mapping[str, str] = MappingProxyType(
    {
        "AgeOfOldestPending": "Seconds",
        "BytesArchived": "Bytes",
        "CatalogueItemsUnreadable": "Count",
        "ConfigurationFaults": "Count",
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
        "RecordingsNotServed": "Count",
        "RecordingsRefused": "Count",
        "RecordingsUnreadable": "Count",
        "RecordingsUnrecognised": "Count",
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


def failure_of(error: Exception) -> dict[str, Any]:
    """Count what a unit of work failed with; return what its line and its answer may say of it.

    An error of ours says it in its text. Any other's may quote whatever did not fit, a number or a
    name too, so of a defect only `where` is told. Nothing of the kind is left to Lambda, which
    would log the text and return it.
    """
    name = type(error).__name__
    count_error(name)
    if isinstance(error, RingvaultError):
        return {"error": name, "problem": str(error)}
    return {"error": name, "problem": "a defect of ringvault", "where": where(error)}


def where(error: Exception) -> list[str]:
    """Return the last frames of a defect."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def measure(values: Mapping[str, float], **dimensions: str) -> None:
    """Write one metric line with these values; 0 is told too.

    Its dimensions are Powertools' `service`, which is the stack's name, and those given.
    """
    metrics = Metrics(namespace=NAMESPACE)
    for name, value in values.items():
        metrics.add_metric(name=name, unit=UNITS[name], value=value)
    for name, fields in dimensions.items():
        metrics.add_dimension(name=name, value=fields)
    metrics.flush_metrics()
