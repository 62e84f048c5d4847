"""A stack of moto's CloudFormation: the part of the template that it really keeps."""

import json
from collections.abc import Mapping
from typing import Any

from local.aws import Aws
from local.intrinsics import names_in
from local.transform import LOCAL_CODE_BUCKET, Document

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
_LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:standing-in:1"


class MotoStack:
    """One stack; `template` is cut down to what moto keeps."""

    def __init__(self, template: Document, *, aws: Aws) -> None:
        self._aws = aws
        self._cloudformation = aws.client("cloudformation")
        self.template = _cut_down(template)
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
        for resource in self.template["Resources"].values():
            if resource["Type"] == "AWS::Lambda::Function":
                key = resource["Properties"]["Code"]["S3Key"]
                s3.put_object(Bucket=LOCAL_CODE_BUCKET, Key=key, Body=_EMPTY_ZIP)
        layer = {"LayerName": "standing-in", "Content": {"ZipFile": _EMPTY_ZIP}}
        self._aws.client("lambda").publish_layer_version(**layer)

    def _asked(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        return {
            "TemplateBody": json.dumps(self.template),
            "Capabilities": ["CAPABILITY_IAM"],
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
        }


# The end of an archive without files, which is one.
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


def _cut_down(template: Document) -> Document:
    resources = template["Resources"]
    kept = {name: it for name, it in resources.items() if it["Type"] in KEPT_BY_MOTO}
    left_out = resources.keys() - kept.keys()
    return {
        # moto compares a default of 0 with "0" and finds them different.
        "Parameters": {
            name: it | {"Default": str(it["Default"])}
            for name, it in template["Parameters"].items()
        },
        "Conditions": template["Conditions"],
        "Resources": {name: _standing_in(it, left_out) for name, it in kept.items()},
    }


def _standing_in(value: Any, left_out: set[str]) -> Any:
    """Return `value` with a text in place of whatever refers to a resource that is left out."""
    if isinstance(value, list):
        return [_standing_in(item, left_out) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)) in ("Ref", "Fn::GetAtt", "Fn::Sub"):
        return _LAYER if left_out & set(names_in(value)) else value
    return {name: _standing_in(inner, left_out) for name, inner in value.items()}
