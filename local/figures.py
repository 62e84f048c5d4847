"""The dashboard's figures as they are now, from the metrics of the local CloudWatch."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.aws import Client
from local.metric_math import Search, calculated, search_of
from local.metric_series import Series, series

# A figure is the newest value of so many periods.
_PERIODS = 12
Widget = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of one widget; `value` is None where nothing has told it yet."""

    title: str
    label: str
    value: float | None


def figures_of(cloudwatch: Client, dashboard_name: str, *, at: datetime) -> list[Figure]:
    """Return what a dashboard shows at an instant, in its order.

    Raises:
        TemplateError: an expression has something that the local stack doesn't know.
    """
    body = cloudwatch.get_dashboard(DashboardName=dashboard_name)["DashboardBody"]
    return [
        Figure(widget["properties"]["title"], label, _newest(values))
        for widget in json.loads(body)["widgets"]
        for label, values in _lines(cloudwatch, widget["properties"], at)
    ]


def _newest(values: Series) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def _lines(cloudwatch: Client, widget: Widget, at: datetime) -> Iterator[tuple[str, Series]]:
    known: dict[str, Series] = {}
    for first, *rest in widget["metrics"]:
        is_expression = isinstance(first, dict)
        options: Mapping[str, Any] = first if is_expression else rest[-1]
        if is_expression and (search := search_of(options["expression"])):
            yield from _found(cloudwatch, search, at)
            continue
        if is_expression:
            values = calculated(options["expression"], known=known, period_s=widget["period"])
        else:
            values = _stat(cloudwatch, widget, [first, *rest[:-1]], options, at)
        known[options.get("id", "")] = values
        if options.get("visible", True):
            yield options["label"], values


def _stat(
    cloudwatch: Client, widget: Widget, parts: list[str], options: Mapping[str, Any], at: datetime
) -> Series:
    statistic = options.get("stat", widget["stat"])
    namespace, name, *pairs = parts
    dimensions = zip(pairs[::2], pairs[1::2], strict=True)
    metric = {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
    }
    period_s = widget["period"]
    return series(
        cloudwatch, metric, statistic=statistic, period_s=period_s, periods=_PERIODS, at=at
    )


def _found(cloudwatch: Client, search: Search, at: datetime) -> Iterator[tuple[str, Series]]:
    named = {"Namespace": search.namespace, "MetricName": search.metric_name}
    # moto lists a metric once for each of its values.
    found: dict[str, Mapping[str, Any]] = {}
    for metric in cloudwatch.list_metrics(**named)["Metrics"]:
        values = {it["Name"]: it["Value"] for it in metric["Dimensions"]}
        if values.keys() != search.dimension_names or not search.values.items() <= values.items():
            continue
        label = " ".join(values[name] for name in sorted(values.keys() - search.values.keys()))
        found[label] = metric
    for label, metric in found.items():
        yield (
            label,
            series(
                cloudwatch,
                metric,
                statistic=search.statistic,
                period_s=search.period_s,
                periods=_PERIODS,
                at=at,
            ),
        )
