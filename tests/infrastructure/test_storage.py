"""The vault and the tables: closed, encrypted, and still there when the stack is gone."""

import json

import pytest

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


def test_no_rule_expires_a_recording(stack: Stack) -> None:
    """Nothing in the template deletes what was archived."""
    rules = stack.properties("VaultBucket")["LifecycleConfiguration"]["Rules"]

    assert not [rule for rule in rules if any(key.startswith("Expiration") for key in rule)]


@pytest.mark.parametrize("name", ["ObjectLockDays", "GlacierAfterDays"])
def test_nothing_is_locked_or_moved_unasked(stack: Stack, name: str) -> None:
    """Object Lock can't be taken back, and Glacier has a price: both wait to be asked for."""
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
