"""Reads back what runs: functions, their layer, their roles, and what invokes them."""

import base64
import hashlib
import json
from typing import Any

from local.cloudformation.provision.stack import Made
from local.moto.clients import Aws

Told = dict[str, Any]


def read_function(made: Made, aws: Aws) -> Told:
    """Return what Lambda tells of a function."""
    function = aws.client("lambda").get_function(FunctionName=made.resource.reference)
    told: Told = function["Configuration"]
    concurrency: Told = function.get("Concurrency", {})
    return {
        **told,
        **concurrency,
        "Code": _packed(made.properties["Code"], told["CodeSha256"], aws),
        "Layers": [layer["Arn"] for layer in told.get("Layers", [])],
        "Tags": tags_of(function.get("Tags", {})),
    }


def read_layer(made: Made, aws: Aws) -> Told:
    """Return what Lambda tells of a layer's version."""
    layer, version = made.resource.reference.rsplit(":", 1)
    asked = {"LayerName": layer, "VersionNumber": int(version)}
    told: Told = aws.client("lambda").get_layer_version(**asked)
    return told | {
        "Content": _packed(made.properties["Content"], told["Content"]["CodeSha256"], aws),
        "LayerName": told["LayerArn"].rsplit(":", 1)[1],
    }


def read_permission(made: Made, aws: Aws) -> Told:
    """Return a statement of the policy of the function that the template names."""
    asked = {"FunctionName": made.properties["FunctionName"]}
    policy = json.loads(aws.client("lambda").get_policy(**asked)["Policy"])
    [told] = [it for it in policy["Statement"] if it["Sid"] == made.resource.reference]
    return {
        "Action": told["Action"],
        "FunctionName": told["Resource"].rsplit(":", 1)[1],
        "Principal": told["Principal"]["Service"],
        "SourceArn": told["Condition"]["ArnLike"]["AWS:SourceArn"],
    }


def read_event_source(made: Made, aws: Aws) -> Told:
    """Return what Lambda tells of a queue that invokes a function."""
    told: Told = aws.client("lambda").get_event_source_mapping(UUID=made.resource.reference)
    return told | {"FunctionName": told["FunctionArn"].rsplit(":", 1)[1]}


def read_event_invoke_config(made: Made, aws: Aws) -> Told:
    """Return what Lambda tells of how it tries a function's events."""
    name, qualifier = made.resource.reference.split("|")
    client = aws.client("lambda")
    told: Told = client.get_function_event_invoke_config(FunctionName=name, Qualifier=qualifier)
    return told | {"FunctionName": told["FunctionArn"].rsplit(":", 1)[1]}


def read_schedule(made: Made, aws: Aws) -> Told:
    """Return what EventBridge Scheduler tells of a schedule."""
    told: Told = aws.client("scheduler").get_schedule(Name=made.resource.reference)
    return told


def read_role(made: Made, aws: Aws) -> Told:
    """Return what IAM tells of a role and its policies."""
    iam, asked = aws.client("iam"), {"RoleName": made.resource.reference}
    attached = iam.list_attached_role_policies(**asked)["AttachedPolicies"]
    names = iam.list_role_policies(**asked)["PolicyNames"]
    told: Told = iam.get_role(**asked)["Role"]
    return told | {
        "ManagedPolicyArns": [policy["PolicyArn"] for policy in attached],
        "Policies": [iam.get_role_policy(**asked, PolicyName=name) for name in names],
        "Tags": iam.list_role_tags(**asked)["Tags"],
    }


def tags_of(told: dict[str, str]) -> list[dict[str, str]]:
    """Return tags as CloudFormation has them where a service has a mapping."""
    return [{"Key": key, "Value": value} for key, value in told.items()]


def _packed(place: Told, digest: str, aws: Aws) -> Told:
    """Return the object that the code came from, if that is what Lambda keeps."""
    packed = aws.client("s3").get_object(Bucket=place["S3Bucket"], Key=place["S3Key"])
    found = base64.b64encode(hashlib.sha256(packed["Body"].read()).digest()).decode()
    return dict(place) if found == digest else {}
