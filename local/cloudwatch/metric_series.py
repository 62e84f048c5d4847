"""One metric of the local CloudWatch, period by period."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from local.moto.clients import Client

Series = list[float | None]


def series(
    cloudwatch: Client,
    metric: Mapping[str, Any],
    *,
    statistic: str,
    period_s: int,
    periods: int,
    at: datetime,
) -> Series:
    """Return a metric's values in the periods that end at `at`, oldest first.

    None stands for a period without a value.
    """
    end = at.replace(microsecond=0)
    start = end - timedelta(seconds=period_s * periods)
    stat = {"Metric": metric, "Period": period_s, "Stat": statistic}
    [result] = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "values", "MetricStat": stat}],
        StartTime=start,
        EndTime=end,
        ScanBy="TimestampAscending",
    )["MetricDataResults"]
    values: Series = [None] * periods
    for told_at, value in zip(result["Timestamps"], result["Values"], strict=True):
        values[int((told_at - start).total_seconds() // period_s)] = value
    return values
