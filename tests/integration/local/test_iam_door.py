"""The door before moto, as boto3 and a browser meet it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from local.child import free_port
from local.moto.clients import Aws, running_aws

BUCKET = "vault"
AUDIO = "recordings/1.mp3"
ROLE = "Reader"
ROLE_ARN = f"arn:aws:iam::123456789012:role/{ROLE}"
WITHIN_S = 10


@dataclass(frozen=True, slots=True)
class House:
    """A bucket with audio and a secret report, a table and a queue, and what the door notes."""

    aws: Aws
    queue_url: str
    key_arn: str
    iam_log: Path
    aws_log: Path

    def grant(self, *statements: dict[str, Any]) -> None:
        """Let the role do this, and nothing else."""
        document = {"Version": "2012-10-17", "Statement": statements}
        self.aws.client("iam").put_role_policy(
            RoleName=ROLE, PolicyName="All", PolicyDocument=json.dumps(document)
        )

    def client(self, service: Any) -> Any:
        """Return a client of the role."""
        return self.aws.role_client(service, role_arn=ROLE_ARN, session_name="test")

    def noted(self) -> dict[str, Any]:
        """Return the newest line of the log."""
        line: dict[str, Any] = json.loads(self.iam_log.read_text().splitlines()[-1])
        return line


def allow(action: str, resource: str, **condition: Any) -> dict[str, Any]:
    """Return a statement that allows one action."""
    sid = "".join(filter(str.isalnum, action))
    given = {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
    return given | ({"Condition": condition} if condition else {})


READ_AUDIO = allow("s3:GetObject", f"arn:aws:s3:::{BUCKET}/recordings/*")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run moto behind the door, with somewhere to note what roles ask for."""
    folder = tmp_path_factory.mktemp("aws")
    aws_log, iam_log = folder / "aws.log", folder / "iam.log"
    with running_aws(free_port(), log_path=aws_log, iam_log=iam_log) as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key=AUDIO, Body=b"ID3")
        s3.put_object(Bucket=BUCKET, Key="reports/1.json", Body=b"{}")
        aws.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument="{}")
        queue_url = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        yield House(aws, queue_url, key, iam_log, aws_log)


def refused(ask: Callable[[], Any]) -> str:
    """Return AWS's name for the refusal."""
    with pytest.raises(ClientError) as error:
        ask()
    return str(error.value.response["Error"]["Code"])


def test_a_role_does_what_it_was_granted(house: House) -> None:
    """It reads what it may, nothing beside it, and both are noted."""
    house.grant(READ_AUDIO)
    s3 = house.client("s3")

    assert s3.get_object(Bucket=BUCKET, Key=AUDIO)["Body"].read() == b"ID3"
    assert house.noted() == {
        "role": ROLE,
        "action": "s3:GetObject",
        "resource": f"arn:aws:s3:::{BUCKET}/{AUDIO}",
        "allowed": True,
        "by": ["s3GetObject"],
    }
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=BUCKET, Key="reports/1.json")
    assert error.value.response["Error"]["Code"] == "AccessDenied"
    assert "s3:GetObject on resource: arn:aws:s3:::vault/reports/1.json" in str(error.value)
    assert house.noted()["allowed"] is False


def test_each_service_refuses_in_its_own_way(house: House) -> None:
    """boto3 finds AWS's code in every answer, and what was refused has not happened."""
    house.grant(READ_AUDIO)
    [dynamodb, sqs, kms, s3] = [house.client(it) for it in ("dynamodb", "sqs", "kms", "s3")]

    def put() -> Any:
        return s3.put_object(Bucket=BUCKET, Key=AUDIO, Body=bytes(3_000_000))

    assert refused(lambda: dynamodb.get_item(TableName="t", Key={})) == "AccessDeniedException"
    assert refused(lambda: kms.describe_key(KeyId=house.key_arn)) == "AccessDeniedException"
    assert refused(lambda: sqs.purge_queue(QueueUrl=house.queue_url)) == "AccessDenied"
    assert refused(lambda: s3.head_object(Bucket=BUCKET, Key="reports/1.json")) == "403"
    assert refused(put) == "AccessDenied"
    assert house.aws.client("s3").head_object(Bucket=BUCKET, Key=AUDIO)["ContentLength"] == 3


def test_a_presigned_url_is_as_good_as_its_signer(house: House) -> None:
    """Whoever follows it gets what the role that signed it may read, and nothing else."""
    house.grant(READ_AUDIO)
    given = house.aws.credentials_of(ROLE_ARN, session_name="test")
    session = boto3.session.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    )
    s3 = session.client(
        "s3",
        endpoint_url=house.aws.endpoint_url,
        region_name="us-east-1",
        config=Config(signature_version="s3v4"),
    )

    def fetch(key: str) -> requests.Response:
        url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key})
        return requests.get(url, timeout=WITHIN_S)

    assert fetch(AUDIO).content == b"ID3"
    assert fetch("reports/1.json").status_code == 403
    # A browser asks for permission to ask before it has any credentials to show.
    preflight = requests.options(f"{house.aws.endpoint_url}/{BUCKET}/{AUDIO}", timeout=WITHIN_S)
    assert "IAM" not in preflight.text


def test_nobody_is_let_in_without_a_key(house: House) -> None:
    """Not signed at all, with a key of nobody's, or with a role's key and no session."""
    given = house.aws.credentials_of(ROLE_ARN, session_name="test")
    half = boto3.session.Session(given["AccessKeyId"], given["SecretAccessKey"])
    unknown = boto3.session.Session("ASIANOBODY", "secret", "token")

    def client(session: boto3.session.Session, service: Any = "s3") -> Any:
        return session.client(service, endpoint_url=house.aws.endpoint_url, region_name="us-east-1")

    def read(session: boto3.session.Session) -> Any:
        return client(session).get_object(Bucket=BUCKET, Key=AUDIO)

    unsigned = requests.get(f"{house.aws.endpoint_url}/{BUCKET}/{AUDIO}", timeout=WITHIN_S)
    assert unsigned.status_code == 403
    assert refused(lambda: read(unknown)) == "InvalidAccessKeyId"
    assert refused(lambda: read(half)) == "InvalidToken"
    keyless = client(unknown, "dynamodb")
    assert refused(lambda: keyless.get_item(TableName="t", Key={})) == "UnrecognizedClientException"


def test_an_unknown_operation_is_refused_loudly(house: House) -> None:
    """What the door can't judge it refuses, and says so in the log of AWS as well."""
    house.grant(allow("*", "*"))

    assert refused(house.client("s3").list_buckets) == "AccessDenied"
    assert "iam: not known to local/iam: GET of S3" in house.aws_log.read_text()


def test_whom_s3_tells_that_there_is_nothing(house: House) -> None:
    """Only who may list keys learns that one is not there; the others are refused."""

    def look() -> str:
        return refused(lambda: house.client("s3").get_object(Bucket=BUCKET, Key="recordings/2.mp3"))

    house.grant(READ_AUDIO)
    assert look() == "AccessDenied"
    house.grant(READ_AUDIO, allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"))
    assert look() == "NoSuchKey"


def test_a_bucket_denies_for_itself(house: House) -> None:
    """A bucket's policy counts beside the role's, conditions and all."""
    house.grant(READ_AUDIO)
    s3 = house.client("s3")
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }

    def read_under(**condition: Any) -> Any:
        policy = {"Version": "2012-10-17", "Statement": [{**denial, "Condition": condition}]}
        house.aws.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
        return s3.get_object(Bucket=BUCKET, Key=AUDIO)

    read_under(Bool={"aws:SecureTransport": "false"})
    assert refused(lambda: read_under(Bool={"aws:SecureTransport": "true"})) == "AccessDenied"
    assert refused(lambda: read_under(StringEquals={"aws:Colour": "red"})) == "AccessDenied"
    assert "aws:Colour is not known" in house.aws_log.read_text()
    house.aws.client("s3").delete_bucket_policy(Bucket=BUCKET)


def test_a_buckets_key_is_asked_as_well(house: House) -> None:
    """Under a key of the owner's S3 decrypts for the reader, who needs the right to it."""
    s3 = house.aws.client("s3")
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": house.key_arn}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=rules)
    via_s3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}

    def read() -> Any:
        return house.client("s3").get_object(Bucket=BUCKET, Key=AUDIO)

    house.grant(READ_AUDIO)
    assert refused(read) == "AccessDenied"
    assert house.noted()["action"] == "kms:Decrypt"
    assert house.client("s3").head_object(Bucket=BUCKET, Key=AUDIO)["ContentLength"] == 3
    house.grant(READ_AUDIO, allow("kms:Decrypt", house.key_arn, **via_s3))
    assert read()["Body"].read() == b"ID3"
    s3.delete_bucket_encryption(Bucket=BUCKET)


def test_a_key_obeys_its_own_policy(house: House) -> None:
    """IAM opens a key only where the key's policy leaves it to IAM."""
    house.grant(allow("kms:Encrypt", house.key_arn))
    kms = house.client("kms")

    def encrypt_under(principal: str) -> Any:
        statement = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
        policy = {
            "Version": "2012-10-17",
            "Statement": [{**statement, "Principal": {"AWS": principal}}],
        }
        house.aws.client("kms").put_key_policy(
            KeyId=house.key_arn, PolicyName="default", Policy=json.dumps(policy)
        )
        return kms.encrypt(KeyId=house.key_arn, Plaintext=b"x")

    assert encrypt_under("arn:aws:iam::123456789012:root")["CiphertextBlob"]
    refusal = refused(lambda: encrypt_under("arn:aws:iam::123456789012:role/Other"))
    assert refusal == "AccessDeniedException"


def test_without_enforcement_a_role_may_all(tmp_path: Path) -> None:
    """As asked for by option; nothing is noted then."""
    iam_log = tmp_path / "iam.log"
    options: dict[str, Any] = {"log_path": tmp_path / "aws.log", "iam_log": iam_log}
    with running_aws(free_port(), **options, enforces_iam=False) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        role = aws.role_client("s3", role_arn=ROLE_ARN, session_name="test")
        role.put_object(Bucket=BUCKET, Key=AUDIO, Body=b"ID3")

    assert not iam_log.exists()
