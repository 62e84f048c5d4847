"""The template's parameters: their values, checked against the template."""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import inf

from local.cloudformation.transform import Document, Value
from local.errors import TemplateError

_JUDGED = {
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "Type",
}
_LIST = "CommaDelimitedList"
_TYPES = {"String", "Number", _LIST}


def parameter_values(declared: Document, given: Mapping[str, str]) -> dict[str, Value]:
    """Return the value of each parameter of a template: the given one, else its default.

    Lists are lists; everything else is text, numbers too.

    Raises:
        TemplateError: an unknown name, a parameter without a value, or a value
            that CloudFormation would refuse; says which and why.
    """
    defaults = {name: str(it["Default"]) for name, it in declared.items() if "Default" in it}
    values = defaults | dict(given)
    require_allowed(declared, values)
    missing = sorted(declared.keys() - values.keys())
    if missing:
        raise TemplateError(f"the template's parameters {', '.join(missing)} have no value")
    return {name: _typed(value, declared[name]) for name, value in values.items()}


def require_allowed(declared: Document, given: Mapping[str, str]) -> None:
    """Check that a template accepts the given parameters.

    Raises:
        TemplateError: it has no parameter of that name, or CloudFormation would refuse the value.
    """
    for name in given.keys() - declared.keys():
        raise TemplateError(f"the template has no parameter {name}")
    for name, value in given.items():
        _require_allowed(name, value, declared[name])


def given_parameters(assignments: Sequence[str]) -> dict[str, str]:
    """Return the parameters in `Name=Value` texts, the last of each name.

    Raises:
        TemplateError: one of them has no name or no equals sign.
    """
    given = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not name or not equals:
            raise TemplateError(f"{assignment!r} is not Name=Value, such as ExpireAfterDays=90")
        given[name] = value
    return given


def _typed(value: str, declared: Document) -> Value:
    return _items(value) if declared["Type"] == _LIST else value


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def _require_allowed(name: str, value: str, declared: Document) -> None:
    if declared["Type"] not in _TYPES or declared.keys() - _JUDGED:
        raise TemplateError(f"the template's parameter {name} is declared as nothing known here")
    judged = (_items(value) or [""]) if declared["Type"] == _LIST else [value]
    for item in judged:
        for fault in _faults(item, declared):
            raise TemplateError(f"the template's parameter {name} is {item or 'empty'}, {fault}")


def _faults(value: str, declared: Document) -> Iterator[str]:
    if declared["Type"] == "Number":
        yield from _faults_of_number(value, declared)
    minimum, maximum = declared.get("MinLength", 0), declared.get("MaxLength", inf)
    if not int(minimum) <= len(value) <= float(maximum):
        yield f"not {minimum} to {maximum} characters long"
    allowed = [str(it) for it in declared.get("AllowedValues", [value])]
    if value not in allowed:
        yield f"not one of {', '.join(allowed)}"
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        yield declared.get("ConstraintDescription", f"which does not match {pattern}")


def _faults_of_number(value: str, declared: Document) -> Iterator[str]:
    minimum, maximum = declared.get("MinValue", -inf), declared.get("MaxValue", inf)
    try:
        number = float(value)
    except ValueError:
        yield "not a number"
        return
    if not float(minimum) <= number <= float(maximum):
        yield f"not {minimum} to {maximum}"
