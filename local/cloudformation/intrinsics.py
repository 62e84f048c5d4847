"""CloudFormation's intrinsic functions and conditions, resolved with the resources made so far."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from local.cloudformation.transform import Value
from local.errors import TemplateError

# Stands for AWS::NoValue: a property with it is left out.
_NO_VALUE = object()
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclass
class Scope:
    """The targets of references: parameters, pseudo parameters, and the resources made so far."""

    parameters: Mapping[str, Value]
    conditions: Mapping[str, Value] = field(default_factory=dict)
    references: dict[str, Value] = field(default_factory=dict)
    attributes: dict[str, Mapping[str, Value]] = field(default_factory=dict)


def resolve(value: Value, *, scope: Scope) -> Value:
    """Return `value` with every intrinsic function in it resolved.

    Raises:
        TemplateError: an unknown function, name or attribute; says which.
    """
    resolved = _resolve(value, scope)
    return None if resolved is _NO_VALUE else resolved


def holds(condition: str, *, scope: Scope) -> bool:
    """Whether the template's condition of that name is true."""
    if condition not in scope.conditions:
        raise TemplateError(f"condition {condition!r} is not in the template")
    return bool(_resolve(scope.conditions[condition], scope))


def names_in(value: Value) -> Iterator[str]:
    """Yield the logical names that `value` refers to, including parameters."""
    if isinstance(value, list):
        for item in value:
            yield from names_in(item)
    elif isinstance(value, dict):
        yield from _names_in_mapping(value)


def _names_in_mapping(value: Mapping[str, Value]) -> Iterator[str]:
    for key, inner in value.items():
        if key == "Ref":
            yield str(inner)
        elif key == "Fn::GetAtt":
            yield (inner.split(".") if isinstance(inner, str) else inner)[0]
        elif key == "Fn::Sub":
            yield from _names_in_sub(inner)
        else:
            yield from names_in(inner)


def _names_in_sub(inner: Value) -> Iterator[str]:
    text, own = (inner, {}) if isinstance(inner, str) else inner
    for literal, name in _PLACEHOLDER.findall(text):
        if not literal and name not in own:
            yield name.split(".")[0]
    yield from names_in(own)


def _resolve(value: Value, scope: Scope) -> Value:
    if isinstance(value, list):
        items = [_resolve(item, scope) for item in value]
        return [item for item in items if item is not _NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(key, argument)] = value.items()
        if key in _FUNCTIONS:
            return _FUNCTIONS[key](argument, scope)
        if key == "Condition" and isinstance(argument, str):
            return holds(argument, scope=scope)
        if key.startswith("Fn::"):
            raise TemplateError(
                f"{key} is not known to the local stack (local/cloudformation/intrinsics.py)"
            )
    resolved = {key: _resolve(inner, scope) for key, inner in value.items()}
    return {key: inner for key, inner in resolved.items() if inner is not _NO_VALUE}


def _ref(name: str, scope: Scope) -> Value:
    if name == "AWS::NoValue":
        return _NO_VALUE
    for known in (scope.references, scope.parameters):
        if name in known:
            return known[name]
    raise TemplateError(f"Ref {name!r} names nothing that the local stack has made")


def _get_att(argument: str | list[Value], scope: Scope) -> Value:
    name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    if attribute not in scope.attributes.get(name, {}):
        raise TemplateError(f"attribute {name}.{attribute} is not known to the local stack")
    return scope.attributes[name][attribute]


def _sub(argument: str | list[Value], scope: Scope) -> str:
    text, own = (argument, {}) if isinstance(argument, str) else argument
    own = _resolve(own, scope)

    def replacement(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return f"${{{name}}}"
        if name in own:
            return str(own[name])
        return str(_get_att(name, scope) if "." in name else _ref(name, scope))

    return _PLACEHOLDER.sub(replacement, text)


def _join(argument: list[Value], scope: Scope) -> str:
    delimiter, items = argument
    return str(delimiter).join(str(item) for item in _resolve(items, scope))


def _select(argument: list[Value], scope: Scope) -> Value:
    index, items = argument
    return _resolve(items, scope)[int(_resolve(index, scope))]


def _split(argument: list[Value], scope: Scope) -> list[str]:
    delimiter, text = argument
    return str(_resolve(text, scope)).split(delimiter)


def _if(argument: list[Value], scope: Scope) -> Value:
    condition, then, otherwise = argument
    return _resolve(then if holds(condition, scope=scope) else otherwise, scope)


def _equals(argument: list[Value], scope: Scope) -> bool:
    left, right = (str(_resolve(side, scope)) for side in argument)
    return left == right


_FUNCTIONS: dict[str, Callable[[Value, Scope], Value]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::Not": lambda argument, scope: not _resolve(argument[0], scope),
    "Fn::And": lambda argument, scope: all(_resolve(item, scope) for item in argument),
    "Fn::Or": lambda argument, scope: any(_resolve(item, scope) for item in argument),
}
