"""Values as DynamoDB attributes, and back.

Not boto3's own converter: it refuses floats, has no instants, and reads an attribute of any type
where we need to notice that a damaged item has another.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ringvault.core.instants import format_instant, parse_instant

Attributes = Mapping[str, Any]


def attribute_of(value: object) -> dict[str, Any]:
    """Return a value as an attribute; an instant becomes text, a frozenset a set of strings.

    Raises:
        TypeError: no attribute holds a value of that type.
    """
    for types, name, form in _FORMS:
        if isinstance(value, types):
            return {name: form(value)}
    raise TypeError(f"no attribute holds a {type(value).__name__}")


def attributes_of(fields: Mapping[str, object]) -> dict[str, Any]:
    """Return each value as an attribute; None is left out."""
    return {name: attribute_of(value) for name, value in fields.items() if value is not None}


def expression_values(**fields: object) -> dict[str, Any]:
    """Return the values of an expression, `:name` for each; None is left out."""
    return {f":{name}": value for name, value in attributes_of(fields).items()}


def text_in(item: Attributes, name: str) -> str | None:
    """Return a text, None where the item has none of that name."""
    return item[name]["S"] if name in item else None


def number_in(item: Attributes, name: str) -> float | None:
    """Return a number, None where the item has none of that name."""
    return float(item[name]["N"]) if name in item else None


def instant_in(item: Attributes, name: str) -> datetime | None:
    """Return an instant, None where the item has none of that name."""
    return parse_instant(item[name]["S"]) if name in item else None


def _same(value: Any) -> Any:  # noqa: ANN401 - bool or bytes
    return value


# The first that fits; True is an int, too, so bool comes before.
_FORMS: Sequence[tuple[Any, str, Callable[[Any], Any]]] = (
    (bool, "BOOL", _same),
    (str, "S", str),
    ((int, float), "N", str),
    (bytes, "B", _same),
    (datetime, "S", format_instant),
    (frozenset, "SS", sorted),
    ((list, tuple), "L", lambda values: [attribute_of(it) for it in values]),
    (Mapping, "M", attributes_of),
)
