"""Least privilege: every function works with its role alone, and no role can do more."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.moto.iam.conditions import like
from local.moto.iam.policy import Asked, Statement, decide
from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.http.server import Simulator
from tests.support.deployed import event
from tests.support.deployed_stack import FUNCTIONS, DeployedStack, Note, deployed_stack
from tests.support.every_path import EveryPath

OPTIONS = Options(
    recordings=6,
    days=6,
    add_wav_bytes=(9 * 1024 * 1024,),
    quotas=quotas_with(heavy=Quota(600, 60, 60)),
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedStack]:
    """Run every path of every function with its role's credentials."""
    folder = tmp_path_factory.mktemp("stack")
    days = {"ExpireAfterDays": "1", "ObjectLockDays": "1", "WideLookBackDays": "1"}
    with (
        Simulator(OPTIONS) as simulator,
        deployed_stack(simulator, folder=folder, **days) as deployed,
    ):
        EveryPath(deployed, simulator).run()
        deployed.ran = deployed.notes()
        yield deployed


@pytest.fixture(scope="module")
def names(ran: DeployedStack) -> dict[str, str]:
    """Return what this stack's resources are called."""
    audio = next(it["object_key"]["S"] for it in ran.items().values() if "object_key" in it)
    return {
        "audio": audio,
        "bucket": ran.output("VaultBucketName"),
        "catalogue": ran.output("CatalogueTableName"),
        "plays": ran.output("PlayTableName"),
        "queue": ran.output("RecordingQueueUrl"),
        "dead_letters": ran.output("DeadLetterQueueUrl"),
        "secret": ran.output("RingCentralSecretArn"),
        "key": ran.output("AccessTokenKeyArn"),
        "vault_key": ran.stack.parameters["VaultKeyArn"],
        "log": ran.function("ListRecordings").log_group,
        "role": ran.function("ExpireRecordings").role_arn,
    }


def role_of(deployed: DeployedStack, stem: str) -> str:
    """Return the name of a function's role."""
    return deployed.function(stem).role_arn.rpartition("/")[2]


def statements_of(deployed: DeployedStack, stem: str) -> list[Statement]:
    """Return what a function's role is granted."""
    policies = deployed.policies(role_of(deployed, stem))
    return [statement for policy in policies for statement in policy]


def test_nothing_was_refused(ran: DeployedStack) -> None:
    """A path that lacks a permission would fail; so would one that swallows the refusal."""
    assert len(ran.ran) > 500
    assert {note["role"] for note in ran.ran} == {role_of(ran, stem) for stem in FUNCTIONS}
    assert [note for note in ran.ran if not note["allowed"]] == []
    vault_key = {"WriteUnderVaultKey", "ReadUnderVaultKey"}
    by_vault_key = {note["role"] for note in ran.ran if vault_key & {*note["by"]}}
    using = ("ArchiveRecording", "ReconcileArchive", "PlaybackApi")
    assert by_vault_key == {role_of(ran, stem) for stem in using}


@pytest.mark.parametrize("stem", FUNCTIONS)
def test_no_role_can_do_more_than_was_used(ran: DeployedStack, stem: str) -> None:
    """Each action on each resource of each statement was needed by the run."""
    role = role_of(ran, stem)
    used = [note for note in ran.ran if note["role"] == role]
    granted = [
        (statement.sid, action, resource)
        for statement in statements_of(ran, stem)
        for action in statement.actions
        for resource in statement.resources
    ]

    surplus = [it for it in granted if not any(_uses(note, *it) for note in used)]
    assert granted
    assert surplus == []


def _uses(note: Note, sid: str, action: str, resource: str) -> bool:
    is_same = note["action"] == action and sid in note["by"]
    return is_same and like(resource).fullmatch(note["resource"]) is not None


NEW = {"Key": "recordings/new.mp3", "IfNoneMatch": "*"}
KMS = {"ServerSideEncryption": "aws:kms"}
TRIES: list[tuple[str, str, str, dict[str, Any]]] = [
    # The lister hears nothing, and changes nothing in the vault.
    ("ListRecordings", "s3", "get_object", {"Key": "{audio}"}),
    ("ListRecordings", "s3", "list_objects_v2", {}),
    ("ListRecordings", "s3", "put_object", {"Key": "{audio}"}),
    ("ListRecordings", "dynamodb", "delete_item", {"TableName": "{catalogue}"}),
    ("ListRecordings", "dynamodb", "scan", {"TableName": "{catalogue}"}),
    ("ListRecordings", "dynamodb", "query", {"TableName": "{plays}"}),
    ("ListRecordings", "sqs", "receive_message", {"QueueUrl": "{queue}"}),
    ("ListRecordings", "secretsmanager", "put_secret_value", {"SecretId": "{secret}"}),
    # The archiver neither deletes nor overwrites, and uses the vault's key only, through S3 only.
    ("ArchiveRecording", "s3", "delete_object", {"Key": "{audio}"}),
    ("ArchiveRecording", "s3", "delete_object", {"Key": "{audio}", "VersionId": "1"}),
    ("ArchiveRecording", "s3", "put_object", {"Key": "{audio}"}),
    ("ArchiveRecording", "s3", "put_object", {"Key": "reports/1.json", "IfNoneMatch": "*"}),
    ("ArchiveRecording", "s3", "put_object", {**NEW, "ServerSideEncryption": "AES256"}),
    ("ArchiveRecording", "s3", "put_object", {**NEW, **KMS, "SSEKMSKeyId": "{key}"}),
    ("ArchiveRecording", "s3", "put_object", {**NEW, **KMS}),
    ("ArchiveRecording", "s3", "complete_multipart_upload", {"Key": "{audio}", "UploadId": "1"}),
    ("ArchiveRecording", "s3", "copy_object", {"Key": "{audio}", "CopySource": "{bucket}/{audio}"}),
    ("ArchiveRecording", "s3", "put_object_tagging", {"Key": "{audio}", "Tagging": "{expired}"}),
    ("ArchiveRecording", "s3", "put_object_legal_hold", {"Key": "{audio}"}),
    ("ArchiveRecording", "s3", "get_object", {"Key": "metadata/1.json"}),
    ("ArchiveRecording", "dynamodb", "put_item", {"TableName": "{catalogue}", "Item": {}}),
    ("ArchiveRecording", "dynamodb", "delete_item", {"TableName": "{catalogue}"}),
    ("ArchiveRecording", "kms", "decrypt", {"KeyId": "{vault_key}", "CiphertextBlob": b"x"}),
    ("ArchiveRecording", "sqs", "purge_queue", {"QueueUrl": "{queue}"}),
    ("ArchiveRecording", "sqs", "receive_message", {"QueueUrl": "{dead_letters}"}),
    # Reconciliation repairs, but puts no audio, and replaces no report.
    ("ReconcileArchive", "s3", "put_object", {"Key": "{audio}", "IfNoneMatch": "*"}),
    ("ReconcileArchive", "s3", "put_object", {"Key": "reports/reconciliation/000001.json"}),
    ("ReconcileArchive", "s3", "delete_object", {"Key": "{audio}"}),
    ("ReconcileArchive", "dynamodb", "delete_item", {"TableName": "{catalogue}"}),
    ("ReconcileArchive", "sqs", "send_message", {"QueueUrl": "{queue}", "MessageBody": "x"}),
    # Expiry hears nothing, deletes nothing in the vault, and gives one tag.
    ("ExpireRecordings", "s3", "get_object", {"Key": "{audio}"}),
    ("ExpireRecordings", "s3", "delete_object", {"Key": "{audio}", "VersionId": "1"}),
    ("ExpireRecordings", "s3", "delete_object_tagging", {"Key": "{audio}", "VersionId": "1"}),
    (
        "ExpireRecordings",
        "s3",
        "put_object_tagging",
        {"Key": "{audio}", "VersionId": "1", "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}},
    ),
    ("ExpireRecordings", "s3", "put_object_tagging", {"Key": "{audio}", "Tagging": "{expired}"}),
    ("ExpireRecordings", "secretsmanager", "get_secret_value", {"SecretId": "{secret}"}),
    # The API reads recordings and writes plays.
    ("PlaybackApi", "s3", "list_objects_v2", {}),
    ("PlaybackApi", "s3", "get_object", {"Key": "metadata/1.json"}),
    ("PlaybackApi", "s3", "get_object", {"Key": "reports/reconciliation/000001.json"}),
    ("PlaybackApi", "s3", "get_object", {"Key": "{audio}", "VersionId": "1"}),
    ("PlaybackApi", "s3", "put_object", {"Key": "{audio}", "IfNoneMatch": "*"}),
    ("PlaybackApi", "s3", "delete_object", {"Key": "{audio}"}),
    ("PlaybackApi", "dynamodb", "put_item", {"TableName": "{catalogue}", "Item": {}}),
    ("PlaybackApi", "dynamodb", "update_item", {"TableName": "{catalogue}"}),
    ("PlaybackApi", "dynamodb", "update_item", {"TableName": "{plays}"}),
    ("PlaybackApi", "dynamodb", "delete_item", {"TableName": "{plays}"}),
    ("PlaybackApi", "dynamodb", "scan", {"TableName": "{catalogue}"}),
    ("PlaybackApi", "secretsmanager", "get_secret_value", {"SecretId": "{secret}"}),
    ("PlaybackApi", "kms", "decrypt", {"KeyId": "{key}", "CiphertextBlob": b"x"}),
    ("PlaybackApi", "kms", "decrypt", {"KeyId": "{vault_key}", "CiphertextBlob": b"x"}),
]
# Nobody takes the vault's protection away, becomes another, or reads a log.
OF_ALL: list[tuple[str, str, dict[str, Any]]] = [
    ("s3", "delete_bucket", {}),
    ("s3", "delete_bucket_policy", {}),
    ("s3", "put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
    ("dynamodb", "delete_table", {"TableName": "{catalogue}"}),
    ("kms", "put_key_policy", {"KeyId": "{key}", "Policy": "{{}}"}),
    ("sts", "assume_role", {"RoleArn": "{role}", "RoleSessionName": "other"}),
    ("logs", "get_log_events", {"logGroupName": "{log}", "logStreamName": "1"}),
]
TRIES += [(stem, *it) for stem in FUNCTIONS for it in OF_ALL]


@pytest.mark.parametrize(("stem", "service", "operation", "parameters"), TRIES)
def test_what_a_role_must_not_do_is_refused(
    ran: DeployedStack,
    names: dict[str, str],
    *,
    stem: str,
    service: str,
    operation: str,
    parameters: dict[str, Any],
) -> None:
    """It is tried with the role's credentials, and AWS says that it is not authorized."""
    client = ran.client(service, of=stem)
    given = filled(parameters, names)
    if service == "s3":
        given = {"Bucket": ran.output("VaultBucketName"), **given}
    if operation in {"delete_item", "update_item"}:
        given = {"Key": {}, **given}

    with pytest.raises(ClientError) as error:
        getattr(client, operation)(**given)

    assert error.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
    assert "is not authorized to perform" in str(error.value)


def filled(parameters: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return parameters with the names that this stack's resources have."""
    expired = {"TagSet": [{"Key": "ringvault", "Value": "expired"}]}
    return {
        name: expired if it == "{expired}" else it.format(**names) if isinstance(it, str) else it
        for name, it in parameters.items()
    }


def test_a_missing_permission_fails_the_run(ran: DeployedStack) -> None:
    """Without the right to write plays no URL is issued: the enforcement is real."""
    iam, role = ran.client("iam"), role_of(ran, "PlaybackApi")
    policy = {"RoleName": role, "PolicyName": "PlaybackApi"}
    document = iam.get_role_policy(**policy)["PolicyDocument"]
    lesser = {
        **document,
        "Statement": [it for it in document["Statement"] if it["Sid"] != "Plays"],
    }
    recording_id = next(it for it, item in ran.items().items() if "object_key" in item)
    asked = event("playback_api_playback_url") | {
        "rawPath": f"/recordings/{recording_id}/playback-url",
        "pathParameters": {"recordingId": recording_id},
    }
    assert ran.invoke("PlaybackApi", asked)["statusCode"] == 200

    iam.put_role_policy(**policy, PolicyDocument=json.dumps(lesser))
    answer = ran.invoke("PlaybackApi", asked)
    iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))

    assert (answer["statusCode"], "X-Amz-Signature" in answer["body"]) == (503, False)


def test_a_schedule_invokes_one_function(ran: DeployedStack) -> None:
    """The role of each schedule invokes its own function: on paper, for nothing here fires it."""
    [names] = [
        [it["RoleName"] for it in ran.client("iam").list_roles()["Roles"]],
    ]
    schedulers = [name for name in names if name.endswith("ScheduleRole")]
    allowed = {
        name.removesuffix("ScheduleRole"): [
            function.arn
            for function in ran.stack.runtime.functions.values()
            if decide(
                Asked("lambda:InvokeFunction", function.arn),
                principal=name,
                policies=ran.policies(name),
            ).is_allowed
        ]
        for name in schedulers
    }

    assert len(schedulers) == 3
    assert allowed == {stem: [ran.stack.runtime.functions[stem].arn] for stem in allowed}
