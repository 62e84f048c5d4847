"""A stack of moto's CloudFormation: the part of the template that it really keeps."""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from local.cloudformation.intrinsics import Scope, holds, names_in
from local.cloudformation.provision.parameters import parameter_values
from local.cloudformation.transform import LOCAL_CODE_BUCKET, Document, Value
from local.moto.clients import Aws

# What moto's CloudFormation makes, updates where it stands, and deletes unless told to keep it. It
# passes over every other type without a word, or fails at its update.
KEPT_BY_MOTO = {
    "AWS::DynamoDB::Table",
    "AWS::IAM::Role",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
}
_NAME = "rehearsal"
_NO_VALUE = {"Ref": "AWS::NoValue"}
_LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:standing-in:1"


class MotoStack:
    """One stack, of what moto keeps of a template."""

    def __init__(self, template: Document, *, aws: Aws) -> None:
        self._template = template
        self._aws = aws
        self._cloudformation = aws.client("cloudformation")
        self._publish()

    def create(self) -> None:
        """Create the stack with the template's own defaults."""
        self._cloudformation.create_stack(StackName=_NAME, **self._asked({}))

    def update(self, parameters: Mapping[str, str]) -> None:
        """Give parameters other values."""
        self._cloudformation.update_stack(StackName=_NAME, **self._asked(parameters))

    def delete(self) -> None:
        """Delete the stack."""
        self._cloudformation.delete_stack(StackName=_NAME)

    def physical_ids(self) -> dict[str, str]:
        """Return what each resource is in AWS."""
        listed = self._cloudformation.list_stack_resources(StackName=_NAME)
        return {
            it["LogicalResourceId"]: it["PhysicalResourceId"]
            for it in listed["StackResourceSummaries"]
            # One without a type is one that its condition keeps away.
            if it["ResourceType"]
        }

    def _publish(self) -> None:
        s3 = self._aws.client("s3")
        s3.create_bucket(Bucket=LOCAL_CODE_BUCKET)
        for resource in self._template["Resources"].values():
            if resource["Type"] == "AWS::Lambda::Function":
                key = resource["Properties"]["Code"]["S3Key"]
                s3.put_object(Bucket=LOCAL_CODE_BUCKET, Key=key, Body=_EMPTY_ZIP)
        layer = {"LayerName": "standing-in", "Content": {"ZipFile": _EMPTY_ZIP}}
        self._aws.client("lambda").publish_layer_version(**layer)

    def _asked(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        return {
            "TemplateBody": json.dumps(cut_down(self._template, parameters)),
            "Capabilities": ["CAPABILITY_IAM"],
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
        }


# The end of an archive without files, which is one.
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


def cut_down(template: Document, parameters: Mapping[str, str]) -> Document:
    """Return what moto keeps of a template, its conditions decided: moto gets those wrong."""
    declared, resources = template["Parameters"], template["Resources"]
    scope = Scope(parameter_values(declared, parameters), template["Conditions"])
    kept = {
        name: {part: value for part, value in it.items() if part != "Condition"}
        for name, it in resources.items()
        if it["Type"] in KEPT_BY_MOTO
        and ("Condition" not in it or holds(it["Condition"], scope=scope))
    }
    decided = _decided(kept, scope)
    left_out = resources.keys() - kept.keys()
    return {"Parameters": declared, "Resources": _standing_in(decided, left_out)}


def _decided(value: Value, scope: Scope) -> Value:
    """Return `value` with the branch that holds in place of every condition."""
    if isinstance(value, list):
        items = [_decided(item, scope) for item in value]
        return [item for item in items if item != _NO_VALUE]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, then, otherwise = value["Fn::If"]
        return _decided(then if holds(condition, scope=scope) else otherwise, scope)
    decided = {name: _decided(inner, scope) for name, inner in value.items()}
    return {name: inner for name, inner in decided.items() if inner != _NO_VALUE}


def _standing_in(value: Value, left_out: AbstractSet[str]) -> Value:
    """Return `value` with a text in place of whatever refers to a resource that is left out."""
    if isinstance(value, list):
        return [_standing_in(item, left_out) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)) in ("Ref", "Fn::GetAtt", "Fn::Sub"):
        return _LAYER if left_out & set(names_in(value)) else value
    return {name: _standing_in(inner, left_out) for name, inner in value.items()}
