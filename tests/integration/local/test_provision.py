"""The template's resources, made in moto and read back from it."""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from local.child import free_port
from local.cloudformation.intrinsics import names_in
from local.cloudformation.provision.site import Stage
from local.cloudformation.provision.stack import Stack, provision
from local.cloudformation.transform import transform
from local.errors import TemplateError
from local.lambda_.host import Host
from local.moto.clients import Aws, running_aws
from local.places import ROOT
from local.up.run import _serving
from tests.support.template import transformed

PARAMETERS = {
    "JwtIssuer": "https://issuer",
    "JwtAudience": "ringvault",
    "SignInAuthorizationEndpoint": "https://issuer/authorize",
    "SignInTokenEndpoint": "https://issuer/token",
}
Plain = dict[str, Any]


@pytest.fixture(scope="module")
def plain() -> Plain:
    """Return the project's own template, transformed."""
    return transformed()


@pytest.fixture(scope="module")
def stack_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A moto with nothing in it but the stack."""
    with running_aws(free_port(), log_path=tmp_path_factory.mktemp("aws") / "aws.log") as aws:
        yield aws


@pytest.fixture(scope="module")
def stack(plain: Plain, stack_aws: Aws) -> Stack:
    """Make the whole template."""
    return provision(plain, parameters=PARAMETERS, aws=stack_aws, code_root=ROOT)


def properties(plain: Plain, logical_id: str) -> dict[str, Any]:
    """Return a resource's properties as the template has them."""
    found: dict[str, Any] = plain["Resources"][logical_id]["Properties"]
    return found


def test_bucket_is_as_the_template_says(plain: Plain, stack: Stack, stack_aws: Aws) -> None:
    """Encryption, ownership, access block, versions and life cycle are read back."""
    bucket, s3 = stack.outputs["VaultBucketName"], stack_aws.client("s3")
    wanted = properties(plain, "VaultBucket")

    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    access = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    [rule] = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]

    assert encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "AES256"
    }
    assert ownership == wanted["OwnershipControls"]
    assert access == wanted["PublicAccessBlockConfiguration"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_a_vault_with_object_lock_is_one(plain: Plain, stack_aws: Aws) -> None:
    """Days of retention make a bucket with Object Lock, days to Glacier a rule for audio alone."""
    alone = {
        **plain,
        "Resources": {"VaultBucket": plain["Resources"]["VaultBucket"]},
        "Outputs": {"VaultBucketName": plain["Outputs"]["VaultBucketName"]},
    }
    days = {"ObjectLockDays": "30", "GlacierAfterDays": "90"}

    made = provision(alone, parameters=PARAMETERS | days, aws=stack_aws, code_root=ROOT)

    bucket, s3 = made.outputs["VaultBucketName"], stack_aws.client("s3")
    lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    [_, rule] = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    retention = lock["Rule"]["DefaultRetention"]
    assert lock["ObjectLockEnabled"] == "Enabled"
    assert (retention["Mode"], retention["Days"]) == ("GOVERNANCE", 30)
    assert rule["Filter"] == {"Prefix": "recordings/"}
    assert rule["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER_IR"}]


def test_keys_and_logs_of_ones_own(plain: Plain, aws: Aws) -> None:
    """Parameters name keys for vault and log lines, and a bucket for the log of requests."""
    names = ("VaultBucket", "ListRecordingsLogGroup")
    outputs = {"VaultBucketName": plain["Outputs"]["VaultBucketName"]}
    resources = {name: plain["Resources"][name] for name in names}
    alone = {**plain, "Resources": resources, "Outputs": outputs}
    aws.reset()
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    _make_log_bucket(aws, "logs-of-requests")
    given = {"VaultKeyArn": key, "LogKeyArn": key, "AccessLogBucket": "logs-of-requests"}

    made = provision(alone, parameters=PARAMETERS | given, aws=aws, code_root=ROOT)

    bucket, s3 = made.outputs["VaultBucketName"], aws.client("s3")
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    logging = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
    [group] = aws.client("logs").describe_log_groups()["logGroups"]
    assert encryption["Rules"] == [
        {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": key,
            },
            "BucketKeyEnabled": True,
        }
    ]
    assert (logging["TargetBucket"], logging["TargetPrefix"]) == (
        "logs-of-requests",
        "ringvault-local/",
    )
    assert group["kmsKeyId"] == key


def _make_log_bucket(aws: Aws, name: str) -> None:
    """Make a bucket that S3 may write its log of requests to."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))


def test_tables_are_as_the_template_says(plain: Plain, stack: Stack, stack_aws: Aws) -> None:
    """Keys, indexes, protection, encryption and recovery are read back."""
    name, dynamodb = stack.outputs["CatalogueTableName"], stack_aws.client("dynamodb")
    wanted = properties(plain, "CatalogueTable")

    table = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]

    assert table["KeySchema"] == wanted["KeySchema"]
    assert table["DeletionProtectionEnabled"] is True
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSEDescription"]["Status"] == "ENABLED"
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    for index, found in zip(
        wanted["GlobalSecondaryIndexes"], table["GlobalSecondaryIndexes"], strict=True
    ):
        assert {name: found[name] for name in index} == index


def test_queue_is_as_the_template_says(plain: Plain, stack: Stack, stack_aws: Aws) -> None:
    """Times, encryption and the dead-letter queue are read back."""
    sqs = stack_aws.client("sqs")
    wanted = properties(plain, "RecordingQueue")

    def attributes(output: str) -> dict[str, str]:
        url = stack.outputs[output]
        found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
            "Attributes"
        ]
        return found

    queue, dead_letters = attributes("RecordingQueueUrl"), attributes("DeadLetterQueueUrl")
    assert queue["VisibilityTimeout"] == str(wanted["VisibilityTimeout"])
    assert queue["MessageRetentionPeriod"] == str(wanted["MessageRetentionPeriod"])
    assert queue["SqsManagedSseEnabled"] == "true"
    assert json.loads(queue["RedrivePolicy"]) == {
        "deadLetterTargetArn": dead_letters["QueueArn"],
        "maxReceiveCount": wanted["RedrivePolicy"]["maxReceiveCount"],
    }


def test_secret_key_and_logs_are_there(stack: Stack, stack_aws: Aws) -> None:
    """The secret has the template's empty value, our key rotates, log groups have a retention."""
    secret = stack_aws.client("secretsmanager").get_secret_value(
        SecretId=stack.outputs["RingCentralSecretArn"]
    )
    kms = stack_aws.client("kms")
    key_arn = stack.runtime.functions["ringvault-local-ListRecordingsFunction"].environment[
        "ACCESS_TOKEN_KEY_ARN"
    ]
    groups = stack_aws.client("logs").describe_log_groups()["logGroups"]

    described = stack_aws.client("secretsmanager").describe_secret(
        SecretId=stack.outputs["RingCentralSecretArn"]
    )

    assert json.loads(secret["SecretString"]) == {"client_id": "", "client_secret": "", "jwt": ""}
    assert described["KmsKeyId"] == key_arn
    assert kms.get_key_rotation_status(KeyId=key_arn)["KeyRotationEnabled"] is True
    assert {group["retentionInDays"] for group in groups} == {90}


def test_functions_are_as_the_template_says(plain: Plain, stack: Stack, stack_aws: Aws) -> None:
    """Each function has the template's variables, by name, and its limits, code, layer and role."""
    iam = stack_aws.client("iam")
    for name, function in stack.runtime.functions.items():
        wanted = properties(plain, name.removeprefix("ringvault-local-"))
        assert function.environment.keys() == wanted["Environment"]["Variables"].keys()
        assert (function.timeout_s, function.memory_mb) == (wanted["Timeout"], wanted["MemorySize"])
        assert function.code_folder == ROOT / wanted["Code"]["S3Key"]
        assert function.layer_folders == (ROOT / "layers/ringvault",)
        role = function.role_arn.rsplit("/", 1)[1]
        assert iam.list_role_policies(RoleName=role)["PolicyNames"]
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    assert len(stack.runtime.functions) == 4


def test_what_runs_here_is_as_the_template_says(plain: Plain, stack: Stack) -> None:
    """Event source, schedule and API carry the template's values."""
    mapping = properties(plain, "ArchiveRecordingFunctionRecordingQueue")
    [source] = stack.runtime.event_sources
    schedules = {it.function_arn.rsplit("-")[-1]: it for it in stack.runtime.schedules}
    [body] = stack.runtime.apis.values()
    [stage] = stack.runtime.stages.values()
    wanted_stage = properties(plain, "PlaybackApiApiGatewayDefaultStage")

    assert source.batch_size == mapping["BatchSize"]
    assert source.concurrency == plain["Parameters"]["ArchiverConcurrency"]["Default"]
    assert source.reports_item_failures
    assert schedules["ListRecordingsFunction"].period_s == 300
    assert schedules["ReconcileArchiveFunction"].period_s == 900
    assert len(schedules) == 2
    assert wanted_stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": stage.requests_per_s,
        "ThrottlingBurstLimit": stage.burst,
    }
    assert body["paths"].keys() == properties(plain, "PlaybackApi")["Body"]["paths"].keys()


def test_the_gateway_keeps_the_stages_rate(stack: Stack, stack_aws: Aws, tmp_path: Path) -> None:
    """What goes beyond it is answered 429, before any route is looked for."""
    [api_id] = stack.runtime.apis
    runtime = replace(stack.runtime, stages={api_id: Stage(requests_per_s=0.001, burst=1)})
    port = free_port()

    with _serving(replace(stack, runtime=runtime), host=Host(stack_aws, tmp_path), port=port):
        url = f"http://localhost:{port}/nothing"
        statuses = [requests.get(url, timeout=20).status_code for _ in range(2)]

    assert statuses == [404, 429]


@pytest.mark.parametrize("archivers", ["1", "21"])
def test_a_parameter_has_a_range(plain: Plain, aws: Aws, archivers: str) -> None:
    """What CloudFormation would refuse is refused before anything is made."""
    given = {**PARAMETERS, "ArchiverConcurrency": archivers}

    with pytest.raises(TemplateError, match=f"ArchiverConcurrency is {archivers}, not 2 to 20"):
        provision(plain, parameters=given, aws=aws, code_root=ROOT)


def test_as_many_archivers_as_the_parameter_says(plain: Plain, aws: Aws) -> None:
    """The queue feeds as many archivers at once as the parameter says."""
    given = {**PARAMETERS, "ArchiverConcurrency": "5"}
    aws.reset()

    [source] = provision(plain, parameters=given, aws=aws, code_root=ROOT).runtime.event_sources

    assert source.concurrency == 5


def test_a_stack_whose_recordings_expire(plain: Plain, aws: Aws) -> None:
    """The parameter makes rules, function and schedule, which no other stack has."""
    needed = ("CatalogueTable", "NumberIndexTable", "RingvaultLayer", "VaultBucket", "Expire")
    resources = {name: it for name, it in plain["Resources"].items() if name.startswith(needed)}
    bucket = {"VaultBucketName": plain["Outputs"]["VaultBucketName"]}
    alone = {**plain, "Resources": resources, "Outputs": bucket}
    given = PARAMETERS | {"ExpireAfterDays": "90"}
    aws.reset()

    made = provision(alone, parameters=given, aws=aws, code_root=ROOT)

    name = made.outputs["VaultBucketName"]
    _, *rules = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert [it.period_s for it in made.runtime.schedules] == [6 * 3600]
    [function] = made.runtime.functions.values()
    assert function.environment["EXPIRE_AFTER_DAYS"] == "90"
    tag = [{"Key": "ringvault", "Value": "expired"}]
    assert [it["Filter"] for it in rules] == [
        {"And": {"Prefix": "recordings/", "Tags": tag}},
        {"And": {"Prefix": "metadata/", "Tags": tag}},
        {"Prefix": "recordings/"},
        {"Prefix": "metadata/"},
    ]
    assert [it["Expiration"] for it in rules] == [
        {"Days": 90},
        {"Days": 1},
        {"ExpiredObjectDeleteMarker": True},
        {"ExpiredObjectDeleteMarker": True},
    ]
    kept = [it.get("NoncurrentVersionExpiration") for it in rules]
    assert kept == [{"NoncurrentDays": 1}, {"NoncurrentDays": 1}, None, None]


def plant_type(template: Plain) -> None:
    """Plant a resource of a type that is nobody's."""
    template["Resources"]["Planted"] = {"Type": "AWS::SES::Template", "Properties": {}}


def plant_attribute(template: Plain) -> None:
    """Plant an attribute beside Properties."""
    template["Resources"]["StateTable"]["Planted"] = {}


def plant_in(logical_id: str, path: Sequence[str | int]) -> Callable[[Plain], None]:
    """Return how to plant a property at some depth of a resource."""

    def plant(template: Plain) -> None:
        place = template["Resources"][logical_id]["Properties"]
        for step in path:
            place = place[step]
        place["Planted"] = "x"

    return plant


PLACES: list[tuple[str, list[str | int]]] = [
    ("VaultBucket", []),
    ("VaultBucket", ["LifecycleConfiguration", "Rules", 0]),
    ("VaultBucket", ["PublicAccessBlockConfiguration"]),
    ("VaultBucketPolicy", []),
    ("CatalogueTable", []),
    ("CatalogueTable", ["GlobalSecondaryIndexes", 0]),
    ("CatalogueTable", ["SSESpecification"]),
    ("RecordingQueue", []),
    ("RingCentralSecret", []),
    ("AccessTokenKey", []),
    ("ListRecordingsLogGroup", []),
    ("ListRecordingsFunction", []),
    ("ListRecordingsFunction", ["Environment"]),
    ("ListRecordingsFunction", ["LoggingConfig"]),
    ("ListRecordingsRole", []),
    ("ListRecordingsRole", ["Policies", 0]),
    ("ListRecordingsFunctionSchedule", []),
    ("ListRecordingsFunctionSchedule", ["Target"]),
    ("ArchiveRecordingFunctionRecordingQueue", []),
    ("ArchiveRecordingFunctionRecordingQueue", ["ScalingConfig"]),
    ("PlaybackApiFunctionPagePermission", []),
    ("PlaybackApi", []),
    ("PlaybackApiApiGatewayDefaultStage", []),
]
PLANTS = [
    (plant_type, r"Planted \(AWS::SES::Template\)"),
    (plant_attribute, r"StateTable \(AWS::DynamoDB::Table\).*Planted"),
    *((plant_in(logical_id, path), rf"{logical_id} .*Planted") for logical_id, path in PLACES),
]


@pytest.mark.parametrize(("plant", "named"), PLANTS)
def test_unknown_is_named(
    plant: Callable[[Plain], None], named: str, plain: Plain, aws: Aws
) -> None:
    """A type, attribute or property that the local stack doesn't know is an error naming it."""
    template = copy.deepcopy(plain)
    plant(template)
    template["Resources"] = needed_for(named.split(" ", maxsplit=1)[0], template["Resources"])
    aws.reset()

    with pytest.raises(TemplateError, match=named):
        provision(template, parameters=PARAMETERS, aws=aws, code_root=ROOT)


def needed_for(logical_id: str, resources: Plain) -> Plain:
    """Return a resource and all that it needs, so that a test makes no more than that."""
    kept: Plain = {logical_id: resources[logical_id]}
    for name in names_in(resources[logical_id].get("Properties", {})):
        if name in resources:
            kept |= needed_for(name, resources)
    return kept


def test_missing_parameters_are_named_at_once(plain: Plain, aws: Aws) -> None:
    """Parameters without value are all named before anything is made."""
    template = copy.deepcopy(plain)
    template["Parameters"] |= {"Second": {"Type": "String"}, "First": {"Type": "String"}}

    with pytest.raises(TemplateError, match="First, Second"):
        provision(template, parameters=PARAMETERS, aws=aws, code_root=ROOT)


def test_unknown_section_is_named(plain: Plain, aws: Aws) -> None:
    """A section that the local stack would pass over is an error."""
    with pytest.raises(TemplateError, match="section Hooks"):
        provision(plain | {"Hooks": {}}, parameters=PARAMETERS, aws=aws, code_root=ROOT)


def test_no_user_pool_is_made_here(plain: Plain, stack: Stack) -> None:
    """With an issuer given there is no pool to tell of, and the function knows the issuer."""
    environment = stack.runtime.functions["ringvault-local-PlaybackApiFunction"].environment

    assert "UserPoolId" in plain["Outputs"]
    assert "UserPoolId" not in stack.outputs
    assert environment["SIGN_IN_CLIENT_ID"] == stack.outputs["SignInClientId"] == "ringvault"
    assert environment["SIGN_IN_TOKEN_ENDPOINT"] == "https://issuer/token"
    assert environment["SIGN_IN_END_SESSION_ENDPOINT"] == ""


def test_cognito_is_not_pretended(plain: Plain, aws: Aws) -> None:
    """Without an issuer the template wants a user pool, and the local stack says that it can't."""
    template = copy.deepcopy(plain)
    template["Resources"] = {"UserPool": plain["Resources"]["UserPool"]}

    with pytest.raises(TemplateError, match=r"UserPool \(AWS::Cognito::UserPool\)"):
        provision(template, parameters={}, aws=aws, code_root=ROOT)


@pytest.mark.parametrize("name", ["JwtAudience", "SignInAuthorizationEndpoint"])
def test_half_an_issuer_is_refused(name: str, plain: Plain, aws: Aws) -> None:
    """An issuer without all that the page needs, or that without an issuer, deploys nothing."""
    alone = {name: PARAMETERS[name]}
    without = {key: value for key, value in PARAMETERS.items() if key != name}

    for parameters in (alone, without):
        with pytest.raises(TemplateError, match=f"needs {name}|{name} needs JwtIssuer"):
            provision(plain, parameters=parameters, aws=aws, code_root=ROOT)


def test_unknown_parameter_is_named(plain: Plain, aws: Aws) -> None:
    """A value for a parameter that the template doesn't have is an error."""
    with pytest.raises(TemplateError, match="Colour"):
        provision(plain, parameters=PARAMETERS | {"Colour": "red"}, aws=aws, code_root=ROOT)


def test_sams_own_refusal_is_one_line(tmp_path: Path) -> None:
    """What SAM refuses is said with the resource's name."""
    path = tmp_path / "template.yaml"
    broken = (
        "Resources:\n  Broken:\n    Type: AWS::Serverless::Function\n    Properties: {Handlr: a}"
    )
    path.write_text(broken, encoding="utf-8")

    with pytest.raises(TemplateError, match="Broken"):
        transform(path)
