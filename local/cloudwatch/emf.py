"""Turns EMF log lines of the functions into metrics, as CloudWatch does."""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.moto.clients import Aws, Client

_LOOK_EVERY_S = 1.0
# The limit of PutMetricData is a thousand.
_MAX_AT_ONCE = 500
Datum = dict[str, Any]


def put_metrics(lines: Iterable[str], *, aws: Aws) -> None:
    """Put every metric in the lines; lines that are not EMF are ignored."""
    cloudwatch = aws.client("cloudwatch")
    by_namespace: dict[str, list[Datum]] = {}
    for line in lines:
        for namespace, datum in _metrics_in(line):
            by_namespace.setdefault(namespace, []).append(datum)
    for namespace, data in by_namespace.items():
        _put(cloudwatch, namespace, data)


def _put(cloudwatch: Client, namespace: str, data: list[Datum]) -> None:
    for start in range(0, len(data), _MAX_AT_ONCE):
        cloudwatch.put_metric_data(
            Namespace=namespace, MetricData=data[start : start + _MAX_AT_ONCE]
        )


def _metrics_in(line: str) -> Iterator[tuple[str, Datum]]:
    if '"_aws"' not in line:
        return
    told: Any = json.loads(line)
    at = datetime.fromtimestamp(told["_aws"]["Timestamp"] / 1000, tz=UTC)
    for directive in told["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = [{"Name": name, "Value": told[name]} for name in names]
            for metric in directive["Metrics"]:
                value = told[metric["Name"]]
                yield (
                    directive["Namespace"],
                    {
                        "MetricName": metric["Name"],
                        "Unit": metric["Unit"],
                        "Values": value if isinstance(value, list) else [value],
                        "Timestamp": at,
                        "Dimensions": dimensions,
                    },
                )


@contextmanager
def forwarding_metrics(logs: Path, *, aws: Aws) -> Iterator[None]:
    """Put the metrics of the functions' logs, every second and once more at the end."""
    follower = _Follower(logs, aws)
    stop = threading.Event()
    thread = threading.Thread(target=follower.follow, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _Follower:
    """Reads each log from its last position; an unfinished line is left for later."""

    def __init__(self, logs: Path, aws: Aws) -> None:
        self._logs = logs
        self._aws = aws
        self._read_to: dict[Path, int] = {}

    def follow(self, stop: threading.Event) -> None:
        while not stop.wait(_LOOK_EVERY_S):
            self._look()
        self._look()

    def _look(self) -> None:
        for log in sorted(self._logs.glob("*Function.log")):
            put_metrics(self._new_lines(log), aws=self._aws)

    def _new_lines(self, log: Path) -> list[str]:
        with log.open("rb") as file:
            file.seek(self._read_to.get(log, 0))
            whole, end, _ = file.read().rpartition(b"\n")
        self._read_to[log] = self._read_to.get(log, 0) + len(whole) + len(end)
        return whole.decode(errors="replace").splitlines()
