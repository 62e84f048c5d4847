"""What CloudFormation's rules forbid."""

from typing import Any

import pytest

from local.cloudformation.intrinsics import Scope
from local.cloudformation.rules import require_rules
from local.errors import TemplateError

RULES: dict[str, Any] = {
    "Together": {
        "RuleCondition": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Issuer"}, ""]}]},
        "Assertions": [
            {
                "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Audience"}, ""]}]},
                "AssertDescription": "Issuer needs Audience",
            }
        ],
    }
}


@pytest.mark.parametrize(("issuer", "audience"), [("", ""), ("", "a"), ("i", "a")])
def test_parameters_that_go_together_pass(issuer: str, audience: str) -> None:
    """An assertion counts only where its rule's condition is true."""
    require_rules(RULES, scope=Scope({"Issuer": issuer, "Audience": audience}))


def test_what_a_rule_forbids_is_told_in_its_words() -> None:
    """A false assertion is an error with the template's own text."""
    with pytest.raises(TemplateError, match="Together: Issuer needs Audience"):
        require_rules(RULES, scope=Scope({"Issuer": "i", "Audience": ""}))


def test_a_rule_without_condition_always_counts() -> None:
    """No condition is a true one."""
    rule = {"Assertions": [{"Assert": {"Fn::Equals": ["a", "b"]}}]}

    with pytest.raises(TemplateError, match="Never"):
        require_rules({"Never": rule}, scope=Scope({}))


@pytest.mark.parametrize(
    "rule",
    [
        {"Assertions": [], "Unless": {}},
        {"Assertions": [{"Assert": {"Fn::Contains": [["a"], "a"]}}]},
        {"Assertions": [{"Assert": {"Fn::Equals": ["a", "a"]}, "Severity": "low"}]},
    ],
)
def test_unknown_parts_are_errors(rule: dict[str, Any]) -> None:
    """A function or key that the local stack doesn't know is never passed over."""
    with pytest.raises(TemplateError, match="not known to the local stack"):
        require_rules({"Strange": rule}, scope=Scope({}))
