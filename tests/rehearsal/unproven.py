"""What no server on this machine keeps, by name: the check-list of docs/operations/deploying.md."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.rehearsal.comparison import Property


@dataclass(frozen=True, slots=True)
class Unproven:
    """Properties of a type that nothing tells back, and how to see them on AWS.

    `path` may have `*` for any part of it.
    """

    type: str
    path: str
    look: str

    def covers(self, found: Property) -> bool:
        """Whether it names a property."""
        return found.type == self.type and fnmatchcase(found.path, self.path)


_SIGN_IN = "PageUrl leads to a sign-in page with a form on it, not to an error"
_TOKENS = "`curl` of `/recordings` without a token answers 401, and of `/` it answers 200"
_QUESTIONS = "Logs Insights lists five saved queries under the stack's name"
_DOCUMENT = "the API's page in the console lists nine routes, each with the function behind it"

UNPROVEN = (
    Unproven("AWS::ApiGatewayV2::Api", "Body.components.*", _TOKENS),
    Unproven("AWS::ApiGatewayV2::Api", "Body.paths.*.security.*", _TOKENS),
    Unproven("AWS::ApiGatewayV2::Api", "Body.openapi", _DOCUMENT),
    Unproven("AWS::ApiGatewayV2::Api", "Body.paths.*.parameters.*", _DOCUMENT),
    Unproven("AWS::ApiGatewayV2::Api", "Body.paths.*.responses", _DOCUMENT),
    Unproven("AWS::ApiGatewayV2::Api", "Body.tags.*", _DOCUMENT),
    Unproven("AWS::Cognito::ManagedLoginBranding", "*", _SIGN_IN),
    Unproven("AWS::Cognito::UserPoolDomain", "ManagedLoginVersion", _SIGN_IN),
    Unproven(
        "AWS::KMS::Key",
        "PendingWindowInDays",
        "a key of a deleted stack can be had back for seven days: `aws kms describe-key`",
    ),
    Unproven(
        "AWS::Lambda::EventInvokeConfig",
        "Qualifier",
        "each scheduled function's page, Asynchronous invocation, says no retries and 5 minutes",
    ),
    Unproven(
        "AWS::Lambda::Function",
        "LoggingConfig.LogGroup",
        "log lines arrive in the stack's own log groups, and no `/aws/lambda/…` appears",
    ),
    Unproven("AWS::Logs::QueryDefinition", "*", _QUESTIONS),
)


def unnamed(found: Iterable[Property]) -> list[Property]:
    """Return what no server tells and the list has not."""
    return [it for it in found if not it.is_told and not any(un.covers(it) for un in UNPROVEN)]


def proven_after_all(found: Iterable[Property]) -> list[Unproven]:
    """Return what the list has without need: a server tells it, or the template has it no more."""
    told = [it for it in found if it.is_told]
    untold = [it for it in found if not it.is_told]
    return [
        un
        for un in UNPROVEN
        if any(un.covers(it) for it in told) or not any(un.covers(it) for it in untold)
    ]
