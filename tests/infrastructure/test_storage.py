"""The vault and the tables: closed, encrypted, and still there when the stack is gone."""

import json
from typing import Any

import pytest

from ringvault.adapters.s3.versions import TAG_KEY, TAG_VALUE
from tests.infrastructure.stack import Stack


@pytest.mark.parametrize(
    "name", ["VaultBucket", "VaultBucketPolicy", "CatalogueTable", "NumberIndexTable", "PlayTable"]
)
def test_what_the_stack_exists_for_outlives_it(stack: Stack, name: str) -> None:
    """Recordings and catalogue stay when the stack is deleted or a resource is replaced."""
    resource = stack.resource(name)

    assert resource["DeletionPolicy"] == "Retain"
    assert resource["UpdateReplacePolicy"] == "Retain"


def test_the_vault_is_never_public(stack: Stack) -> None:
    """All four public access blocks are on and no ACL counts."""
    vault = stack.properties("VaultBucket")

    assert vault["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert vault["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_the_vault_is_encrypted_and_versioned(stack: Stack) -> None:
    """By S3's own key or the one given, at rest; what overwrites a recording destroys nothing."""
    vault = stack.properties("VaultBucket")
    (rule,) = vault["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["Fn::If"] == [
        "HasVaultKey",
        {
            "ServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": {"Ref": "VaultKeyArn"},
            },
            "BucketKeyEnabled": True,
        },
        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
    ]
    assert vault["VersioningConfiguration"] == {"Status": "Enabled"}


def denials(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return the statements of the vault's policy by name: it only denies, and that to anybody."""
    policy = stack.properties("VaultBucketPolicy")
    statements = [it.get("Fn::If", [None, it])[1] for it in policy["PolicyDocument"]["Statement"]]

    assert policy["Bucket"] == {"Ref": "VaultBucket"}
    assert {(it["Effect"], it["Principal"]) for it in statements} == {("Deny", "*")}
    return {statement["Sid"]: statement for statement in statements}


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("TlsOnly", {"Bool": {"aws:SecureTransport": "false"}}),
        ("NoOldTls", {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ],
)
def test_the_vault_answers_over_tls_only(stack: Stack, name: str, condition: Any) -> None:
    """Every request without TLS 1.2 is denied, to the bucket and to what is in it."""
    statement = denials(stack)[name]

    assert (statement["Action"], statement["Condition"]) == ("s3:*", condition)
    assert statement["Resource"] == [
        {"Fn::GetAtt": ["VaultBucket", "Arn"]},
        {"Fn::Sub": "${VaultBucket.Arn}/*"},
    ]


NAMED = {"Null": {"s3:x-amz-server-side-encryption": "false"}}


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        (
            "NoOtherEncryption",
            NAMED
            | {
                "StringNotEquals": {
                    "s3:x-amz-server-side-encryption": {
                        "Fn::If": ["HasVaultKey", "aws:kms", "AES256"]
                    }
                }
            },
        ),
        (
            "NoOtherKey",
            NAMED
            | {
                "StringNotEquals": {
                    "s3:x-amz-server-side-encryption-aws-kms-key-id": {"Ref": "VaultKeyArn"}
                }
            },
        ),
        (
            "NoKeyOfTheWriter",
            {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}},
        ),
    ],
)
def test_nobody_writes_under_a_key_of_their_own(stack: Stack, name: str, condition: Any) -> None:
    """A write that names another encryption than the bucket's, or another key, is denied."""
    statement = denials(stack)[name]

    assert (statement["Action"], statement["Condition"]) == ("s3:PutObject", condition)
    assert statement["Resource"] == {"Fn::Sub": "${VaultBucket.Arn}/*"}


def test_requests_for_recordings_are_logged_if_asked(stack: Stack) -> None:
    """By S3 itself, into a bucket that the parameter names, under the stack's name."""
    assert stack.properties("VaultBucket")["LoggingConfiguration"]["Fn::If"] == [
        "LogsAccess",
        {
            "DestinationBucketName": {"Ref": "AccessLogBucket"},
            "LogFilePrefix": {"Fn::Sub": "${AWS::StackName}/"},
        },
        {"Ref": "AWS::NoValue"},
    ]


def test_the_secret_is_encrypted_by_the_stacks_own_key(stack: Stack) -> None:
    """Whoever may read every secret of the account needs the right to this key as well."""
    secret = stack.only("AWS::SecretsManager::Secret")

    assert secret["KmsKeyId"] == {"Fn::GetAtt": ["AccessTokenKey", "Arn"]}


def test_uploads_that_nobody_finished_are_removed(stack: Stack) -> None:
    """An incomplete multipart upload is paid for until it is aborted."""
    rules = stack.properties("VaultBucket")["LifecycleConfiguration"]["Rules"]
    aborting = [rule for rule in rules if "AbortIncompleteMultipartUpload" in rule]

    assert [rule["Status"] for rule in aborting] == ["Enabled"]
    assert "Prefix" not in aborting[0]


def test_nothing_expires_but_what_is_tagged_and_old_enough(stack: Stack) -> None:
    """Every rule that deletes versions asks for the tag; audio's asks for its age as well."""
    rules = stack.properties("VaultBucket")["LifecycleConfiguration"]["Rules"]
    expiring = [rule["Fn::If"][1] for rule in rules if rule.get("Fn::If", [""])[0] == "Expires"]
    others = [rule["Fn::If"][1] if "Fn::If" in rule else rule for rule in rules]
    others = [rule for rule in others if rule not in expiring]
    deleting = [rule for rule in expiring if "ExpiredObjectDeleteMarker" not in rule]

    assert len(expiring) == 4
    assert not [rule for rule in others if any("Expir" in key for key in rule)]
    assert {rule["Prefix"]: rule["ExpirationInDays"] for rule in deleting} == {
        "recordings/": {"Ref": "ExpireAfterDays"},
        "metadata/": 1,
    }
    for rule in deleting:
        assert rule["TagFilters"] == [{"Key": TAG_KEY, "Value": TAG_VALUE}]
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


@pytest.mark.parametrize("name", ["ObjectLockDays", "GlacierAfterDays", "ExpireAfterDays"])
def test_nothing_is_locked_moved_or_deleted_unasked(stack: Stack, name: str) -> None:
    """Object Lock and deletion can't be taken back, Glacier has a price: all wait to be asked."""
    assert stack.parameter_default(name) == "0"


def test_a_default_retention_can_be_bypassed(stack: Stack) -> None:
    """In governance mode a caller who asks to be erased can be; in compliance mode nobody could."""
    [_, lock, _] = stack.properties("VaultBucket")["ObjectLockConfiguration"]["Fn::If"]

    assert lock["Rule"]["DefaultRetention"]["Mode"] == "GOVERNANCE"


@pytest.mark.parametrize("name", ["CatalogueTable", "NumberIndexTable", "PlayTable"])
def test_what_can_not_be_made_again_can_be_restored(stack: Stack, name: str) -> None:
    """Catalogue, its index and audit: to any instant, not deleted by a slip, nothing expires."""
    table = stack.properties(name)

    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["DeletionProtectionEnabled"] is True
    assert "TimeToLiveSpecification" not in table


def test_tables_are_encrypted_and_paid_by_request(stack: Stack) -> None:
    """All tables are encrypted at rest and have no capacity that could throttle or idle."""
    tables = stack.of_type("AWS::DynamoDB::Table")

    assert set(tables) == {"CatalogueTable", "NumberIndexTable", "PlayTable", "StateTable"}
    for table in tables.values():
        assert table["SSESpecification"]["SSEEnabled"] is True
        assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_an_index_of_the_catalogue_holds_no_recordings(stack: Stack) -> None:
    """What an index copies is written at each change of state: the feed's instants at most."""
    indexes = stack.properties("CatalogueTable")["GlobalSecondaryIndexes"]
    copied = {
        index["IndexName"]: index["Projection"].get("NonKeyAttributes", [])
        for index in indexes
        if index["Projection"]["ProjectionType"] != "KEYS_ONLY"
    }

    assert copied == {"by_state": ["queued_at", "claimed_until", "retry_at"]}
    assert {index["KeySchema"][1]["AttributeName"] for index in indexes} == {"started_at"}


def test_the_state_table_is_keyed_by_name(stack: Stack) -> None:
    """Quota, token and windows are items under names of their own."""
    assert stack.properties("StateTable")["KeySchema"] == [
        {"AttributeName": "name", "KeyType": "HASH"}
    ]


def test_the_template_holds_no_secret(stack: Stack) -> None:
    """The secret is made with the names of what belongs in it, and without a value."""
    secret = stack.only("AWS::SecretsManager::Secret")

    assert set(json.loads(secret["SecretString"]).values()) == {""}
    assert "{{resolve:" not in json.dumps(stack.document)
