"""Holds what a server tells of a resource against what the template says of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Value = Any  # whatever a template can hold
# Stands for what a server says nothing about.
UNTOLD = object()
# What tells the items of a list apart, where a server may list them in another order.
_NAMES = ("Id", "Sid", "IndexName", "AttributeName", "PolicyName", "Name", "Key")


@dataclass(frozen=True, slots=True)
class Property:
    """One value of a resource: where it stands, what the template says and what a server tells.

    `path` has no indexes: `LifecycleConfiguration.Rules.Status` is that of every rule.
    """

    resource: str
    type: str
    path: str
    wanted: Value
    told: Value

    @property
    def is_told(self) -> bool:
        """Whether a server keeps it at all."""
        return self.told is not UNTOLD

    @property
    def is_as_wanted(self) -> bool:
        """Whether the server has what the template says, be it as text or as a number."""
        return self.is_told and _plain(self.wanted) == _plain(self.told)


def properties_of(resource: str, type_: str, *, wanted: Value, told: Value) -> list[Property]:
    """Return every value of a resource's properties beside what a server tells of it.

    What the server tells beyond the template is left out: defaults, dates, states.
    """
    return [
        Property(resource, type_, path, *values) for path, *values in _pairs(wanted, told, path="")
    ]


def _pairs(wanted: Value, told: Value, *, path: str) -> Iterator[tuple[str, Value, Value]]:
    if isinstance(wanted, dict) and wanted:
        yield from _pairs_of_mapping(wanted, _parsed(told), path=path)
    elif isinstance(wanted, list) and any(isinstance(item, dict) for item in wanted):
        yield from _pairs_of_list(wanted, _parsed(told), path=path)
    else:
        yield path, wanted, told


def _pairs_of_mapping(
    wanted: dict[str, Value], told: Value, *, path: str
) -> Iterator[tuple[str, Value, Value]]:
    for name, value in wanted.items():
        inner = told.get(name, UNTOLD) if isinstance(told, dict) else UNTOLD
        yield from _pairs(value, inner, path=f"{path}.{name}" if path else name)


def _pairs_of_list(
    wanted: list[Value], told: Value, *, path: str
) -> Iterator[tuple[str, Value, Value]]:
    if isinstance(told, list) and len(told) != len(wanted):
        yield path, wanted, told
        return
    for at, item in enumerate(wanted):
        inner = _partner(item, told, at=at) if isinstance(told, list) else UNTOLD
        yield from _pairs(item, inner, path=path)


def _partner(item: Value, told: list[Value], *, at: int) -> Value:
    name = next((name for name in _NAMES if isinstance(item, dict) and name in item), None)
    named = [it for it in told if name is not None and it.get(name) == item[name]]
    return named[0] if len(named) == 1 else told[at]


def _parsed(told: Value) -> Value:
    """Return a document that a server tells as text."""
    if isinstance(told, str) and told[:1] in ("{", "["):
        return json.loads(told)
    return told


def _plain(value: Value) -> Value:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)
