"""The current settings of the stack's resources."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ringvault.adapters.aws.errors import aws_errors, error_code
from ringvault.adapters.s3.versions import TAG_KEY, TAG_VALUE
from ringvault.core.operations.doctor import ExpiryRule

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient

# S3's codes for settings that were never set.
_NEVER_SET = frozenset(
    {
        "NoSuchPublicAccessBlockConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
        "NoSuchLifecycleConfiguration",
    }
)
CONFIRMED = "arn:"
# Keys in the Expiration of a lifecycle rule that deletes current versions.
_DELETES = frozenset({"Days", "Date"})


class BucketSettings:
    """Reads how the bucket is protected."""

    def __init__(self, bucket: str, client: "S3Client") -> None:
        self._bucket = bucket
        self._client = client

    def blocks_public(self) -> bool:
        """Whether all four blocks of public access are on."""
        answer = self._ask(self._client.get_public_access_block)
        blocks = answer.get("PublicAccessBlockConfiguration", {})
        return len(blocks) == 4 and all(blocks.values())  # noqa: PLR2004 - as S3 has four

    def keeps_versions(self) -> bool:
        """Whether overwritten and deleted objects are kept as versions."""
        return bool(self._ask(self._client.get_bucket_versioning).get("Status") == "Enabled")

    def encryption(self) -> str | None:
        """Return the algorithm that encrypts new objects, None where there is none."""
        answer = self._ask(self._client.get_bucket_encryption)
        rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
        named = [rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules]
        return named[0] if named else None

    def ends_uploads(self) -> bool:
        """Whether a lifecycle rule removes incomplete uploads."""
        return any("AbortIncompleteMultipartUpload" in rule for rule in self._lifecycle())

    def expiry_rules(self) -> Sequence[ExpiryRule]:
        """Return the rules that delete current versions, not those that only remove markers."""
        return [_expiry_rule(it) for it in self._lifecycle() if _DELETES & _expiration(it).keys()]

    def server_time(self) -> datetime:
        """Return the time of AWS's clock, in whole seconds."""
        answer = self._ask(self._client.head_bucket)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def _lifecycle(self) -> Sequence[Any]:
        """Return the enabled rules of the lifecycle."""
        rules = self._ask(self._client.get_bucket_lifecycle_configuration).get("Rules", ())
        return [rule for rule in rules if rule["Status"] == "Enabled"]

    def _ask(self, ask: Callable[..., Any]) -> Any:  # noqa: ANN401 - each answer has its own shape
        with aws_errors("look at the bucket's settings"):
            try:
                return ask(Bucket=self._bucket)
            except ClientError as error:
                if error_code(error) in _NEVER_SET:
                    return {}
                raise


def _expiration(rule: Any) -> Mapping[str, Any]:  # noqa: ANN401 - S3's own nesting
    expiration: Mapping[str, Any] = rule.get("Expiration", {})
    return expiration


def _expiry_rule(rule: Any) -> ExpiryRule:  # noqa: ANN401 - S3's own nesting
    """Read a rule; S3 wraps several conditions in `And`, and an old rule's prefix has no Filter."""
    chosen = rule.get("Filter", rule)
    chosen = chosen.get("And", chosen)
    tags = chosen.get("Tags", [chosen.get("Tag")])
    return ExpiryRule(
        prefix=chosen.get("Prefix", ""),
        days=_expiration(rule).get("Days"),
        is_tagged={"Key": TAG_KEY, "Value": TAG_VALUE} in tags,
    )


def key_state(key_arn: str, client: "KMSClient") -> str:
    """Return the state of the key, `Enabled` where it is usable."""
    with aws_errors("look at the access-token key"):
        return client.describe_key(KeyId=key_arn)["KeyMetadata"].get("KeyState", "unknown")


def is_schedule_enabled(name: str, client: "EventBridgeSchedulerClient") -> bool:
    """Whether the schedule is enabled."""
    with aws_errors("look at a schedule"):
        return client.get_schedule(Name=name)["State"] == "ENABLED"


def subscriptions(topic_arn: str, client: Any) -> tuple[int, int]:  # noqa: ANN401 - no types of SNS
    """Return how many subscriptions of the topic are confirmed, and how many are pending."""
    with aws_errors("look at the alarm topic"):
        found = client.list_subscriptions_by_topic(TopicArn=topic_arn)["Subscriptions"]
    confirmed = sum(it["SubscriptionArn"].startswith(CONFIRMED) for it in found)
    return confirmed, len(found) - confirmed
