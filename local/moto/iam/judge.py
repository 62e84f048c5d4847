"""Decides about a role's request by the roles, keys and buckets that moto holds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sts.models import sts_backends

from local.cloudformation.transform import REGION
from local.moto.clients import ACCOUNT_ID
from local.moto.iam.policy import Asked, Decision, Policy, decide, parse_policy

_PARTITION = "aws"
_ACCOUNT = f"arn:aws:iam::{ACCOUNT_ID}:root"


@dataclass(frozen=True, slots=True)
class Caller:
    """An assumed role."""

    role_arn: str
    arn: str
    session_token: str

    @property
    def role(self) -> str:
        """The role's name."""
        return self.role_arn.rpartition("/")[2]


def caller_with(access_key: str) -> Caller | None:
    """Return the caller with a session's access key, None if it was never issued."""
    sts = sts_backends[ACCOUNT_ID][_PARTITION]
    found = sts.get_assumed_role_from_access_key(access_key)
    return Caller(found.role_arn, found.arn, found.session_token) if found else None


def judge(asked: Asked, caller: Caller) -> Decision:
    """Return the decision of the role's policies and the resource's.

    Raises:
        PolicyError: one of them has an element that is unknown here.
    """
    # Loopback has no TLS; it stands for a network that has.
    of_all = {"aws:principalarn": caller.role_arn, "aws:securetransport": "true"}
    asked = replace(asked, context={**asked.context, **of_all})
    of_resource = [parse_policy(text) for text in _policies_of_resource(asked.resource)]
    of_role: Iterable[Policy] = [parse_policy(text) for text in _policies_of_role(caller.role_arn)]
    # A key obeys its own policy, which may delegate to IAM by naming the account.
    is_key = asked.action.startswith("kms:")
    if is_key and not decide(asked, principal=_ACCOUNT, policies=of_resource).is_allowed:
        of_role = ()
    return decide(asked, principal=caller.role_arn, policies=[*of_role, *of_resource])


def _policies_of_role(role_arn: str) -> Iterator[str]:
    for role in list(iam_backends[ACCOUNT_ID][_PARTITION].roles.values()):
        if role.arn == role_arn:
            yield from role.policies.values()


def _policies_of_resource(arn: str) -> Iterator[str]:
    service, resource = arn.split(":")[2], arn.split(":", 5)[-1]
    if service == "s3":
        bucket = s3_backends[ACCOUNT_ID][_PARTITION].buckets.get(resource.partition("/")[0])
        if bucket is not None and bucket.policy:
            yield bucket.policy.decode()
    elif service == "kms":
        key = kms_backends[ACCOUNT_ID][REGION].keys.get(resource.partition("/")[2])
        if key is not None:
            yield key.policy
