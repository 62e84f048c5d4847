"""What the vault's own policy denies to whoever the roles let in, evaluated request by request."""

import json

import pytest

from local.cloudformation.intrinsics import Scope, resolve
from local.moto.iam.policy import Asked, decide, parse_policy
from tests.infrastructure.stack import Stack

VAULT = "arn:aws:s3:::vault"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
OTHER_KEY = "arn:aws:kms:eu-west-1:123456789012:key/2"
TLS = {"aws:securetransport": "true", "s3:tlsversion": "1.3"}
BY = "s3:x-amz-server-side-encryption"
KEY_ID = f"{BY}-aws-kms-key-id"
OF_THE_WRITER = f"{BY}-customer-algorithm"


def denials(stack: Stack, *, key: str, action: str, **context: str) -> set[str]:
    """Return which statements deny it, with an object and over TLS unless the context differs."""
    scope = Scope(
        parameters={"VaultKeyArn": key},
        conditions={"HasVaultKey": stack.document["Conditions"]["HasVaultKey"]},
        references={"VaultBucket": "vault"},
        attributes={"VaultBucket": {"Arn": VAULT}},
    )
    document = stack.properties("VaultBucketPolicy")["PolicyDocument"]
    policy = parse_policy(json.dumps(resolve(document, scope=scope)))
    asked = Asked(action, f"{VAULT}/recordings/1.mp3", TLS | context)
    decision = decide(asked, principal="anybody", policies=[policy])
    assert not decision.is_allowed
    return set(decision.by)


@pytest.mark.parametrize(
    ("context", "denied_by"),
    [
        ({}, set()),
        ({"aws:securetransport": "false"}, {"TlsOnly"}),
        ({"s3:tlsversion": "1.1"}, {"NoOldTls"}),
        ({"s3:tlsversion": "1.0"}, {"NoOldTls"}),
        ({"s3:tlsversion": "1.2"}, set()),
    ],
)
@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
def test_nothing_goes_in_or_out_but_by_tls(
    stack: Stack, action: str, context: dict[str, str], denied_by: set[str]
) -> None:
    """Whatever is done with an object, over TLS 1.2 at least."""
    assert denials(stack, key="", action=action, **context) == denied_by


@pytest.mark.parametrize(
    ("key", "context", "denied_by"),
    [
        ("", {}, set()),
        ("", {BY: "AES256"}, set()),
        ("", {BY: "aws:kms"}, {"NoOtherEncryption"}),
        ("", {BY: "aws:kms", KEY_ID: OTHER_KEY}, {"NoOtherEncryption"}),
        ("", {OF_THE_WRITER: "AES256"}, {"NoKeyOfTheWriter"}),
        (KEY, {}, set()),
        (KEY, {BY: "aws:kms", KEY_ID: KEY}, set()),
        (KEY, {BY: "aws:kms"}, {"NoOtherKey"}),
        (KEY, {BY: "aws:kms", KEY_ID: OTHER_KEY}, {"NoOtherKey"}),
        (KEY, {BY: "aws:kms:dsse", KEY_ID: KEY}, {"NoOtherEncryption"}),
        (KEY, {BY: "AES256"}, {"NoOtherEncryption", "NoOtherKey"}),
        (KEY, {OF_THE_WRITER: "AES256"}, {"NoKeyOfTheWriter"}),
    ],
)
def test_a_write_is_encrypted_as_the_bucket_says_or_denied(
    stack: Stack, key: str, context: dict[str, str], denied_by: set[str]
) -> None:
    """Naming nothing gets the bucket's own; naming the same is let through, nothing else is."""
    assert denials(stack, key=key, action="s3:PutObject", **context) == denied_by


def test_reading_needs_no_encryption_named(stack: Stack) -> None:
    """The denials of writes deny nothing else."""
    assert denials(stack, key=KEY, action="s3:GetObject", **{BY: "AES256"}) == set()
