"""What is given for the template's parameters, held to what the template says of each."""

from typing import Any

import pytest

from local.cloudformation.provision.parameters import given_parameters, parameter_values
from local.errors import TemplateError

DECLARED: dict[str, dict[str, Any]] = {
    "Days": {"Type": "Number", "Default": 0, "MinValue": 0, "MaxValue": 90},
    "Kept": {"Type": "Number", "Default": 30, "AllowedValues": [30, 60]},
    "Site": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "(https://.+/)?",
        "ConstraintDescription": "must end with a slash",
    },
    "Origins": {"Type": "CommaDelimitedList", "Default": "", "AllowedPattern": "^$|https?://[^/]+"},
    "Stem": {"Type": "String", "Default": "vault", "MinLength": 3, "MaxLength": 6},
}


def test_a_default_counts_until_something_is_given() -> None:
    """Lists become lists; everything else stays text, as CloudFormation has it."""
    values = parameter_values(DECLARED, {"Origins": "https://a, https://b", "Days": "90"})

    assert values["Origins"] == ["https://a", "https://b"]
    assert (values["Days"], values["Kept"], values["Stem"]) == ("90", "30", "vault")
    assert parameter_values(DECLARED, {})["Origins"] == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Day", "1", "has no parameter Day"),
        ("Days", "91", "Days is 91, not 0 to 90"),
        ("Days", "-1", "Days is -1, not 0 to 90"),
        ("Days", "ninety", "Days is ninety, not a number"),
        ("Days", "", "Days is empty, not a number"),
        ("Kept", "45", "Kept is 45, not one of 30, 60"),
        ("Site", "https://a", "Site is https://a, must end with a slash"),
        ("Origins", "https://a,https://b/c", "Origins is https://b/c, which does not match"),
        ("Stem", "ab", "Stem is ab, not 3 to 6 characters long"),
        ("Stem", "abcdefg", "Stem is abcdefg, not 3 to 6 characters long"),
    ],
)
def test_what_cloudformation_refuses_is_refused(name: str, value: str, said: str) -> None:
    """The error names the parameter, its value and what it may be."""
    with pytest.raises(TemplateError, match=said):
        parameter_values(DECLARED, {name: value})


@pytest.mark.parametrize("declared", [{"Type": "AWS::EC2::VPC::Id"}, {"Type": "String", "New": 1}])
def test_a_declaration_that_is_not_known_is_an_error(declared: dict[str, Any]) -> None:
    """What nobody here judges is never passed over."""
    with pytest.raises(TemplateError, match="declared as nothing known here"):
        parameter_values({"Odd": declared}, {"Odd": "x"})


def test_assignments_are_taken_apart_at_the_first_equals_sign() -> None:
    """The rest belongs to the value, and the last of a name counts."""
    assert given_parameters(["A=1", "B=x=y", "A=2"]) == {"A": "2", "B": "x=y"}


@pytest.mark.parametrize("assignment", ["ExpireAfterDays", "=90", ""])
def test_no_assignment_is_an_error(assignment: str) -> None:
    """What can't be meant says how it is written."""
    with pytest.raises(TemplateError, match="is not Name=Value"):
        given_parameters([assignment])
