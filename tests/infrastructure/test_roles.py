"""What each role may do: named actions on named resources, and no more."""

from typing import Any

import pytest

from tests.infrastructure.stack import Stack, as_list

FUNCTIONS = (
    "ListRecordings",
    "ArchiveRecording",
    "ReconcileArchive",
    "ExpireRecordings",
    "PlaybackApi",
)


def names_a_resource(resource: Any) -> bool:
    """Whether an IAM resource is the ARN of something in this stack, or lies under one."""
    match resource:
        case {"Fn::GetAtt": [_, "Arn"]}:
            return True
        case {"Ref": "RingCentralSecret"}:
            return True  # a secret's Ref is its ARN
        case {"Ref": "VaultKeyArn"}:
            return True  # one key, which the owner names
        case {"Fn::Sub": str(text)}:
            return text.startswith("${") and ".Arn}" in text
        case _:
            return False


def test_a_wildcard_names_no_resource() -> None:
    """The check below can fail."""
    assert not names_a_resource("*")
    assert not names_a_resource({"Fn::Sub": "arn:aws:s3:::*"})


def test_no_action_is_a_wildcard(stack: Stack) -> None:
    """Every statement allows actions by their full names."""
    actions = [action for _, s in stack.statements() for action in as_list(s["Action"])]

    assert actions
    assert not [action for action in actions if "*" in action]


def test_resources_are_named_by_arn(stack: Stack) -> None:
    """Every statement allows its actions on resources of this stack."""
    for role, statement in stack.statements():
        resources = as_list(statement["Resource"])
        assert all(map(names_a_resource, resources)), (role, statement)


def prefixes_for(stack: Stack, role: str, action: str) -> set[str]:
    """Return where in the vault a role may do something."""
    return {
        resource["Fn::Sub"].removeprefix("${VaultBucket.Arn}/")
        for name, statement in stack.statements()
        for resource in as_list(statement["Resource"])
        if name == role and action in as_list(statement["Action"])
    }


def audio_and_reports_are_written_under(stack: Stack) -> dict[str, Any]:
    """Return the condition of each statement that lets somebody write one of them."""
    return {
        statement["Sid"]: statement.get("Condition")
        for _, statement in stack.statements()
        if "s3:PutObject" in as_list(statement["Action"])
        and "metadata" not in str(statement["Resource"])
    }


def test_writers_write_only_what_is_theirs(stack: Stack) -> None:
    """Audio is the archiver's, reports are reconciliation's; nobody replaces or deletes either."""
    roles = {role for role, _ in stack.statements()}
    writers = {
        role: found for role in roles if (found := prefixes_for(stack, role, "s3:PutObject"))
    }

    assert writers == {
        "ArchiveRecordingRole": {"recordings/*", "metadata/*"},
        "ReconcileArchiveRole": {"metadata/*", "reports/*"},
    }
    assert audio_and_reports_are_written_under(stack) == {
        "StoreAudioOnce": {"Null": {"s3:if-none-match": "false"}},
        "SendParts": {"Bool": {"s3:ObjectCreationOperation": "false"}},
        "StoreReportsOnce": {"Null": {"s3:if-none-match": "false"}},
    }
    deleting = [
        (role, statement["Action"], statement["Resource"])
        for role, statement in stack.statements()
        if any(":Delete" in action for action in as_list(statement["Action"]))
        and "sqs:DeleteMessage" not in statement["Action"]
    ]
    numbers = {"Fn::GetAtt": ["NumberIndexTable", "Arn"]}
    assert deleting == [("ExpireRecordingsRole", "dynamodb:DeleteItem", numbers)]


def test_only_expiry_tags_and_only_for_expiry(stack: Stack) -> None:
    """S3 deletes by a tag: one role gives it, no other, and takes none away."""
    [(role, statement)] = [
        (role, statement)
        for role, statement in stack.statements()
        if any("Tagging" in it and ":Get" not in it for it in as_list(statement["Action"]))
    ]

    assert (role, statement["Action"]) == (
        "ExpireRecordingsRole",
        "s3:PutObjectVersionTagging",
    )
    assert statement["Condition"] == {"StringEquals": {"s3:RequestObjectTag/ringvault": "expired"}}
    assert prefixes_for(stack, role, statement["Action"]) == {"recordings/*", "metadata/*"}
    assert stack.resource(role)["Condition"] == "Expires"


def test_expiry_hears_and_fetches_nothing(stack: Stack) -> None:
    """It reads tags and legal holds, no audio; has neither RingCentral's secret nor its token."""
    actions = {
        action
        for role, statement in stack.statements()
        if role == "ExpireRecordingsRole"
        for action in as_list(statement["Action"])
    }

    assert {action for action in actions if action.startswith("s3:")} == {
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetObjectLegalHold",
        "s3:GetObjectVersionTagging",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:PutObjectVersionTagging",
    }
    assert {action.partition(":")[0] for action in actions} == {"dynamodb", "logs", "s3"}


def test_the_vaults_key_is_used_through_s3_only(stack: Stack) -> None:
    """Where the owner names a key: who writes under it, who only reads, and nobody beside S3."""
    granted = {
        role: (set(as_list(statement["Action"])), statement["Condition"])
        for role, statement in stack.statements()
        if statement["Resource"] == {"Ref": "VaultKeyArn"}
    }
    through_s3 = {
        "StringEquals": {"kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.amazonaws.com"}}
    }

    writes = {"kms:Decrypt", "kms:GenerateDataKey"}
    assert granted == {
        "ArchiveRecordingRole": (writes, through_s3),
        "ReconcileArchiveRole": (writes, through_s3),
        "PlaybackApiRole": ({"kms:Decrypt"}, through_s3),
    }
    for role in granted:
        [_, policy] = stack.properties(role)["Policies"]
        assert policy["Fn::If"][0] == "HasVaultKey"
        assert policy["Fn::If"][2] == {"Ref": "AWS::NoValue"}


def test_who_reads_the_secret_may_decrypt_it(stack: Stack) -> None:
    """Secrets Manager decrypts with its caller's right, under a context of its own."""
    readers = {role for role, it in stack.statements() if "secretsmanager" in str(it["Action"])}
    decrypting = {
        role
        for role, statement in stack.statements()
        if statement["Resource"] == {"Fn::GetAtt": ["AccessTokenKey", "Arn"]}
        and "kms:Decrypt" in as_list(statement["Action"])
        and "Condition" not in statement
    }

    assert readers == {"ListRecordingsRole", "ArchiveRecordingRole", "ReconcileArchiveRole"}
    assert decrypting == readers


def test_reconciliation_queries_one_index(stack: Stack) -> None:
    """It asks the index by_month, a day at a time, and no index else; nobody scans."""
    (statement,) = [
        statement
        for role, statement in stack.statements()
        if role == "ReconcileArchiveRole" and "dynamodb:Query" in as_list(statement["Action"])
    ]

    assert statement["Resource"] == {"Fn::Sub": "${CatalogueTable.Arn}/index/by_month"}
    assert not [it for _, it in stack.statements() if "dynamodb:Scan" in as_list(it["Action"])]


def test_a_search_queries_every_index_and_scans_nothing(stack: Stack) -> None:
    """The API may query the catalogue's indexes and the number index, and change neither."""
    indexes = stack.properties("CatalogueTable")["GlobalSecondaryIndexes"]
    searched: list[Any] = [{"Fn::GetAtt": ["NumberIndexTable", "Arn"]}]
    searched += [
        {"Fn::Sub": f"${{CatalogueTable.Arn}}/index/{index['IndexName']}"} for index in indexes
    ]
    allowed = [s for role, s in stack.statements() if role == "PlaybackApiRole"]
    queried = [
        r for s in allowed if "dynamodb:Query" in as_list(s["Action"]) for r in _resources(s)
    ]

    assert all(resource in queried for resource in searched)
    for statement in allowed:
        if any("CatalogueTable" in str(r) or r in searched for r in _resources(statement)):
            actions = set(as_list(statement["Action"]))
            assert actions <= {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}


def _resources(statement: dict[str, Any]) -> list[Any]:
    return as_list(statement["Resource"])


def test_no_policy_is_attached(stack: Stack) -> None:
    """A managed policy is a grant that this template does not show."""
    for role in stack.of_type("AWS::IAM::Role").values():
        assert not role.get("ManagedPolicyArns")


@pytest.mark.parametrize("stem", FUNCTIONS)
def test_each_function_has_a_role_of_its_own(stack: Stack, stem: str) -> None:
    """It stands beside the function in template.yaml, and no other function has it."""
    holders = [
        name
        for name, function in stack.of_type("AWS::Lambda::Function").items()
        if function["Role"] == {"Fn::GetAtt": [f"{stem}Role", "Arn"]}
    ]

    assert holders == [f"{stem}Function"]


@pytest.mark.parametrize("stem", FUNCTIONS)
def test_a_function_writes_its_own_log(stack: Stack, stem: str) -> None:
    """It adds lines to its own log group; it makes no group and reads none."""
    [own] = [
        statement
        for role, statement in stack.statements()
        if role == f"{stem}Role" and "logs:" in str(statement["Action"])
    ]

    assert own["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert own["Resource"] == {"Fn::GetAtt": [f"{stem}LogGroup", "Arn"]}


def test_each_role_is_assumed_by_one_aws_service(stack: Stack) -> None:
    """Functions by Lambda, the schedule by the scheduler."""
    for role in stack.of_type("AWS::IAM::Role").values():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        (principal,) = as_list(statement["Principal"]["Service"])
        assert principal in {"lambda.amazonaws.com", "scheduler.amazonaws.com"}


def test_the_audit_is_added_to_and_read(stack: Stack) -> None:
    """One role touches it, and that one can neither change nor remove a play."""
    touching = [
        (role, set(as_list(statement["Action"])))
        for role, statement in stack.statements()
        if any("PlayTable" in str(resource) for resource in as_list(statement["Resource"]))
    ]

    assert touching == [("PlaybackApiRole", {"dynamodb:PutItem", "dynamodb:Query"})]
