"""EMF lines in the functions' logs become metrics of the local CloudWatch."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from local.cloudwatch.emf import forwarding_metrics, put_metrics
from local.cloudwatch.metric_series import series
from local.lambda_.host import Host
from local.moto.clients import Aws

AT = datetime.now(UTC).replace(microsecond=0)


def emf(stack: str, value: Any, *, unit: str = "Count") -> str:
    """Return a line as Powertools writes it."""
    directive = {
        "Namespace": "ringvault",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "Told", "Unit": unit}],
    }
    aws = {"Timestamp": int(AT.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": aws, "service": stack, "Told": value})


def told(aws: Aws, stack: str) -> float | None:
    """Return the sum of what a stack told."""
    dimensions = [{"Name": "service", "Value": stack}]
    metric = {"Namespace": "ringvault", "MetricName": "Told", "Dimensions": dimensions}
    [value] = series(
        aws.client("cloudwatch"),
        metric,
        statistic="Sum",
        period_s=300,
        periods=1,
        at=AT + timedelta(seconds=60),
    )
    return value


def test_values_of_a_line_are_a_metric(aws: Aws) -> None:
    """One value or many, with their dimensions; other lines tell nothing."""
    lines = [emf("a", [1.0, 2.0]), emf("a", 4), '{"message": "request"}', "Traceback", emf("b", 8)]
    put_metrics(lines, aws=aws)
    assert (told(aws, "a"), told(aws, "b"), told(aws, "c")) == (7, 8, None)


def test_a_log_is_followed_to_its_end(aws: Aws, host: Host) -> None:
    """What was written when it ends has been told once; half a line is none."""
    log = host.logs / "ListRecordingsFunction.log"
    with forwarding_metrics(host.logs, aws=aws):
        log.write_text(f"{emf('followed', 1)}\n{emf('followed', 2)}\n{emf('followed', 4)[:40]}")
    assert told(aws, "followed") == 3
