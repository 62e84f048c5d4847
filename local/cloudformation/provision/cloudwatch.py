"""CloudWatch's alarms and dashboards."""

from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.site import Resource, Site

_ALARM = (
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluationPeriods",
    "MetricName",
    "Namespace",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
)


def create_alarm(properties: Properties, *, site: Site) -> Resource:
    """Create an alarm; moto stores it, and never evaluates it."""
    name = properties.take("AlarmName", site.physical_name)
    values = {it: properties.take(it) for it in _ALARM}
    site.aws.client("cloudwatch").put_metric_alarm(AlarmName=name, **values)
    return Resource(name, {"Arn": site.arn("cloudwatch", f"alarm:{name}")})


def create_dashboard(properties: Properties, *, site: Site) -> Resource:
    """Create a dashboard."""
    name = properties.take("DashboardName", site.physical_name)
    body = properties.take("DashboardBody")
    site.aws.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)
    return Resource(name)
