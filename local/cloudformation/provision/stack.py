"""Makes the resources of the transformed template, in the order of their dependencies."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.cloudformation.intrinsics import Scope, holds, names_in, resolve
from local.cloudformation.provision.apigatewayv2 import keep_api, keep_stage
from local.cloudformation.provision.awslambda import (
    keep_event_invoke_config,
    keep_event_source,
    keep_function,
    keep_layer,
    keep_permission,
)
from local.cloudformation.provision.cloudwatch import create_alarm, create_dashboard
from local.cloudformation.provision.dynamodb import create_table
from local.cloudformation.provision.logs import create_log_group, keep_query
from local.cloudformation.provision.parameters import parameter_values
from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.s3 import create_bucket, create_bucket_policy
from local.cloudformation.provision.scheduler import create_schedule
from local.cloudformation.provision.security import create_key, create_role, create_secret
from local.cloudformation.provision.site import STACK_NAME, Resource, Runtime, Site
from local.cloudformation.provision.sns import create_subscription, create_topic
from local.cloudformation.provision.sqs import create_queue
from local.cloudformation.rules import require_rules
from local.cloudformation.transform import REGION, Document, Value
from local.errors import TemplateError
from local.moto.clients import ACCOUNT_ID, Aws
from local.moto.iam.conditions import PolicyError

Maker = Callable[..., Resource]

MAKERS: dict[str, Maker] = {
    "AWS::ApiGatewayV2::Api": keep_api,
    "AWS::ApiGatewayV2::Stage": keep_stage,
    "AWS::CloudWatch::Alarm": create_alarm,
    "AWS::CloudWatch::Dashboard": create_dashboard,
    "AWS::DynamoDB::Table": create_table,
    "AWS::IAM::Role": create_role,
    "AWS::KMS::Key": create_key,
    "AWS::Lambda::EventInvokeConfig": keep_event_invoke_config,
    "AWS::Lambda::EventSourceMapping": keep_event_source,
    "AWS::Lambda::Function": keep_function,
    "AWS::Lambda::LayerVersion": keep_layer,
    "AWS::Lambda::Permission": keep_permission,
    "AWS::Logs::LogGroup": create_log_group,
    "AWS::Logs::QueryDefinition": keep_query,
    "AWS::S3::Bucket": create_bucket,
    "AWS::S3::BucketPolicy": create_bucket_policy,
    "AWS::SNS::Subscription": create_subscription,
    "AWS::SNS::Topic": create_topic,
    "AWS::SQS::Queue": create_queue,
    "AWS::Scheduler::Schedule": create_schedule,
    "AWS::SecretsManager::Secret": create_secret,
}
# Of these, only those that decide order or existence matter to a stack that is never changed.
_ATTRIBUTES = {
    "Type",
    "Properties",
    "Condition",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
}
_SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
}
_PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT_ID,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK_NAME,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/{STACK_NAME}/local",
    "AWS::URLSuffix": "amazonaws.com",
}


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that has been made: its type, its properties, and its result."""

    type: str
    properties: Document
    resource: Resource


@dataclass(frozen=True, slots=True)
class Stack:
    """The finished stack: outputs, what runs on this machine, parameters, and each resource."""

    outputs: dict[str, str]
    runtime: Runtime
    parameters: dict[str, Value]
    resources: dict[str, Made] = field(default_factory=dict)


def provision(
    template: Document,
    *,
    parameters: Mapping[str, str],
    aws: Aws,
    code_root: Path,
    makers: Mapping[str, Maker] = MAKERS,
) -> Stack:
    """Make every resource of a transformed template.

    `code_root` is the folder that the template's paths of code start at; `makers` has the maker
    of each resource type.

    Raises:
        TemplateError: a section, resource type, property, function or parameter is unknown here,
            AWS refuses it, or a rule of the template forbids the parameters; names what it is.
            Resources made until then stay in `aws`.
    """
    for section in template.keys() - _SECTIONS:
        raise TemplateError(f"section {section} is not known to the local stack")
    given = parameter_values(template.get("Parameters", {}), parameters)
    scope = Scope(
        parameters={**_PSEUDO_PARAMETERS, **given},
        conditions=template.get("Conditions", {}),
    )
    require_rules(template.get("Rules", {}), scope=scope)
    runtime = Runtime()
    resources: dict[str, Made] = {}
    for logical_id in _in_order(template["Resources"]):
        resource = template["Resources"][logical_id]
        if not _exists(resource, scope):
            continue
        site = Site(logical_id=logical_id, aws=aws, runtime=runtime, code_root=code_root)
        made = _make(resource, scope=scope, site=site, makers=makers)
        scope.references[logical_id] = made.resource.reference
        scope.attributes[logical_id] = made.resource.attributes
        resources[logical_id] = made
    outputs = {
        name: str(resolve(output["Value"], scope=scope))
        for name, output in template.get("Outputs", {}).items()
        if _exists(output, scope)
    }
    return Stack(outputs, runtime, given, resources)


def _exists(part: Document, scope: Scope) -> bool:
    """Whether the condition of a resource or an output is true."""
    return "Condition" not in part or holds(part["Condition"], scope=scope)


def _make(resource: Document, *, scope: Scope, site: Site, makers: Mapping[str, Maker]) -> Made:
    where = f"{site.logical_id} ({resource['Type']})"
    if resource["Type"] not in makers:
        raise TemplateError(f"{where}: this resource type is not known to the local stack")
    for attribute in resource.keys() - _ATTRIBUTES:
        raise TemplateError(f"{where}: attribute {attribute} is not known to the local stack")
    try:
        values = resolve(resource.get("Properties", {}), scope=scope)
        properties = Properties(values, where=where)
        made = makers[resource["Type"]](properties, site=site)
    except (BotoCoreError, ClientError, PolicyError) as error:
        # botocore's messages may have several lines.
        raise TemplateError(f"{where}: {' '.join(str(error).split())}") from error
    properties.require_all_taken()
    return Made(resource["Type"], values, made)


def _in_order(resources: Document) -> Iterator[str]:
    graph = {
        logical_id: [name for name in _needs(resource) if name in resources]
        for logical_id, resource in resources.items()
    }
    try:
        yield from TopologicalSorter(graph).static_order()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise TemplateError(f"resources that need each other in a circle: {circle}") from error


def _needs(resource: Document) -> Iterator[str]:
    depends_on: Any = resource.get("DependsOn", [])
    yield from [depends_on] if isinstance(depends_on, str) else depends_on
    yield from names_in(resource.get("Properties", {}))
