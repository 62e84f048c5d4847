"""Reads back what keeps recordings and ids: bucket, tables, queue, secret, keys."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from local.cloudformation.provision.stack import Made
from local.moto.clients import Aws, Client

Told = dict[str, Any]
_Ask = Callable[[], Any]


def read_bucket(made: Made, aws: Aws) -> Told:
    """Return what S3 tells of a bucket, without what was never set."""
    s3, asked = aws.client("s3"), {"Bucket": made.resource.reference}
    asks: dict[str, _Ask] = {
        "BucketEncryption": lambda: _encryption(s3, asked),
        "CorsConfiguration": lambda: {"CorsRules": s3.get_bucket_cors(**asked)["CORSRules"]},
        "LifecycleConfiguration": lambda: _life_cycle(s3, asked),
        "LoggingConfiguration": lambda: _logging(s3, asked),
        "ObjectLockConfiguration": lambda: _lock(s3, asked),
        "ObjectLockEnabled": lambda: _lock(s3, asked)["ObjectLockEnabled"] == "Enabled",
        "OwnershipControls": lambda: s3.get_bucket_ownership_controls(**asked)["OwnershipControls"],
        "PublicAccessBlockConfiguration": lambda: s3.get_public_access_block(**asked)[
            "PublicAccessBlockConfiguration"
        ],
        "Tags": lambda: s3.get_bucket_tagging(**asked)["TagSet"],
        "VersioningConfiguration": lambda: s3.get_bucket_versioning(**asked),
    }
    told = {"BucketName": made.resource.reference}
    for name, ask in asks.items():
        try:
            told[name] = ask()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
    return told


def read_bucket_policy(made: Made, aws: Aws) -> Told:
    """Return a bucket's policy."""
    asked = {"Bucket": made.resource.reference}
    return asked | {"PolicyDocument": aws.client("s3").get_bucket_policy(**asked)["Policy"]}


def read_table(made: Made, aws: Aws) -> Told:
    """Return what DynamoDB tells of a table."""
    dynamodb, name = aws.client("dynamodb"), made.resource.reference
    table = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    told: Told = table | {
        "BillingMode": table["BillingModeSummary"]["BillingMode"],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": recovery == "ENABLED"},
        "SSESpecification": _encryption_of_table(table.get("SSEDescription", {})),
        "Tags": dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"],
    }
    return told


def read_secret(made: Made, aws: Aws) -> Told:
    """Return what Secrets Manager tells of a secret, its value too."""
    client, asked = aws.client("secretsmanager"), {"SecretId": made.resource.reference}
    told: Told = client.describe_secret(**asked)
    return told | {"SecretString": client.get_secret_value(**asked)["SecretString"]}


def read_key(made: Made, aws: Aws) -> Told:
    """Return what KMS tells of a key."""
    kms, asked = aws.client("kms"), {"KeyId": made.resource.reference}
    return {
        **kms.describe_key(**asked)["KeyMetadata"],
        "EnableKeyRotation": kms.get_key_rotation_status(**asked)["KeyRotationEnabled"],
        "KeyPolicy": kms.get_key_policy(**asked, PolicyName="default")["Policy"],
    }


def read_queue(made: Made, aws: Aws) -> Told:
    """Return what SQS tells of a queue."""
    asked = {"QueueUrl": made.resource.reference, "AttributeNames": ["All"]}
    told: Told = aws.client("sqs").get_queue_attributes(**asked)["Attributes"]
    return told


def _encryption_of_table(told: Told) -> Told:
    keys = {"KMSMasterKeyId": told["KMSMasterKeyArn"]} if "KMSMasterKeyArn" in told else {}
    return {"SSEEnabled": told.get("Status") == "ENABLED", **told, **keys}


def _encryption(s3: Client, asked: Told) -> Told:
    rules = s3.get_bucket_encryption(**asked)["ServerSideEncryptionConfiguration"]["Rules"]
    told = [
        {**rule, "ServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"]}
        for rule in rules
    ]
    return {"ServerSideEncryptionConfiguration": told}


def _lock(s3: Client, asked: Told) -> Told:
    told: Told = s3.get_object_lock_configuration(**asked)["ObjectLockConfiguration"]
    return told


def _logging(s3: Client, asked: Told) -> Told:
    told = s3.get_bucket_logging(**asked).get("LoggingEnabled", {})
    names = {"DestinationBucketName": "TargetBucket", "LogFilePrefix": "TargetPrefix"}
    return {name: told[theirs] for name, theirs in names.items() if theirs in told}


def _life_cycle(s3: Client, asked: Told) -> Told:
    rules = s3.get_bucket_lifecycle_configuration(**asked)["Rules"]
    return {"Rules": [_life_cycle_rule(rule) for rule in rules]}


def _life_cycle_rule(rule: Told) -> Told:
    expiration = rule.get("Expiration", {})
    chosen = rule["Filter"].get("And", rule["Filter"])
    told: Told = rule | {"Id": rule["ID"], **chosen, **expiration}
    told["TagFilters"] = chosen.get("Tags", [])
    if "Days" in expiration:
        told["ExpirationInDays"] = expiration["Days"]
    moves = rule.get("Transitions", [])
    told["Transitions"] = [move | {"TransitionInDays": move["Days"]} for move in moves]
    return told
