"""As much of CloudWatch's metric math as the dashboard uses."""

import pytest

from local.errors import TemplateError
from local.metric_math import Search, calculated, search_of
from local.metric_series import Series

KNOWN: dict[str, Series] = {"sent": [30.0, None, 60.0], "permitted": [0.2, 0.2, 0.0]}


def test_a_share_of_the_quota() -> None:
    """Each period by itself; a missing value or a division by nothing gives none."""
    shares = calculated("100 * sent / PERIOD(sent) / permitted", known=KNOWN, period_s=300)
    assert shares == [pytest.approx(50), None, None]


@pytest.mark.parametrize(
    "expression", ["RATE(sent)", "unknown + 1", "sent ** 2", "__import__('os')", "-sent"]
)
def test_anything_else_is_an_error(expression: str) -> None:
    """It would be shown wrong, or be run."""
    with pytest.raises(TemplateError, match="is not known to the local stack"):
        calculated(expression, known=KNOWN, period_s=300)


def test_a_search() -> None:
    """Its dimensions, the values given of them, and how it is summed up."""
    expression = "SEARCH('{ns,reason,service} MetricName=\"Errors\" service=\"a\"', 'Sum', 300)"
    names = frozenset({"reason", "service"})
    assert search_of(expression) == Search("ns", "Errors", names, {"service": "a"}, "Sum", 300)
    assert search_of("100 * sent") is None
