"""Conditions of IAM policies, for the operators and keys that the local stack knows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

# The condition keys that local/iam sets. Any other key would seem absent from every request, and
# a condition on it would allow, or deny, everything.
KNOWN_KEYS = frozenset(
    {
        "aws:principalarn",
        "aws:securetransport",
        "kms:viaservice",
        "s3:delimiter",
        "s3:if-none-match",
        "s3:max-keys",
        "s3:objectcreationoperation",
        "s3:prefix",
        "s3:tlsversion",
    }
)
# Only AWS's own services say for which account they act.
_NEVER_OF_A_ROLE = frozenset({"aws:sourceaccount"})
_KNOWN_FAMILIES = ("kms:encryptioncontext:", "s3:requestobjecttag/", "s3:x-amz-")
_ABSENT_IS_FINE = "IfExists"
Context = Mapping[str, str]  # condition keys in lower case


class PolicyError(Exception):
    """A policy has an element that is unknown here; says which."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator with one key and its values."""

    operator: str
    key: str
    values: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Whether a request of that context meets it."""
        value = context.get(self.key)
        if self.operator == "Null":
            return str(value is None).lower() in self.values
        name = self.operator.removesuffix(_ABSENT_IS_FINE)
        matches, is_negated = _OPERATORS[name]
        if value is None:
            return is_negated or name != self.operator
        return any(matches(value, wanted) for wanted in self.values) is not is_negated


def conditions_of(block: Mapping[str, Mapping[str, Any]]) -> tuple[Condition, ...]:
    """Return the conditions of a statement, each of which must hold.

    Raises:
        PolicyError: an operator or a key that is unknown here.
    """
    return tuple(
        _condition(operator, key, values)
        for operator, keys in block.items()
        for key, values in keys.items()
    )


def like(pattern: str) -> "re.Pattern[str]":
    """Return a regular expression for IAM's `*` (any number of characters) and `?` (one).

    Raises:
        PolicyError: the pattern has a policy variable.
    """
    if "${" in pattern:
        raise PolicyError(f"policy variable in {pattern!r} is not known to local/iam")
    return _like(pattern)


@cache
def _like(pattern: str) -> "re.Pattern[str]":
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(it, re.escape(it)) for it in pattern), re.DOTALL)


def _condition(operator: str, key: str, values: Any) -> Condition:  # noqa: ANN401 - JSON's own
    if operator != "Null" and operator.removesuffix(_ABSENT_IS_FINE) not in _OPERATORS:
        raise PolicyError(f"condition operator {operator} is not known to local/iam")
    folded = key.lower()
    known = KNOWN_KEYS | _NEVER_OF_A_ROLE
    if folded not in known and not folded.startswith(_KNOWN_FAMILIES):
        raise PolicyError(f"condition key {key} is not known to local/iam")
    listed: Sequence[Any] = values if isinstance(values, list) else [values]
    return Condition(operator, folded, tuple(_text(value) for value in listed))


def _text(value: Any) -> str:  # noqa: ANN401 - JSON's own
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equals(value: str, wanted: str) -> bool:
    return value == wanted


def _is_like(value: str, wanted: str) -> bool:
    return like(wanted).fullmatch(value) is not None


def _is_same_bool(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


def _is_less(value: str, wanted: str) -> bool:
    return float(value) < float(wanted)


# Each with its comparison, and whether none of the values may match.
_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "ArnEquals": (_is_like, False),
    "ArnLike": (_is_like, False),
    "ArnNotEquals": (_is_like, True),
    "Bool": (_is_same_bool, False),
    "NumericLessThan": (_is_less, False),
    "StringEquals": (_equals, False),
    "StringLike": (_is_like, False),
    "StringNotEquals": (_equals, True),
    "StringNotLike": (_is_like, True),
}
