"""Which actions of IAM the requests that boto3 sends ask for."""

from typing import Any

import pytest

from local.moto.iam.actions import asked_of
from local.moto.iam.request import Request, UnknownOperationError
from tests.unit.local.moto.iam.sent import sent_by, signed_url

BUCKET = {"Bucket": "vault"}
OBJECT = {"Bucket": "vault", "Key": "recordings/ä 1.mp3"}
VERSION = {**OBJECT, "VersionId": "v1"}
VAULT_ARN = "arn:aws:s3:::vault"
OBJECT_ARN = "arn:aws:s3:::vault/recordings/ä 1.mp3"
TAGGING = {"TagSet": [{"Key": "ringvault", "Value": "expired"}]}
PART = {"UploadId": "u", "PartNumber": 1}

OF_S3: list[tuple[str, dict[str, Any], list[str]]] = [
    ("get_object", OBJECT, ["s3:GetObject"]),
    ("get_object", VERSION, ["s3:GetObjectVersion"]),
    ("head_object", OBJECT, ["s3:GetObject"]),
    ("put_object", OBJECT, ["s3:PutObject"]),
    ("put_object", {**OBJECT, "Tagging": "a=b"}, ["s3:PutObject", "s3:PutObjectTagging"]),
    ("put_object", {**OBJECT, "ACL": "private"}, ["s3:PutObject", "s3:PutObjectAcl"]),
    ("create_multipart_upload", OBJECT, ["s3:PutObject"]),
    ("upload_part", {**OBJECT, **PART, "Body": b"x"}, ["s3:PutObject"]),
    ("complete_multipart_upload", {**OBJECT, "UploadId": "u"}, ["s3:PutObject"]),
    ("abort_multipart_upload", {**OBJECT, "UploadId": "u"}, ["s3:AbortMultipartUpload"]),
    ("list_parts", {**OBJECT, "UploadId": "u"}, ["s3:ListMultipartUploadParts"]),
    ("delete_object", OBJECT, ["s3:DeleteObject"]),
    ("delete_object", VERSION, ["s3:DeleteObjectVersion"]),
    (
        "delete_object",
        {**VERSION, "BypassGovernanceRetention": True},
        ["s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"],
    ),
    ("get_object_tagging", VERSION, ["s3:GetObjectVersionTagging"]),
    ("put_object_tagging", {**OBJECT, "Tagging": TAGGING}, ["s3:PutObjectTagging"]),
    ("put_object_tagging", {**VERSION, "Tagging": TAGGING}, ["s3:PutObjectVersionTagging"]),
    ("delete_object_tagging", VERSION, ["s3:DeleteObjectVersionTagging"]),
    ("get_object_legal_hold", VERSION, ["s3:GetObjectLegalHold"]),
    ("put_object_legal_hold", VERSION, ["s3:PutObjectLegalHold"]),
    ("put_object_retention", VERSION, ["s3:PutObjectRetention"]),
]
OF_BUCKETS: list[tuple[str, dict[str, Any], str]] = [
    ("list_objects_v2", {"Prefix": "a", "MaxKeys": 1}, "s3:ListBucket"),
    ("head_bucket", {}, "s3:ListBucket"),
    ("list_object_versions", {"Prefix": "a"}, "s3:ListBucketVersions"),
    ("list_multipart_uploads", {"Prefix": "a"}, "s3:ListBucketMultipartUploads"),
    ("get_object_lock_configuration", {}, "s3:GetBucketObjectLockConfiguration"),
    ("put_bucket_policy", {"Policy": "{}"}, "s3:PutBucketPolicy"),
    ("delete_bucket", {}, "s3:DeleteBucket"),
]


@pytest.mark.parametrize(("operation", "parameters", "actions"), OF_S3)
def test_objects(operation: str, parameters: dict[str, Any], actions: list[str]) -> None:
    """A request about an object asks for these rights on it; another where a version is named."""
    asked = asked_of(sent_by("s3", operation, **parameters))

    assert [it.action for it in asked] == actions
    assert {it.resource for it in asked} == {OBJECT_ARN}


@pytest.mark.parametrize(("operation", "parameters", "action"), OF_BUCKETS)
def test_buckets(operation: str, parameters: dict[str, Any], action: str) -> None:
    """A request about a bucket asks for a right on the bucket."""
    [asked] = asked_of(sent_by("s3", operation, **BUCKET, **parameters))

    assert (asked.action, asked.resource) == (action, VAULT_ARN)


def test_a_presigned_url() -> None:
    """Whoever follows a URL asks for what it was signed for, with the signer's key and token."""
    request = signed_url("get_object", **OBJECT, ResponseCacheControl="no-store")

    [asked] = asked_of(request)
    assert (asked.action, asked.resource) == ("s3:GetObject", OBJECT_ARN)
    assert request.credential == ("AKIDEXAMPLE", "s3")
    assert request.session_token == "token"


def test_each_object_of_a_deletion_is_asked_for() -> None:
    """DeleteObjects asks for every key by itself, and for its version where it names one."""
    objects = [{"Key": "a"}, {"Key": "b", "VersionId": "v1"}]
    asked = asked_of(sent_by("s3", "delete_objects", **BUCKET, Delete={"Objects": objects}))

    assert [(it.action, it.resource) for it in asked] == [
        ("s3:DeleteObject", f"{VAULT_ARN}/a"),
        ("s3:DeleteObjectVersion", f"{VAULT_ARN}/b"),
    ]


def test_a_copy_reads_its_source() -> None:
    """Who copies an object has to be allowed to read it."""
    asked = asked_of(
        sent_by("s3", "copy_object", **OBJECT, CopySource={"Bucket": "other", "Key": "secret key"})
    )

    assert [(it.action, it.resource) for it in asked] == [
        ("s3:PutObject", OBJECT_ARN),
        ("s3:GetObject", "arn:aws:s3:::other/secret key"),
    ]


@pytest.mark.parametrize(
    ("operation", "parameters", "creates"),
    [
        ("put_object", {}, "true"),
        ("complete_multipart_upload", {"UploadId": "u"}, "true"),
        ("create_multipart_upload", {}, "false"),
        ("upload_part", {**PART, "Body": b"x"}, "false"),
    ],
)
def test_what_creates_an_object(operation: str, parameters: dict[str, Any], creates: str) -> None:
    """An upload's beginning and its parts create none, which is when S3 takes no If-None-Match."""
    [asked] = asked_of(sent_by("s3", operation, **OBJECT, **parameters))

    assert asked.context["s3:objectcreationoperation"] == creates
    assert "s3:if-none-match" not in asked.context


def test_conditions_of_a_write() -> None:
    """If-None-Match, and what is said of encryption, are there for conditions."""
    told = {"IfNoneMatch": "*", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"}
    [asked] = asked_of(sent_by("s3", "put_object", **OBJECT, **told))

    assert asked.context["s3:if-none-match"] == "*"
    assert asked.context["s3:x-amz-server-side-encryption"] == "aws:kms"
    assert asked.context["s3:x-amz-server-side-encryption-aws-kms-key-id"] == "k"


def test_conditions_of_tagging_and_listing() -> None:
    """The tags that are put, and what is listed, are there for conditions."""
    [tagging] = asked_of(sent_by("s3", "put_object_tagging", **VERSION, Tagging=TAGGING))
    [listing] = asked_of(sent_by("s3", "list_objects_v2", **BUCKET, Prefix="reports/", MaxKeys=1))

    assert tagging.context["s3:requestobjecttag/ringvault"] == "expired"
    assert (listing.context["s3:prefix"], listing.context["s3:max-keys"]) == ("reports/", "1")


KEY: dict[str, Any] = {"Key": {"id": {"S": "1"}}}
TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/catalogue"
QUEUE = {"QueueUrl": "http://localhost:9/123456789012/recordings"}
QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:recordings"
KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/1"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ringcentral-a"
STREAM = {"logGroupName": "group", "logStreamName": "s"}
EVENTS = [{"timestamp": 0, "message": "m"}]
GROUP_ARN = "arn:aws:logs:us-east-1:123456789012:log-group:group"
ROLE_ARN = "arn:aws:iam::123456789012:role/Other"

OF_OTHERS: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    ("dynamodb", "get_item", {"TableName": "catalogue", **KEY}, [("GetItem", TABLE_ARN)]),
    ("dynamodb", "get_item", {"TableName": TABLE_ARN, **KEY}, [("GetItem", TABLE_ARN)]),
    ("dynamodb", "query", {"TableName": "catalogue"}, [("Query", TABLE_ARN)]),
    (
        "dynamodb",
        "query",
        {"TableName": "catalogue", "IndexName": "by_state"},
        [("Query", f"{TABLE_ARN}/index/by_state")],
    ),
    (
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {"catalogue": {"Keys": [KEY["Key"]]}}},
        [("BatchGetItem", TABLE_ARN)],
    ),
    (
        "dynamodb",
        "transact_write_items",
        {
            "TransactItems": [
                {"Put": {"TableName": "catalogue", "Item": {}}},
                {"Delete": {"TableName": "other", **KEY}},
            ]
        },
        [("PutItem", TABLE_ARN), ("DeleteItem", TABLE_ARN.replace("catalogue", "other"))],
    ),
    ("sqs", "send_message_batch", {**QUEUE, "Entries": []}, [("SendMessage", QUEUE_ARN)]),
    ("sqs", "delete_message_batch", {**QUEUE, "Entries": []}, [("DeleteMessage", QUEUE_ARN)]),
    ("sqs", "receive_message", QUEUE, [("ReceiveMessage", QUEUE_ARN)]),
    ("kms", "encrypt", {"KeyId": KEY_ARN, "Plaintext": b"x"}, [("Encrypt", KEY_ARN)]),
    ("kms", "decrypt", {"KeyId": "1", "CiphertextBlob": b"x"}, [("Decrypt", KEY_ARN)]),
    (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": SECRET_ARN},
        [("GetSecretValue", SECRET_ARN)],
    ),
    (
        "logs",
        "put_log_events",
        {**STREAM, "logEvents": EVENTS},
        [("PutLogEvents", f"{GROUP_ARN}:log-stream:s")],
    ),
    ("logs", "create_log_group", {"logGroupName": "group"}, [("CreateLogGroup", GROUP_ARN)]),
    (
        "sts",
        "assume_role",
        {"RoleArn": ROLE_ARN, "RoleSessionName": "me"},
        [("AssumeRole", ROLE_ARN)],
    ),
    ("sts", "get_caller_identity", {}, []),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "asked"), OF_OTHERS)
def test_other_services(
    service: str, operation: str, parameters: dict[str, Any], asked: list[tuple[str, str]]
) -> None:
    """Batches ask for the single right, transactions for what is in them, queries for the index."""
    found = asked_of(sent_by(service, operation, **parameters))

    assert [(it.action, it.resource) for it in found] == [
        (f"{service}:{action}", resource) for action, resource in asked
    ]


UNKNOWN: list[tuple[str, str, dict[str, Any]]] = [
    ("s3", "list_buckets", {}),
    ("s3", "get_object_attributes", {**OBJECT, "ObjectAttributes": ["ETag"]}),
    ("s3", "put_bucket_acl", {**BUCKET, "ACL": "public-read"}),
    ("dynamodb", "execute_statement", {"Statement": "SELECT * FROM catalogue"}),
    ("sqs", "create_queue", {"QueueName": "mine"}),
    ("kms", "encrypt", {"KeyId": "alias/mine", "Plaintext": b"x"}),
    ("kms", "decrypt", {"CiphertextBlob": b"x"}),
    ("secretsmanager", "get_secret_value", {"SecretId": "by-name"}),
    ("secretsmanager", "list_secrets", {}),
    ("logs", "describe_log_groups", {}),
    ("sts", "get_session_token", {}),
    ("iam", "list_users", {}),
    ("lambda", "list_functions", {}),
]


@pytest.mark.parametrize(("service", "operation", "parameters"), UNKNOWN)
def test_unknown_is_said(service: str, operation: str, parameters: dict[str, Any]) -> None:
    """An operation of which it is not known what it asks for is never let through as harmless."""
    with pytest.raises(UnknownOperationError):
        asked_of(sent_by(service, operation, **parameters))


def test_nobody_asks_without_a_service() -> None:
    """A request that is not signed names no service."""
    with pytest.raises(UnknownOperationError, match="without a name"):
        asked_of(Request("GET", "/vault/a", {}, {}, b""))
