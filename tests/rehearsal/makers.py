"""Makes, by the services' own APIs, what the local stack keeps to itself or has no use for.

What boto3 or moto refuses fails the rehearsal; that nothing knows a type at all is told by
`read_back`, which tells nothing of it.
"""

import json

from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.site import Resource, Site
from local.cloudformation.provision.stack import MAKERS, Maker
from local.cloudformation.transform import REGION, Value


def make_function(properties: Properties, *, site: Site) -> Resource:
    """Create a function in moto, which never runs it; its concurrency is a request of its own."""
    client = site.aws.client("lambda")
    reserved = int(properties.take("ReservedConcurrentExecutions", 0))
    created = client.create_function(
        FunctionName=properties.take("FunctionName", site.physical_name),
        Tags={tag["Key"]: tag["Value"] for tag in properties.take("Tags", [])},
        **properties.take_all(),
    )
    if reserved:
        client.put_function_concurrency(
            FunctionName=created["FunctionName"], ReservedConcurrentExecutions=reserved
        )
    return Resource(created["FunctionName"], {"Arn": created["FunctionArn"]})


def make_layer(properties: Properties, *, site: Site) -> Resource:
    """Publish a layer."""
    created = site.aws.client("lambda").publish_layer_version(**properties.take_all())
    return Resource(created["LayerVersionArn"])


def make_permission(properties: Properties, *, site: Site) -> Resource:
    """Add a statement to a function's policy."""
    site.aws.client("lambda").add_permission(
        StatementId=site.physical_name, **properties.take_all()
    )
    return Resource(site.physical_name)


def make_event_source(properties: Properties, *, site: Site) -> Resource:
    """Let a queue invoke a function."""
    scaling = {name: int(it) for name, it in properties.take("ScalingConfig", {}).items()}
    created = site.aws.client("lambda").create_event_source_mapping(
        ScalingConfig=scaling, **properties.take_all()
    )
    return Resource(created["UUID"], {"Id": created["UUID"]})


def make_event_invoke_config(properties: Properties, *, site: Site) -> Resource:
    """Say how often a function is tried for an event, and how long the event waits."""
    asked = properties.take_all()
    site.aws.client("lambda").put_function_event_invoke_config(**asked)
    return Resource(f"{asked['FunctionName']}|{asked['Qualifier']}")


def make_api(properties: Properties, *, site: Site) -> Resource:
    """Create an API from its OpenAPI document; moto imports only into one that is there."""
    client, body = site.aws.client("apigatewayv2"), properties.take("Body")
    named = {"Name": body["info"]["title"], "ProtocolType": "HTTP"}
    created = client.create_api(**named, **properties.take_all())
    client.reimport_api(ApiId=created["ApiId"], Body=json.dumps(body))
    api_id = created["ApiId"]
    return Resource(api_id, {"ApiId": api_id, "ApiEndpoint": created["ApiEndpoint"]})


def make_stage(properties: Properties, *, site: Site) -> Resource:
    """Create a stage of an API."""
    created = site.aws.client("apigatewayv2").create_stage(**properties.take_all())
    return Resource(created["StageName"])


def make_user_pool(properties: Properties, *, site: Site) -> Resource:
    """Create a user pool; how people prove a second time is a request of its own."""
    cognito = site.aws.client("cognito-idp")
    mfa, by_app = properties.take("MfaConfiguration"), properties.take("EnabledMfas")
    pool = cognito.create_user_pool(PoolName=site.physical_name, **properties.take_all())[
        "UserPool"
    ]
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool["Id"],
        MfaConfiguration=mfa,
        SoftwareTokenMfaConfiguration={"Enabled": "SOFTWARE_TOKEN_MFA" in by_app},
    )
    issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{pool['Id']}"
    return Resource(pool["Id"], {"Arn": pool["Arn"], "ProviderURL": issuer})


def make_user_pool_client(properties: Properties, *, site: Site) -> Resource:
    """Create a client of a user pool."""
    created = site.aws.client("cognito-idp").create_user_pool_client(**properties.take_all())
    return Resource(created["UserPoolClient"]["ClientId"])


def make_user_pool_group(properties: Properties, *, site: Site) -> Resource:
    """Create a group of a user pool."""
    created = site.aws.client("cognito-idp").create_group(**properties.take_all())
    return Resource(created["Group"]["GroupName"])


def make_user_pool_domain(properties: Properties, *, site: Site) -> Resource:
    """Create a user pool's domain."""
    values = properties.take_all()
    site.aws.client("cognito-idp").create_user_pool_domain(**values)
    return Resource(values["Domain"])


def make_bucket_policy(properties: Properties, *, site: Site) -> Resource:
    """Set a bucket's policy whole; the local stack leaves out what asks for TLS."""
    bucket, policy = properties.take("Bucket"), json.dumps(properties.take("PolicyDocument"))
    site.aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)
    return Resource(bucket)


def pass_over(properties: Properties, *, site: Site) -> Resource:
    """Make nothing: no server on this machine knows the type."""
    _: Value = properties.take_all()
    return Resource(site.physical_name)


REHEARSED: dict[str, Maker] = {
    **MAKERS,
    "AWS::ApiGatewayV2::Api": make_api,
    "AWS::ApiGatewayV2::Stage": make_stage,
    "AWS::Cognito::ManagedLoginBranding": pass_over,
    "AWS::Cognito::UserPool": make_user_pool,
    "AWS::Cognito::UserPoolClient": make_user_pool_client,
    "AWS::Cognito::UserPoolDomain": make_user_pool_domain,
    "AWS::Cognito::UserPoolGroup": make_user_pool_group,
    "AWS::Lambda::EventInvokeConfig": make_event_invoke_config,
    "AWS::Lambda::EventSourceMapping": make_event_source,
    "AWS::Lambda::Function": make_function,
    "AWS::Lambda::LayerVersion": make_layer,
    "AWS::Lambda::Permission": make_permission,
    "AWS::Logs::QueryDefinition": pass_over,
    "AWS::S3::BucketPolicy": make_bucket_policy,
}
