"""`ringvault doctor` over sockets: each thing that is wrong is found, with its remedy."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.ringcentral.account.options import Options, Scope
from ringvault.adapters.dynamodb.progress import ListingProgressStore, ReconciliationProgressStore
from ringvault.core.listing.windows import ListingProgress
from ringvault.core.reconciliation.run import ReconciliationProgress
from tests.integration.ringvault_cli.account import (
    CLIENT_ID,
    CLIENT_SECRET,
    JWT,
    Account,
    running_account,
)
from tests.support.cloud import Cloud

SECRET = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "jwt": JWT}
OPTIONS = Options(recordings=20, days=3)
TARGET = {"Arn": "arn:aws:lambda:us-east-1:1:function:f", "RoleArn": "arn:aws:iam::1:role/rr"}


def whole_stack(cloud: Cloud, name: str) -> dict[str, str]:
    """Make what the doctor looks at as the template does; return the outputs."""
    bucket, scheduler = cloud.make_bucket(), cloud.own_client("scheduler")
    properties = cloud.template["Resources"]["VaultBucket"]["Properties"]
    cloud.s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration=properties["PublicAccessBlockConfiguration"],
    )
    rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}}
    upload: Any = rule | {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}
    cloud.s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [upload]}
    )
    default: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    cloud.s3.put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [default]}
    )
    for kind in ("list", "reconcile"):
        scheduler.create_schedule(
            Name=f"{kind}-{name}",
            ScheduleExpression="rate(5 minutes)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=TARGET,
        )
    sns = cloud.own_client("sns")
    topic = sns.create_topic(Name=f"alarms-{name}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="somebody@example.com")
    return {
        "VaultBucketName": bucket,
        "NumberIndexTableName": cloud.make_table("NumberIndexTable"),
        "DeadLetterQueueUrl": cloud.make_queue(),
        "ListScheduleName": f"list-{name}",
        "ReconcileScheduleName": f"reconcile-{name}",
        "AlarmTopicArn": topic,
        "StateTableName": state_that_ran(cloud),
    }


def state_that_ran(cloud: Cloud) -> str:
    """Make a state table that lister and reconciliation have used a minute ago."""
    table, now = cloud.make_table("StateTable"), datetime.now(UTC)
    listing = ListingProgress(opened_to={"short": now}, retention_read_at=now)
    ListingProgressStore(table, cloud.dynamodb).save(listing, version=0)
    reconciliation = ReconciliationProgress(last_daily_on=now.date())
    ReconciliationProgressStore(table, cloud.dynamodb).save(reconciliation, version=0)
    return table


@pytest.fixture
def outputs(cloud: Cloud, request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the outputs of a stack where all is well."""
    return whole_stack(cloud, str(abs(hash(request.node.name))))


@pytest.fixture
def account(cloud: Cloud, outputs: dict[str, str]) -> Iterator[Account]:
    """Run an account beside that stack."""
    with running_account(cloud, OPTIONS, secret=SECRET, outputs=outputs) as running:
        yield running


def levels_of(result: Any) -> dict[str, str]:
    """Return the level of each check."""
    return {it["subject"]: it["level"] for it in json.loads(result.stdout)["checks"]}


def test_where_all_is_well_everything_is_ok(account: Account) -> None:
    """Each line OK, three requests of RingCentral, no secret shown."""
    result = account.ringvault("doctor")

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line for line in lines[:-1] if not line.startswith("OK ")] == []
    assert lines[-1] == "24 OK, 0 WARN, 0 FAIL"
    assert max(map(len, lines)) <= 80
    books = account.books
    assert (books["requests"]["heavy"], books["requests"]["light"]) == (2, 1)
    assert books["tokensMinted"] == 1
    assert [it for it in (CLIENT_SECRET, JWT) if it in result.output] == []


@pytest.mark.parametrize(
    ("lacking", "failed"),
    [
        ((Scope.READ_CALL_RECORDING,), "recordings (1)"),
        ((Scope.READ_ACCOUNTS,), "settings (1)"),
        # The right to recordings includes the call log.
        ((Scope.READ_CALL_LOG, Scope.READ_CALL_RECORDING), "call log (1)"),
    ],
)
def test_a_lacking_permission_is_named(
    cloud: Cloud, outputs: dict[str, str], lacking: tuple[Scope, ...], failed: str
) -> None:
    """The permission that the app lacks fails its own line, and says which it is."""
    options = replace(OPTIONS, scopes=frozenset(Scope) - {*lacking})
    with running_account(cloud, options, secret=SECRET, outputs=outputs) as account:
        result = account.ringvault("doctor", "--json")

    assert result.exit_code == 1
    found = {it["subject"]: it for it in json.loads(result.stdout)["checks"]}
    assert [name for name, it in found.items() if it["level"] == "FAIL"] == [failed]
    assert lacking[0] in found[failed]["message"]
    assert found[failed]["remedy"]
    assert all(it["level"] != "OK" for it in found.values() if "not checked" in it["message"])


def test_what_is_set_wrong_is_found(account: Account, cloud: Cloud) -> None:
    """Public bucket, no lifecycle, disabled schedule and key, dead letter: each is told."""
    bucket = account.outputs["VaultBucketName"]
    cloud.s3.delete_public_access_block(Bucket=bucket)
    cloud.s3.delete_bucket_lifecycle(Bucket=bucket)
    cloud.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    cloud.own_client("scheduler").update_schedule(
        Name=account.outputs["ListScheduleName"],
        ScheduleExpression="rate(5 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=TARGET,
        State="DISABLED",
    )
    cloud.sqs.send_message(QueueUrl=account.outputs["DeadLetterQueueUrl"], MessageBody="{}")
    sns = cloud.own_client("sns")
    topic = account.outputs["AlarmTopicArn"]
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])

    result = account.ringvault("doctor", "--json")

    assert result.exit_code == 1
    levels = levels_of(result)
    assert {name for name, level in levels.items() if level == "FAIL"} == {
        "bucket: public access",
        "bucket: uploads",
        "bucket: versions",
        "schedule: listing",
    }
    assert {name for name, level in levels.items() if level == "WARN"} == {
        "dead letters",
        "alarm topic",
    }


def expire_after(days: int, *, bucket: str, cloud: Cloud, tag: str = "expired") -> None:
    """Give the bucket the rules of a stack whose recordings expire."""
    rules: Any = [
        {
            "ID": prefix,
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": prefix, "Tags": [{"Key": "ringvault", "Value": tag}]}},
            "Expiration": {"Days": after},
        }
        for prefix, after in (("recordings/", days), ("metadata/", 1))
    ]
    marker = {"ID": "m", "Status": "Enabled", "Filter": {"Prefix": "recordings/"}}
    rules.append(marker | {"Expiration": {"ExpiredObjectDeleteMarker": True}})
    upload = {"ID": "u", "Status": "Enabled", "Filter": {"Prefix": ""}}
    rules.append(upload | {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}})
    cloud.s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": rules}
    )


def test_expiry_is_as_the_stack_says(cloud: Cloud, outputs: dict[str, str]) -> None:
    """The bucket's own rules count; a lock that lasts longer is told, with its remedy."""
    bucket, parameters = outputs["VaultBucketName"], {"ExpireAfterDays": "9", "ObjectLockDays": "9"}
    with running_account(
        cloud, OPTIONS, secret=SECRET, outputs=outputs, parameters=parameters
    ) as account:
        found = []
        for days, tag in ((9, "expired"), (8, "expired"), (9, "another")):
            expire_after(days, bucket=bucket, cloud=cloud, tag=tag)
            found.append(levels_of(account.ringvault("doctor", "--json")))

    assert [it["bucket: expiry"] for it in found] == ["OK", "FAIL", "FAIL"]
    assert {it["Object Lock"] for it in found} == {"OK"}
    assert {it["bucket: uploads"] for it in found} == {"OK"}


def test_an_empty_secret_is_one_line(cloud: Cloud, outputs: dict[str, str]) -> None:
    """Without credentials RingCentral is not asked, and the remedy is the command."""
    empty = dict.fromkeys(SECRET, "")
    with running_account(cloud, OPTIONS, secret=empty, outputs=outputs) as account:
        result = account.ringvault("doctor", "--json")

    first = json.loads(result.stdout)["checks"][0]
    assert (result.exit_code, first["level"]) == (1, "FAIL")
    assert first["remedy"] == "ringvault configure"


def test_a_stack_that_stands_still_is_found(account: Account, cloud: Cloud) -> None:
    """A lister that has not run for an hour fails."""
    table, then = account.outputs["StateTableName"], datetime.now(UTC) - timedelta(hours=1)
    progress = ListingProgress(opened_to={"short": then})
    ListingProgressStore(table, cloud.dynamodb).save(progress, version=1)

    levels = levels_of(account.ringvault("doctor", "--json"))

    assert levels["last listing run"] == "FAIL"
    assert levels["retention"] == "WARN"
