"""The metrics of a stack in CloudWatch."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ringvault.adapters.aws.errors import aws_errors

_NAMESPACE = "ringvault"
_PERIOD = timedelta(minutes=5)
_HOUR = timedelta(hours=1)


class StackMetrics:
    """Reads the metrics of one stack; each method sends one request."""

    def __init__(self, stack_name: str, client: Any) -> None:  # noqa: ANN401 - boto3's own
        self._dimensions = [{"Name": "service", "Value": stack_name}]
        self._client = client

    def archived_since(self, at: datetime, *, now: datetime) -> int:
        """Return how many recordings were archived since `at`."""
        metrics = self._metrics({"RecordingsArchived": "Sum"}, at, now)
        return round(sum(metrics["RecordingsArchived"]))

    def quota_used(self, *, now: datetime) -> float | None:
        """Return the share of the quota used in the last hour; None where it is unknown."""
        metrics = self._metrics(
            {"RequestsSent": "Sum", "RequestsPermitted": "Maximum"}, now - _HOUR, now
        )
        permitted = max(metrics["RequestsPermitted"], default=0)
        if not permitted:
            return None
        return sum(metrics["RequestsSent"]) / _HOUR.total_seconds() / permitted

    def _metrics(
        self, statistics: Mapping[str, str], from_at: datetime, to_at: datetime
    ) -> Mapping[str, Sequence[float]]:
        queries = [
            {"Id": f"m{number}", "MetricStat": self._statistic(name, statistic)}
            for number, (name, statistic) in enumerate(statistics.items())
        ]
        with aws_errors("read the metrics"):
            results = self._client.get_metric_data(
                MetricDataQueries=queries, StartTime=from_at, EndTime=to_at
            )["MetricDataResults"]
        values = {result["Id"]: result["Values"] for result in results}
        return {name: values[f"m{number}"] for number, name in enumerate(statistics)}

    def _statistic(self, name: str, statistic: str) -> Mapping[str, Any]:
        metric = {"Namespace": _NAMESPACE, "MetricName": name, "Dimensions": self._dimensions}
        return {"Metric": metric, "Period": int(_PERIOD.total_seconds()), "Stat": statistic}
