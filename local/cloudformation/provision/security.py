"""Secrets, keys and roles."""

import json

from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.site import Resource, Site
from local.moto.clients import Client
from local.moto.iam.policy import readable


def create_secret(properties: Properties, *, site: Site) -> Resource:
    """Create a secret with the template's value."""
    key = {"KmsKeyId": properties.take("KmsKeyId")} if properties.has("KmsKeyId") else {}
    created = site.aws.client("secretsmanager").create_secret(
        **key,
        Name=properties.take("Name", site.physical_name),
        Description=properties.take("Description", ""),
        SecretString=properties.take("SecretString"),
    )
    return Resource(created["ARN"], {"Id": created["ARN"]})


def create_key(properties: Properties, *, site: Site) -> Resource:
    """Create a KMS key."""
    kms = site.aws.client("kms")
    # How long a deleted key can be restored: nothing is deleted here.
    properties.take("PendingWindowInDays", None)
    key = kms.create_key(
        Description=properties.take("Description", ""),
        Policy=readable(properties.take("KeyPolicy")),
    )["KeyMetadata"]
    if properties.take("EnableKeyRotation", default=False):
        kms.enable_key_rotation(KeyId=key["KeyId"])
    return Resource(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


def create_role(properties: Properties, *, site: Site) -> Resource:
    """Create a role with its inline policies; the template attaches no managed ones."""
    iam = site.aws.client("iam")
    name = properties.take("RoleName", site.physical_name)
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(properties.take("AssumeRolePolicyDocument")),
        Tags=properties.take("Tags", []),
    )["Role"]
    for policy in properties.take_list("Policies"):
        _put_policy(iam, name, policy)
    return Resource(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _put_policy(iam: Client, role: str, policy: Properties) -> None:
    iam.put_role_policy(
        RoleName=role,
        PolicyName=policy.take("PolicyName"),
        # SAM omits the version for schedules, which AWS allows and moto does not.
        PolicyDocument=readable({"Version": "2012-10-17"} | policy.take("PolicyDocument")),
    )
