"""The vault and the tables: closed, encrypted, and still there when the stack is gone."""

import json

import pytest

from ringvault.adapters.vault_expiry import TAG_KEY, TAG_VALUE
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
    """A recording is encrypted at rest, and what overwrites it does not destroy it."""
    vault = stack.properties("VaultBucket")
    (rule,) = vault["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in {"AES256", "aws:kms"}
    assert vault["VersioningConfiguration"] == {"Status": "Enabled"}


def test_the_vault_answers_over_tls_only(stack: Stack) -> None:
    """Every request without TLS is denied, to the bucket and to what is in it."""
    policy = stack.properties("VaultBucketPolicy")
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert policy["Bucket"] == {"Ref": "VaultBucket"}
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == (
        "Deny",
        "*",
        "s3:*",
    )
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [
        {"Fn::GetAtt": ["VaultBucket", "Arn"]},
        {"Fn::Sub": "${VaultBucket.Arn}/*"},
    ]


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


@pytest.mark.parametrize("name", ["CatalogueTable", "PlayTable"])
def test_what_can_not_be_made_again_can_be_restored(stack: Stack, name: str) -> None:
    """Catalogue and audit: to any point in time, not deleted by a slip, and nothing expires."""
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
