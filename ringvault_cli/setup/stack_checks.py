"""What `ringvault doctor` asks AWS: how the stack is set, and whether its runs come."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

from ringvault.adapters.aws.sqs import SQSRecordingQueue
from ringvault.adapters.aws.stack import DeployedStack
from ringvault.adapters.aws.stack_settings import (
    BucketSettings,
    is_schedule_enabled,
    key_state,
    subscriptions,
)
from ringvault.core.operations.doctor import (
    Check,
    alarm_finding,
    check_that,
    clock_finding,
    dead_letter_finding,
    examined,
    expiry_finding,
    listing_finding,
    lock_finding,
    number_index_finding,
    reconciliation_finding,
    retention_finding,
)
from ringvault_cli.stack_parts import (
    last_report_in,
    listing_progress_in,
    number_index_upkeep_in,
    reconciliation_progress_in,
)

DEPLOY = "deploy the template again: sam deploy"


def stack_findings(deployed: DeployedStack) -> Iterator[Check]:
    """Yield what the stack's parts come to."""
    checks: Mapping[str, Callable[[DeployedStack], Check]] = {
        "bucket: public access": _public_access,
        "bucket: versions": _versions,
        "bucket: encryption": _encryption,
        "bucket: uploads": _uploads,
        "bucket: expiry": _expiry,
        "Object Lock": lambda it: lock_finding(object_lock=it.object_lock, after=it.expire_after),
        "access-token key": _key,
        "AWS's clock": _clock,
        "schedule: listing": lambda it: _schedule(it, "listing", "ListScheduleName"),
        "schedule: reconciliation": lambda it: _schedule(
            it, "reconciliation", "ReconcileScheduleName"
        ),
        "retention": lambda it: retention_finding(listing_progress_in(it).load()[0]),
        "last listing run": lambda it: listing_finding(
            listing_progress_in(it).load()[0], now=_now()
        ),
        "last reconciliation": _reconciliation,
        "number index": lambda it: number_index_finding(
            is_current=number_index_upkeep_in(it).is_current()
        ),
        "dead letters": _dead_letters,
        "alarm topic": _alarms,
    }
    for subject, check in checks.items():
        yield examined(subject, partial(check, deployed))


def _public_access(deployed: DeployedStack) -> Check:
    return check_that(
        "bucket: public access",
        is_so=_bucket(deployed).blocks_public(),
        message="blocked",
        otherwise="not blocked by all four settings",
        remedy=DEPLOY,
    )


def _versions(deployed: DeployedStack) -> Check:
    return check_that(
        "bucket: versions",
        is_so=_bucket(deployed).keeps_versions(),
        message="kept",
        otherwise="not kept: deleted objects can't be restored",
        remedy=DEPLOY,
    )


def _encryption(deployed: DeployedStack) -> Check:
    algorithm = _bucket(deployed).encryption()
    return check_that(
        "bucket: encryption",
        is_so=algorithm is not None,
        message=str(algorithm),
        otherwise="no default encryption",
        remedy=DEPLOY,
    )


def _uploads(deployed: DeployedStack) -> Check:
    return check_that(
        "bucket: uploads",
        is_so=_bucket(deployed).ends_uploads(),
        message="incomplete ones are removed",
        otherwise="incomplete ones are kept and billed",
        remedy=DEPLOY,
    )


def _expiry(deployed: DeployedStack) -> Check:
    return expiry_finding(_bucket(deployed).expiry_rules(), after=deployed.expire_after)


def _key(deployed: DeployedStack) -> Check:
    state = key_state(deployed.output("AccessTokenKeyArn"), deployed.client("kms"))
    return check_that(
        "access-token key",
        is_so=state == "Enabled",
        message="enabled",
        otherwise=state,
        remedy="enable it: aws kms enable-key; first aws kms cancel-key-deletion, if needed",
    )


def _clock(deployed: DeployedStack) -> Check:
    return clock_finding("AWS's clock", theirs=_bucket(deployed).server_time(), ours=_now())


def _schedule(deployed: DeployedStack, called: str, output: str) -> Check:
    return check_that(
        f"schedule: {called}",
        is_so=is_schedule_enabled(deployed.output(output), deployed.client("scheduler")),
        message="enabled",
        otherwise="disabled: no scheduled runs",
        remedy="enable it in EventBridge Scheduler, or sam deploy",
    )


def _reconciliation(deployed: DeployedStack) -> Check:
    progress = reconciliation_progress_in(deployed)
    report = last_report_in(deployed).last()
    return reconciliation_finding(progress.load()[0], report, now=_now())


def _dead_letters(deployed: DeployedStack) -> Check:
    queue = SQSRecordingQueue(deployed.output("DeadLetterQueueUrl"), deployed.client("sqs"))
    return dead_letter_finding(sum(queue.depth()))


def _alarms(deployed: DeployedStack) -> Check:
    confirmed, pending = subscriptions(deployed.output("AlarmTopicArn"), deployed.client("sns"))
    return alarm_finding(confirmed=confirmed, pending=pending)


def _bucket(deployed: DeployedStack) -> BucketSettings:
    return BucketSettings(deployed.output("VaultBucketName"), deployed.client("s3"))


def _now() -> datetime:
    return datetime.now(UTC)
