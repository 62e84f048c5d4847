"""IAM policies: which principal may do which action on which resource, and when."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from local.moto.iam.conditions import Condition, Context, PolicyError, conditions_of, like

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"},
)
# Other principals that a policy may name; none of them is ever a role.
_OTHER_PRINCIPALS = frozenset({"Service"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One action of a request, for which IAM needs a grant."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statement:
    """An allowed or denied action; `principals` is empty in a role's own policy."""

    sid: str
    allows: bool
    principals: frozenset[str]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def covers(self, asked: Asked, *, principal: str) -> bool:
        """Whether it applies to this action."""
        return (
            (not self.principals or not self.principals.isdisjoint({"*", principal}))
            and any(like(it.lower()).fullmatch(asked.action.lower()) for it in self.actions)
            and any(like(it).fullmatch(asked.resource) for it in self.resources)
            and all(condition.holds(asked.context) for condition in self.conditions)
        )


Policy = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed, and the Sids that decided; none if nothing grants it."""

    is_allowed: bool
    by: tuple[str, ...] = ()


def decide(asked: Asked, *, principal: str, policies: Iterable[Policy]) -> Decision:
    """Return the decision of policies of one account: a denial overrides any grant."""
    covering = [
        statement
        for policy in policies
        for statement in policy
        if statement.covers(asked, principal=principal)
    ]
    denials = tuple(statement.sid for statement in covering if not statement.allows)
    if denials:
        return Decision(is_allowed=False, by=denials)
    return Decision(is_allowed=bool(covering), by=tuple(it.sid for it in covering))


def readable(document: Mapping[str, Any]) -> str:
    """Return a policy as AWS accepts it; PolicyError where `parse_policy` would raise it."""
    text = json.dumps(document)
    parse_policy(text)
    return text


@lru_cache(maxsize=256)
def parse_policy(document: str) -> Policy:
    """Return the statements of a policy.

    Raises:
        PolicyError: it has an element, an operator, a key or a principal that is unknown here.
    """
    statements = json.loads(document)["Statement"]
    return tuple(_statement(it) for it in _as_list(statements))


def _statement(given: Mapping[str, Any]) -> Statement:
    for element in given.keys() - _ELEMENTS:
        raise PolicyError(f"policy element {element} is not known to local/iam")
    if given["Effect"] not in {"Allow", "Deny"}:
        raise PolicyError(f"policy effect {given['Effect']!r} is not known to local/iam")
    actions, resources = _as_list(given["Action"]), _as_list(given["Resource"])
    for pattern in (*actions, *resources):
        like(pattern)
    return Statement(
        sid=given.get("Sid", ""),
        allows=given["Effect"] == "Allow",
        principals=frozenset(_principals(given.get("Principal", []))),
        actions=tuple(actions),
        resources=tuple(resources),
        conditions=conditions_of(given.get("Condition", {})),
    )


def _principals(given: Any) -> Iterable[str]:  # noqa: ANN401 - JSON's own
    if not isinstance(given, dict):
        return _as_list(given)
    for kind in given.keys() - _OTHER_PRINCIPALS - {"AWS"}:
        raise PolicyError(f"principal of kind {kind} is not known to local/iam")
    # By their kind, so that none of them is mistaken for a role or for everyone.
    others = [f"{kind}:{it}" for kind in _OTHER_PRINCIPALS for it in _as_list(given.get(kind, []))]
    return [*_as_list(given.get("AWS", [])), *others]


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 - JSON's own
    return value if isinstance(value, list) else [value]
