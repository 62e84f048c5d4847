"""Reads back what listeners meet: the API, its stage, the sign-in."""

from typing import Any

from local.cloudformation.provision.stack import Made
from local.moto.clients import Aws, Client

Told = dict[str, Any]


def read_api(made: Made, aws: Aws) -> Told:
    """Return the OpenAPI document that an API's routes and integrations make up."""
    client, asked = aws.client("apigatewayv2"), {"ApiId": made.resource.reference}
    api = client.get_api(**asked)
    body: Told = {
        "info": {"title": api["Name"], "version": api["Version"]},
        "paths": _paths(client, asked),
    }
    if "CorsConfiguration" in api:
        cors = api["CorsConfiguration"]
        body["x-amazon-apigateway-cors"] = {
            name[0].lower() + name[1:]: it for name, it in cors.items()
        }
    return {"Body": body}


def read_stage(made: Made, aws: Aws) -> Told:
    """Return what API Gateway tells of a stage; the API is the one that the template names."""
    asked = {"ApiId": made.properties["ApiId"], "StageName": made.resource.reference}
    told: Told = aws.client("apigatewayv2").get_stage(**asked)
    return asked | told


def read_user_pool(made: Made, aws: Aws) -> Told:
    """Return what Cognito tells of a user pool."""
    cognito, asked = aws.client("cognito-idp"), {"UserPoolId": made.resource.reference}
    told: Told = cognito.describe_user_pool(**asked)["UserPool"]
    mfa = cognito.get_user_pool_mfa_config(**asked)
    own = [it for it in told["SchemaAttributes"] if it["Name"].startswith("custom:")]
    by_app = mfa.get("SoftwareTokenMfaConfiguration", {}).get("Enabled")
    return told | {
        "EnabledMfas": ["SOFTWARE_TOKEN_MFA"] if by_app else [],
        "MfaConfiguration": mfa["MfaConfiguration"],
        "Schema": [it | {"Name": it["Name"].removeprefix("custom:")} for it in own],
    }


def read_user_pool_group(made: Made, aws: Aws) -> Told:
    """Return what Cognito tells of a group."""
    asked = {"UserPoolId": made.properties["UserPoolId"], "GroupName": made.resource.reference}
    told: Told = aws.client("cognito-idp").get_group(**asked)["Group"]
    return told


def read_user_pool_client(made: Made, aws: Aws) -> Told:
    """Return what Cognito tells of a client."""
    asked = {"UserPoolId": made.properties["UserPoolId"], "ClientId": made.resource.reference}
    told: Told = aws.client("cognito-idp").describe_user_pool_client(**asked)["UserPoolClient"]
    # Cognito tells of a secret by showing it.
    return told | {"GenerateSecret": "ClientSecret" in told}


def read_user_pool_domain(made: Made, aws: Aws) -> Told:
    """Return what Cognito tells of a domain."""
    asked = {"Domain": made.resource.reference}
    told: Told = aws.client("cognito-idp").describe_user_pool_domain(**asked)["DomainDescription"]
    return told


def _paths(client: Client, asked: Told) -> Told:
    integrations = {it["IntegrationId"]: it for it in client.get_integrations(**asked)["Items"]}
    paths: Told = {}
    for route in client.get_routes(**asked)["Items"]:
        method, path = route["RouteKey"].split(" ")
        integration = integrations[route["Target"].removeprefix("integrations/")]
        paths.setdefault(path, {})[method.lower()] = {
            "x-amazon-apigateway-integration": {
                "httpMethod": integration["IntegrationMethod"],
                "payloadFormatVersion": integration["PayloadFormatVersion"],
                "type": integration["IntegrationType"],
                "uri": integration["IntegrationUri"],
            }
        }
    return paths
