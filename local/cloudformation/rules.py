"""CloudFormation's rules: combinations of parameters that are not allowed."""

from collections.abc import Mapping

from local.cloudformation.intrinsics import Scope, resolve
from local.cloudformation.transform import Value
from local.errors import TemplateError


def require_rules(rules: Mapping[str, Value], *, scope: Scope) -> None:
    """Check that the parameters satisfy every rule of a template.

    Raises:
        TemplateError: they don't, in the words of the rule; or it has something unknown here.
    """
    for name, rule in rules.items():
        _require_keys(name, rule, known={"RuleCondition", "Assertions"})
        if _is_true(rule.get("RuleCondition", True), scope):
            _require_assertions(name, rule["Assertions"], scope)


def _require_assertions(name: str, assertions: list[Value], scope: Scope) -> None:
    for assertion in assertions:
        _require_keys(name, assertion, known={"Assert", "AssertDescription"})
        if not _is_true(assertion["Assert"], scope):
            reason = assertion.get("AssertDescription", "its assertion is false")
            raise TemplateError(f"rule {name}: {reason}")


def _require_keys(name: str, part: Mapping[str, Value], *, known: set[str]) -> None:
    for key in part.keys() - known:
        raise TemplateError(f"rule {name}: {key} is not known to the local stack")


def _is_true(value: Value, scope: Scope) -> bool:
    return resolve(value, scope=scope) is True
