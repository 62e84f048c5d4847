"""What the functions told CloudWatch, asked of moto."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ringvault.adapters.aws.metrics import StackMetrics
from tests.support.cloud import Cloud

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
MIDNIGHT = NOW - timedelta(hours=9)


@pytest.fixture
def metrics(cloud: Cloud) -> StackMetrics:
    """Return the metrics of a stack that worked all night, beside another."""
    client, archive = cloud.own_client("cloudwatch"), uuid.uuid4().hex
    told = [
        (archive, "RecordingsArchived", MIDNIGHT - timedelta(minutes=10), 400),
        (archive, "RecordingsArchived", MIDNIGHT + timedelta(minutes=10), 3),
        (archive, "RecordingsArchived", NOW - timedelta(minutes=20), 5),
        (archive, "RequestsSent", NOW - timedelta(minutes=70), 5000),
        (archive, "RequestsSent", NOW - timedelta(minutes=40), 250),
        (archive, "RequestsSent", NOW - timedelta(minutes=10), 50),
        (archive, "RequestsPermitted", NOW - timedelta(minutes=40), 0.1),
        (archive, "RequestsPermitted", NOW - timedelta(minutes=10), 1 / 6),
        ("another", "RecordingsArchived", NOW - timedelta(minutes=20), 1000),
        ("another", "RequestsSent", NOW - timedelta(minutes=20), 1000),
    ]
    data: Any = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": "service", "Value": service}],
            "Timestamp": at,
            "Value": value,
        }
        for service, name, at, value in told
    ]
    client.put_metric_data(Namespace="ringvault", MetricData=data)
    return StackMetrics(archive, client)


def test_what_was_archived_today_is_this_stacks_alone(metrics: StackMetrics) -> None:
    """Neither yesterday's nor another stack's counts."""
    assert metrics.archived_since(MIDNIGHT, now=NOW) == 8


def test_the_last_hours_share_of_the_quota(metrics: StackMetrics) -> None:
    """300 requests of the 600 that ten a minute permit, by the newest limit that was learnt."""
    assert metrics.quota_used(now=NOW) == pytest.approx(0.5)


def test_a_stack_that_told_nothing_has_no_share(cloud: Cloud) -> None:
    """Nothing told is not nothing used."""
    silent = StackMetrics("silent", cloud.own_client("cloudwatch"))

    assert silent.quota_used(now=NOW) is None
    assert silent.archived_since(MIDNIGHT, now=NOW) == 0
