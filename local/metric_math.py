"""As much of CloudWatch's metric math as the dashboard uses; anything else is an error."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.errors import TemplateError
from local.metric_series import Series

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_SEARCH = re.compile(r"SEARCH\('\{([^}]+)\} ([^']+)', '(\w+)', (\d+)\)")
_TERM = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Search:
    """Which metrics a SEARCH asks for: those with these dimensions, some of given values."""

    namespace: str
    metric_name: str
    dimension_names: frozenset[str]
    values: Mapping[str, str]
    statistic: str
    period_s: int


def search_of(expression: str) -> Search | None:
    """Return what a SEARCH asks for, None for any other expression."""
    match = _SEARCH.fullmatch(expression)
    if match is None:
        return None
    schema, terms, statistic, period_s = match.groups()
    namespace, *names = schema.split(",")
    values = dict(_TERM.findall(terms))
    metric_name = values.pop("MetricName")
    return Search(namespace, metric_name, frozenset(names), values, statistic, int(period_s))


def calculated(expression: str, *, known: Mapping[str, Series], period_s: int) -> Series:
    """Return the expression's value in each period; None where one of its values is missing.

    Raises:
        TemplateError: the expression has something that is not known here.
    """
    tree = ast.parse(expression, mode="eval").body
    periods = len(next(iter(known.values())))
    return [
        _value(tree, {name: values[at] for name, values in known.items()}, period_s)
        for at in range(periods)
    ]


def _value(node: ast.expr, known: Mapping[str, float | None], period_s: int) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.Call(func=ast.Name(id="PERIOD"), args=[ast.Name()]):
            return float(period_s)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            sides = _value(left, known, period_s), _value(right, known, period_s)
            return _applied(_OPERATORS[type(op)], *sides)
    raise TemplateError(f"metric math {ast.unparse(node)!r} is not known to the local stack")


def _applied(
    apply: Callable[[float, float], float], left: float | None, right: float | None
) -> float | None:
    if left is None or right is None or (apply is operator.truediv and right == 0):
        return None
    return apply(left, right)
