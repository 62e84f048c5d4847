"""AWS for a test: moto, and resources of names that no other test has."""

import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.session import Session
from botocore.config import Config

from local.cloudformation.transform import REGION, Document
from local.moto.server import moto_server

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

KEY_ID = "AKIDEXAMPLE"
SECRET_KEY = "secret"
_CONFIG = Config(retries={"total_max_attempts": 1})
_TABLE_PARAMETERS = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


@dataclass(frozen=True, slots=True)
class Cloud:
    """Clients of moto, and what makes resources as template.yaml defines them."""

    url: str
    template: Document
    session: Session
    dynamodb: "DynamoDBClient"
    kms: "KMSClient"
    s3: "S3Client"
    secretsmanager: "SecretsManagerClient"
    sqs: "SQSClient"

    @classmethod
    def at(cls, url: str, template: Document) -> "Cloud":
        """Return the cloud behind an address, with credentials that open nothing else."""
        session = Session(KEY_ID, SECRET_KEY, region_name=REGION)
        return cls(
            url=url,
            template=template,
            session=session,
            dynamodb=session.client("dynamodb", endpoint_url=url, config=_CONFIG),
            kms=session.client("kms", endpoint_url=url, config=_CONFIG),
            s3=session.client("s3", endpoint_url=url, config=_CONFIG),
            secretsmanager=session.client("secretsmanager", endpoint_url=url, config=_CONFIG),
            sqs=session.client("sqs", endpoint_url=url, config=_CONFIG),
        )

    def own_client(self, service: Any) -> Any:
        """Return a client that no other test has, so that this one may meddle with it."""
        return self.session.client(service, endpoint_url=self.url, config=_CONFIG)

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead boto3 here and nowhere else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def make_table(self, logical_id: str) -> str:
        """Create an empty table like one of the template's; return its name."""
        properties = self.template["Resources"][logical_id]["Properties"]
        parameters: Any = {name: properties[name] for name in _TABLE_PARAMETERS & properties.keys()}
        name = _unique(logical_id)
        self.dynamodb.create_table(TableName=name, **parameters)
        return name

    def empty_table(self, name: str) -> None:
        """Delete whatever a table holds."""
        keys = self.dynamodb.describe_table(TableName=name)["Table"]["KeySchema"]
        for item in self.dynamodb.scan(TableName=name)["Items"]:
            key: Any = {part["AttributeName"]: item[part["AttributeName"]] for part in keys}
            self.dynamodb.delete_item(TableName=name, Key=key)

    def make_bucket(self, **parameters: Any) -> str:
        """Create an empty bucket that keeps versions, as the vault does; return its name."""
        properties = self.template["Resources"]["VaultBucket"]["Properties"]
        name = _unique("vault").lower()
        self.s3.create_bucket(Bucket=name, **parameters)
        self.s3.put_bucket_versioning(
            Bucket=name, VersioningConfiguration=properties["VersioningConfiguration"]
        )
        return name

    def make_queue(self) -> str:
        """Create an empty queue; return its URL."""
        return self.sqs.create_queue(QueueName=_unique("queue"))["QueueUrl"]

    @property
    def key_arn(self) -> str:
        """An encryption key, one for all: it holds nothing, and moto computes RSA to make one."""
        made = self.kms.list_keys()["Keys"]
        return made[0]["KeyArn"] if made else self.kms.create_key()["KeyMetadata"]["Arn"]

    def make_secret(self, fields: Mapping[str, str]) -> str:
        """Create a secret that holds the fields as JSON; return its ARN."""
        secret = self.secretsmanager.create_secret(
            Name=_unique("secret"), SecretString=json.dumps(fields)
        )
        return secret["ARN"]

    def messages_in(self, queue_url: str) -> list[dict[str, Any]]:
        """Take up to ten messages that are visible."""
        answer: Any = self.sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            WaitTimeSeconds=0,
        )
        return list(answer.get("Messages", ()))

    def keys_in(self, bucket: str) -> list[str]:
        """Return the keys of all objects."""
        found = self.s3.list_objects_v2(Bucket=bucket).get("Contents", ())
        return [entry["Key"] for entry in found]

    def open_uploads_in(self, bucket: str) -> list[str]:
        """Return the keys of the multipart uploads that are open."""
        found = self.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", ())
        return [entry["Key"] for entry in found]

    def read(self, bucket: str, object_key: str) -> bytes:
        """Return an object's content."""
        return self.s3.get_object(Bucket=bucket, Key=object_key)["Body"].read()


@contextmanager
def running_cloud(template: Document) -> Iterator[Cloud]:
    """Run moto on a free port of loopback; its state is that of the whole process."""
    server = moto_server(0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        # By name, since moto finds the bucket in the path only when the host is "localhost".
        yield Cloud.at(f"http://localhost:{server.port}", template)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _unique(stem: str) -> str:
    return f"{stem}-{uuid.uuid4().hex[:12]}"
