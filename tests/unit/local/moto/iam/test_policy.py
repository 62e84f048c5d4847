"""What policies decide: by themselves, and beside moto's own evaluation."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.access_control import IAMPolicy, PermissionResult

from local.moto.iam.conditions import PolicyError
from local.moto.iam.policy import Asked, decide, parse_policy

ROLE = "arn:aws:iam::123456789012:role/Lister"
AUDIO = "arn:aws:s3:::vault/recordings/1.mp3"


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    """Return a statement about all audio."""
    given = {"Effect": effect, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::vault/*"}
    return {"Sid": effect, **given, **elements}


def decided(*statements: dict[str, Any], **context: str) -> tuple[bool, tuple[str, ...]]:
    """Return what is decided about reading audio."""
    policy = parse_policy(json.dumps({"Statement": list(statements)}))
    asked = Asked("s3:GetObject", AUDIO, context)
    decision = decide(asked, principal=ROLE, policies=[policy])
    return decision.is_allowed, decision.by


def test_nothing_is_allowed_by_nobody() -> None:
    """Without a policy, and with one about something else, it is refused."""
    assert decided() == (False, ())
    assert decided(statement(Action="s3:PutObject")) == (False, ())
    assert decided(statement(Resource="arn:aws:s3:::vault")) == (False, ())


def test_a_denial_counts_more() -> None:
    """However much is allowed, one denial refuses, and says which."""
    assert decided(statement()) == (True, ("Allow",))
    assert decided(statement(), statement("Deny")) == (False, ("Deny",))


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("arn:aws:s3:::vault/recordings/*", True),
        ("arn:aws:s3:::vault/recordings/?.mp3", True),
        ("arn:aws:s3:::vault/recordings/??.mp3", False),
        ("arn:aws:s3:::vault/Recordings/*", False),
        ("arn:aws:s3:::vault/recordings/", False),
        ("arn:aws:s3:::vault/recordings/1[.]mp3", False),
        ("*", True),
    ],
)
def test_resources(pattern: str, *, matches: bool) -> None:
    """Wildcards reach over slashes, case counts, nothing else is special."""
    assert decided(statement(Resource=["arn:aws:s3:::other", pattern]))[0] is matches


@pytest.mark.parametrize("action", ["s3:*", "S3:getobject", "s3:GetObj?ct"])
def test_actions_are_the_same_in_any_case(action: str) -> None:
    """IAM takes actions in any case, and with wildcards."""
    assert decided(statement(Action=action))[0]


@pytest.mark.parametrize(
    ("principal", "is_concerned"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": ["arn:aws:iam::1:role/Other", ROLE]}, True),
        ({"AWS": "arn:aws:iam::123456789012:root"}, False),
        ({"Service": "cloudwatch.amazonaws.com"}, False),
        ({"Service": "*"}, False),
    ],
)
def test_principals(principal: Any, *, is_concerned: bool) -> None:
    """A resource's policy is about whom it names; a service is never a role."""
    assert decided(statement(Principal=principal))[0] is is_concerned


CONDITIONS: list[tuple[str, str, Any, dict[str, str], bool]] = [
    ("StringEquals", "s3:prefix", "a", {"s3:prefix": "a"}, True),
    ("StringEquals", "S3:Prefix", ["b", "a"], {"s3:prefix": "a"}, True),
    ("StringEquals", "s3:prefix", "a", {"s3:prefix": "A"}, False),
    ("StringEquals", "s3:prefix", "a", {}, False),
    ("StringEqualsIfExists", "s3:prefix", "a", {}, True),
    ("StringEqualsIfExists", "s3:prefix", "a", {"s3:prefix": "b"}, False),
    ("StringNotEquals", "s3:prefix", ["a", "b"], {"s3:prefix": "b"}, False),
    ("StringNotEquals", "s3:prefix", "a", {"s3:prefix": "b"}, True),
    ("StringNotEquals", "s3:prefix", "a", {}, True),
    ("StringNotEqualsIfExists", "s3:prefix", "a", {"s3:prefix": "a"}, False),
    ("StringLike", "s3:prefix", "a/*", {"s3:prefix": "a/b"}, True),
    ("StringNotLike", "s3:prefix", "a/*", {"s3:prefix": "a/b"}, False),
    ("Bool", "aws:SecureTransport", False, {"aws:securetransport": "false"}, True),
    ("Bool", "aws:SecureTransport", "false", {"aws:securetransport": "true"}, False),
    ("Bool", "s3:ObjectCreationOperation", "false", {}, False),
    ("Null", "s3:if-none-match", "false", {"s3:if-none-match": "*"}, True),
    ("Null", "s3:if-none-match", "false", {}, False),
    ("Null", "s3:if-none-match", "true", {}, True),
    ("NumericLessThan", "s3:TlsVersion", 1.2, {"s3:tlsversion": "1.1"}, True),
    ("NumericLessThan", "s3:TlsVersion", "1.2", {"s3:tlsversion": "1.2"}, False),
    ("NumericLessThan", "s3:TlsVersion", "1.2", {}, False),
    ("ArnLike", "aws:PrincipalArn", "arn:*:role/L*", {"aws:principalarn": ROLE}, True),
    ("ArnNotEquals", "aws:PrincipalArn", ROLE, {"aws:principalarn": ROLE}, False),
]


@pytest.mark.parametrize(("operator", "key", "values", "context", "holds"), CONDITIONS)
def test_conditions(
    operator: str, key: str, values: Any, context: dict[str, str], *, holds: bool
) -> None:
    """A statement counts when its condition holds; the operator says what an absent key means."""
    with_condition = statement(Condition={operator: {key: values}})

    assert decided(with_condition, **context)[0] is holds


def test_all_conditions_must_hold() -> None:
    """Operators and keys are joined by and, the values of one key by or."""
    both = {
        "StringEquals": {"s3:prefix": "a", "s3:delimiter": "/"},
        "Null": {"s3:max-keys": "true"},
    }

    def holds(**context: str) -> bool:
        return decided(statement(Condition=both), **context)[0]

    assert holds(**{"s3:prefix": "a", "s3:delimiter": "/"})
    assert not holds(**{"s3:prefix": "a"})
    assert not holds(**{"s3:prefix": "a", "s3:delimiter": "/", "s3:max-keys": "1"})


@pytest.mark.parametrize(
    "elements",
    [
        {"NotAction": "s3:GetObject"},
        {"NotResource": "*"},
        {"NotPrincipal": "*"},
        {"Effect": "allow"},
        {"Principal": {"Federated": "x"}},
        {"Resource": "arn:aws:s3:::vault/${aws:username}/*"},
        {"Condition": {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}},
        {"Condition": {"ForAnyValue:StringEquals": {"s3:prefix": "a"}}},
        {"Condition": {"StringEquals": {"s3:PreFixx": "a"}}},
        {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
    ],
)
def test_what_is_not_known_is_said(elements: dict[str, Any]) -> None:
    """Whatever would be evaluated wrongly is an error, not a guess."""
    with pytest.raises(PolicyError):
        decided(statement(**elements))


ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:Get*", "s3:*", "sqs:SendMessage"])
RESOURCES = st.sampled_from(["arn:a/b", "arn:a/*", "arn:*", "arn:c", "*"])
STATEMENTS = st.builds(
    lambda effect, actions, resources: {
        "Effect": effect,
        "Action": actions,
        "Resource": resources,
    },
    st.sampled_from(["Allow", "Deny"]),
    st.lists(ACTIONS, min_size=1, max_size=2),
    st.lists(RESOURCES, min_size=1, max_size=2),
)


@given(
    st.lists(STATEMENTS, max_size=4),
    st.sampled_from(["s3:GetObject", "s3:GetObjectTagging", "sqs:SendMessage"]),
    st.sampled_from(["arn:a/b", "arn:a/b/c", "arn:c", "arn:d"]),
)
def test_moto_decides_the_same(statements: list[Any], action: str, resource: str) -> None:
    """Without conditions, which moto reads for trust policies only, both decide alike."""
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    ours = decide(Asked(action, resource), principal=ROLE, policies=[parse_policy(document)])

    theirs = IAMPolicy(document).is_action_permitted(action, resource)
    assert ours.is_allowed is (theirs is PermissionResult.PERMITTED)
    assert bool(ours.by) is (theirs is not PermissionResult.NEUTRAL)
