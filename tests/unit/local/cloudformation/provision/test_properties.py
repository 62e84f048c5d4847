"""Properties that nobody takes are errors."""

import pytest

from local.cloudformation.provision.properties import Properties
from local.errors import TemplateError


def test_all_taken_is_fine() -> None:
    """Properties that were all taken, nested ones too, raise nothing."""
    properties = Properties({"A": 1, "B": {"C": 2}, "D": [{"E": 3}]}, where="Thing (Type)")

    assert properties.take("A") == 1
    assert properties.take_properties("B").take("C") == 2
    assert [item.take("E") for item in properties.take_list("D")] == [3]
    properties.require_all_taken()


@pytest.mark.parametrize("values", [{"Left": 1}, {"B": {"Left": 1}}, {"D": [{"Left": 1}]}])
def test_what_is_left_is_named(values: dict[str, object]) -> None:
    """A property that nobody took is named with its resource, at any depth."""
    properties = Properties(values, where="Thing (Type)")
    properties.take_properties("B")
    properties.take_list("D")

    with pytest.raises(TemplateError, match=r"Thing \(Type\).*Left"):
        properties.require_all_taken()


def test_missing_property_is_named() -> None:
    """A property that a resource can't do without is named."""
    with pytest.raises(TemplateError, match="Bucket"):
        Properties({}, where="Thing").take("Bucket")


def test_constant_has_one_value() -> None:
    """A property that means nothing here may have no value that would mean something."""
    Properties({}, where="Thing").take_constant("AutoDeploy", constant=True)
    with pytest.raises(TemplateError, match="AutoDeploy"):
        Properties({"AutoDeploy": False}, where="Thing").take_constant("AutoDeploy", constant=True)
