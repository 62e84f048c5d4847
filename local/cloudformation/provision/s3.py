"""Buckets and their policies."""

from typing import Any

from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.site import Resource, Site
from local.cloudformation.transform import REGION
from local.moto.clients import Client
from local.moto.iam.policy import readable


def create_bucket(properties: Properties, *, site: Site) -> Resource:
    """Create a bucket with its encryption, ownership, access block, versions and lifecycle."""
    s3 = site.aws.client("s3")
    name = properties.take("BucketName", site.physical_name.lower())
    s3.create_bucket(
        Bucket=name, ObjectLockEnabledForBucket=properties.take("ObjectLockEnabled", default=False)
    )
    for property_name, configure in _CONFIGURATIONS.items():
        if properties.has(property_name):
            configure(s3, name, properties.take_properties(property_name))
    return Resource(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{REGION}.amazonaws.com",
        },
    )


def create_bucket_policy(properties: Properties, *, site: Site) -> Resource:
    """Set a bucket's policy, which local/iam reads."""
    bucket, policy = properties.take("Bucket"), readable(properties.take("PolicyDocument"))
    site.aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)
    return Resource(bucket)


def _encrypt(s3: Client, bucket: str, properties: Properties) -> None:
    listed = properties.take_list("ServerSideEncryptionConfiguration")
    rules = [_encryption_rule(rule) for rule in listed]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _encryption_rule(rule: Properties) -> dict[str, Any]:
    converted = {"ApplyServerSideEncryptionByDefault": rule.take("ServerSideEncryptionByDefault")}
    if rule.has("BucketKeyEnabled"):
        converted["BucketKeyEnabled"] = rule.take("BucketKeyEnabled")
    return converted


def _own(s3: Client, bucket: str, properties: Properties) -> None:
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": properties.take("Rules")}
    )


def _block_public_access(s3: Client, bucket: str, properties: Properties) -> None:
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            name: properties.take(name, default=False) for name in names
        },
    )


def _keep_versions(s3: Client, bucket: str, properties: Properties) -> None:
    s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": properties.take("Status")}
    )


def _set_life_cycle(s3: Client, bucket: str, properties: Properties) -> None:
    rules = [_life_cycle_rule(rule) for rule in properties.take_list("Rules")]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _life_cycle_rule(rule: Properties) -> dict[str, Any]:
    converted = {"Status": rule.take("Status"), "Filter": _filter(rule)}
    for name in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"):
        if rule.has(name):
            converted[name] = rule.take(name)
    if rule.has("ExpirationInDays"):
        converted["Expiration"] = {"Days": int(rule.take("ExpirationInDays"))}
    if rule.has("ExpiredObjectDeleteMarker"):
        marker = rule.take("ExpiredObjectDeleteMarker")
        converted["Expiration"] = {"ExpiredObjectDeleteMarker": marker}
    if rule.has("Transitions"):
        converted["Transitions"] = [_transition(it) for it in rule.take_list("Transitions")]
    if rule.has("Id"):
        converted["ID"] = rule.take("Id")
    return converted


def _filter(rule: Properties) -> dict[str, Any]:
    prefix, tags = rule.take("Prefix", ""), rule.take("TagFilters", [])
    return {"And": {"Prefix": prefix, "Tags": tags}} if tags else {"Prefix": prefix}


def _transition(transition: Properties) -> dict[str, Any]:
    days = int(transition.take("TransitionInDays"))
    return {"Days": days, "StorageClass": transition.take("StorageClass")}


def _log_access(s3: Client, bucket: str, properties: Properties) -> None:
    s3.put_bucket_logging(
        Bucket=bucket,
        BucketLoggingStatus={
            "LoggingEnabled": {
                "TargetBucket": properties.take("DestinationBucketName"),
                "TargetPrefix": properties.take("LogFilePrefix", ""),
            }
        },
    )


def _lock(s3: Client, bucket: str, properties: Properties) -> None:
    retention = properties.take_properties("Rule").take_properties("DefaultRetention")
    s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": properties.take("ObjectLockEnabled"),
            "Rule": {
                "DefaultRetention": {
                    "Mode": retention.take("Mode"),
                    "Days": int(retention.take("Days")),
                }
            },
        },
    )


def _allow_origins(s3: Client, bucket: str, properties: Properties) -> None:
    rules = [_cors_rule(rule) for rule in properties.take_list("CorsRules")]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})


def _cors_rule(rule: Properties) -> dict[str, Any]:
    names = {
        "AllowedHeaders": "AllowedHeaders",
        "AllowedMethods": "AllowedMethods",
        "AllowedOrigins": "AllowedOrigins",
        "ExposedHeaders": "ExposeHeaders",
        "MaxAge": "MaxAgeSeconds",
    }
    return {ours: rule.take(name) for name, ours in names.items() if rule.has(name)}


_CONFIGURATIONS = {
    "BucketEncryption": _encrypt,
    "OwnershipControls": _own,
    "PublicAccessBlockConfiguration": _block_public_access,
    "VersioningConfiguration": _keep_versions,
    "LoggingConfiguration": _log_access,
    "ObjectLockConfiguration": _lock,
    "LifecycleConfiguration": _set_life_cycle,
    "CorsConfiguration": _allow_origins,
}
