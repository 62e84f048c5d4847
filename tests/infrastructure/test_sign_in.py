"""Sign-in: nobody lets themselves in, and nobody chooses what they hear."""

from typing import Any

import pytest

from local.cloudformation.intrinsics import names_in
from ringvault.core.playback.rights import LISTENERS_GROUP
from tests.infrastructure.stack import Properties, Stack

COGNITO = {
    "UserPool": "AWS::Cognito::UserPool",
    "ListenersAllGroup": "AWS::Cognito::UserPoolGroup",
    "SignInClient": "AWS::Cognito::UserPoolClient",
    "SignInDomain": "AWS::Cognito::UserPoolDomain",
    "SignInStyle": "AWS::Cognito::ManagedLoginBranding",
}


@pytest.fixture
def client(stack: Stack) -> Properties:
    """Return the page's client at the user pool."""
    return stack.only("AWS::Cognito::UserPoolClient")


def when_page_url_is_known(value: Any) -> Any:
    """Return what a property is as soon as the page's address is known."""
    condition, known, _unknown = value["Fn::If"]
    assert condition == "KnowsPageUrl"
    return known


@pytest.mark.parametrize(("name", "resource_type"), COGNITO.items())
def test_the_user_pool_is_made_unless_an_issuer_is_given(
    stack: Stack, name: str, resource_type: str
) -> None:
    """With an issuer of their own, people pay for no pool and see none."""
    resource = stack.resource(name)

    assert (resource["Type"], resource["Condition"]) == (resource_type, "MakesUserPool")
    assert stack.document["Conditions"]["MakesUserPool"] == {
        "Fn::Equals": [{"Ref": "JwtIssuer"}, ""]
    }


def test_everything_of_cognito_is_known_here(stack: Stack) -> None:
    """A resource that is added is added to these tests."""
    found = {
        name: resource["Type"]
        for name, resource in stack.document["Resources"].items()
        if resource["Type"].startswith("AWS::Cognito::")
    }

    assert found == COGNITO


def test_people_outlive_the_stack(stack: Stack) -> None:
    """Deleting or replacing the stack locks nobody out of the recordings that stay."""
    pool = stack.resource("UserPool")

    assert (pool["DeletionPolicy"], pool["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert pool["Properties"]["DeletionProtection"] == "ACTIVE"


def test_nobody_signs_up(stack: Stack) -> None:
    """Whoever runs the archive invites; people then reset a password by their address only."""
    pool = stack.properties("UserPool")

    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["AccountRecoverySetting"]["RecoveryMechanisms"] == [
        {"Name": "verified_email", "Priority": 1}
    ]
    assert pool["MfaConfiguration"] in {"OPTIONAL", "ON"}


def test_a_code_with_pkce_is_the_only_way_in(client: Properties) -> None:
    """A public client: no secret, no password or token flow, nobody else's address."""
    assert client["GenerateSecret"] is False
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert when_page_url_is_known(client["AllowedOAuthFlows"]) == ["code"]
    assert when_page_url_is_known(client["LogoutURLs"]) == [{"Ref": "PageUrl"}]
    condition, named, only_ours = when_page_url_is_known(client["CallbackURLs"])["Fn::If"]
    assert (condition, only_ours) == ("SignsInElsewhere", [{"Ref": "PageUrl"}])
    assert set(names_in(named)) == {"PageUrl", "EmbeddingSignInUrls"}
    assert client["AllowedOAuthFlowsUserPoolClient"] == {"Fn::If": ["KnowsPageUrl", True, False]}


def test_nobody_chooses_what_they_hear(stack: Stack, client: Properties) -> None:
    """Tokens tell the extension; the person it belongs to can't write it by any token of theirs."""
    [attribute] = stack.properties("UserPool")["Schema"]
    claim = f"custom:{attribute['Name']}"

    assert stack.parameter_default("ExtensionClaim") == claim
    assert claim in client["ReadAttributes"]
    assert client["WriteAttributes"] == ["name"]
    # The scope that lets a person change their own attributes.
    scopes = when_page_url_is_known(client["AllowedOAuthScopes"])
    assert "aws.cognito.signin.user.admin" not in scopes
    assert set(stack.parameter_default("SignInScope").split()) == set(scopes)


def test_the_group_is_the_one_that_hears_everything(stack: Stack) -> None:
    """The pool's group has the name that the function looks for."""
    assert stack.only("AWS::Cognito::UserPoolGroup")["GroupName"] == LISTENERS_GROUP


def test_tokens_end_within_a_day(client: Properties) -> None:
    """Whoever loses a right loses it within hours; whoever leaves signs in again the next day."""
    assert set(client["TokenValidityUnits"].values()) == {"hours"}
    assert client["IdTokenValidity"] <= 12
    assert client["AccessTokenValidity"] <= 12
    assert client["RefreshTokenValidity"] <= 24
    assert client["EnableTokenRevocation"] is True


def test_managed_login_has_a_style(stack: Stack) -> None:
    """The newer sign-in page shows an error to a client without a style."""
    assert stack.only("AWS::Cognito::UserPoolDomain")["ManagedLoginVersion"] == 2
    style = stack.only("AWS::Cognito::ManagedLoginBranding")
    assert style["ClientId"] == {"Ref": "SignInClient"}
    assert style["UseCognitoProvidedValues"] is True


@pytest.mark.parametrize(
    ("variable", "parameter"),
    [
        ("SIGN_IN_CLIENT_ID", "JwtAudience"),
        ("SIGN_IN_AUTHORIZATION_ENDPOINT", "SignInAuthorizationEndpoint"),
        ("SIGN_IN_TOKEN_ENDPOINT", "SignInTokenEndpoint"),
        ("SIGN_IN_END_SESSION_ENDPOINT", "SignInEndSessionEndpoint"),
    ],
)
def test_the_page_is_told_of_the_issuer_in_use(stack: Stack, variable: str, parameter: str) -> None:
    """What the page is told is the pool's where there is one, and the parameter's where not."""
    value = stack.properties("PlaybackApiFunction")["Environment"]["Variables"][variable]
    condition, of_pool, given = value["Fn::If"]

    assert (condition, given) == ("MakesUserPool", {"Ref": parameter})
    assert "SignInClient" in str(of_pool) or "SignInDomain" in str(of_pool)
