"""Reads a resource back from the service that keeps it, in CloudFormation's words."""

from collections.abc import Callable
from typing import Any

from local.cloudformation.provision.stack import Made
from local.moto.clients import Aws
from tests.rehearsal import read_api as api
from tests.rehearsal import read_functions as functions
from tests.rehearsal import read_storage as storage
from tests.rehearsal import read_watching as watching

Told = dict[str, Any]

_READERS: dict[str, Callable[[Made, Aws], Told]] = {
    "AWS::ApiGatewayV2::Api": api.read_api,
    "AWS::ApiGatewayV2::Stage": api.read_stage,
    "AWS::CloudWatch::Alarm": watching.read_alarm,
    "AWS::CloudWatch::Dashboard": watching.read_dashboard,
    "AWS::Cognito::UserPool": api.read_user_pool,
    "AWS::Cognito::UserPoolClient": api.read_user_pool_client,
    "AWS::Cognito::UserPoolDomain": api.read_user_pool_domain,
    "AWS::Cognito::UserPoolGroup": api.read_user_pool_group,
    "AWS::DynamoDB::Table": storage.read_table,
    "AWS::IAM::Role": functions.read_role,
    "AWS::KMS::Key": storage.read_key,
    "AWS::Lambda::EventInvokeConfig": functions.read_event_invoke_config,
    "AWS::Lambda::EventSourceMapping": functions.read_event_source,
    "AWS::Lambda::Function": functions.read_function,
    "AWS::Lambda::LayerVersion": functions.read_layer,
    "AWS::Lambda::Permission": functions.read_permission,
    "AWS::Logs::LogGroup": watching.read_log_group,
    "AWS::S3::Bucket": storage.read_bucket,
    "AWS::S3::BucketPolicy": storage.read_bucket_policy,
    "AWS::SNS::Subscription": watching.read_subscription,
    "AWS::SNS::Topic": watching.read_topic,
    "AWS::SQS::Queue": storage.read_queue,
    "AWS::Scheduler::Schedule": functions.read_schedule,
    "AWS::SecretsManager::Secret": storage.read_secret,
}


def read_back(made: Made, *, aws: Aws) -> Told:
    """Return what its service tells of a resource; nothing where no server knows the type.

    Of what it was made with, a reader uses only what names the thing that it belongs to.
    """
    reader = _READERS.get(made.type)
    return reader(made, aws) if reader else {}
