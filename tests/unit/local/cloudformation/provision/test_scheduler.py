"""Schedule expressions."""

import pytest

from local.cloudformation.provision.scheduler import period_s


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(5 minutes)", 300),
        ("rate(1 hour)", 3600),
        ("rate(2 days)", 172800),
        ("cron(0 4 * * ? *)", None),
        ("rate(1 hourz)", None),
    ],
)
def test_period(expression: str, seconds: int | None) -> None:
    """A rate has a period in seconds, anything else has none."""
    assert period_s(expression) == seconds
