"""The parameters: each explained, bounded, and asked for where it belongs."""

import re
from typing import Any

import pytest

from local.places import ROOT
from tests.support.template import transformed

DOCUMENT = transformed()
PARAMETERS: dict[str, dict[str, Any]] = DOCUMENT["Parameters"]
PAGE = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_says_what_it_is_and_may_be(name: str) -> None:
    """Explained, refused with a reason, and with a default that a first deployment can take."""
    parameter = PARAMETERS[name]

    assert parameter["Description"]
    assert parameter["ConstraintDescription"].startswith("must ")
    assert parameter.keys() & {"AllowedPattern", "AllowedValues", "MinValue"}
    assert ("MinValue" in parameter) is ("MaxValue" in parameter)
    assert "Default" in parameter


@pytest.mark.parametrize("name", [it for it in PARAMETERS if "AllowedPattern" in PARAMETERS[it]])
def test_a_default_keeps_to_its_pattern(name: str) -> None:
    """And neither a space nor a line break is let in where it means nothing."""
    parameter = PARAMETERS[name]

    assert re.fullmatch(parameter["AllowedPattern"], str(parameter["Default"]))
    assert not re.fullmatch(parameter["AllowedPattern"], "https://a.example/\nb")


def test_the_console_groups_every_parameter_once() -> None:
    """In the order in which `sam deploy --guided` asks, which is the template's."""
    interface = DOCUMENT["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]

    assert grouped == list(PARAMETERS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RingCentralServerUrl", "https://platform.ringcentral.com.evil.example/"),
        ("RingCentralServerUrl", "https://platform.ringcentral.com@evil.example"),
        ("RingCentralServerUrl", "http://platform.ringcentral.com"),
        ("RingCentralMediaUrl", "https://media.ringcentral.com?"),
        ("JwtIssuer", "http://issuer.example"),
        ("SignInTokenEndpoint", "http://issuer.example/token"),
        ("VaultKeyArn", "alias/mine"),
        ("VaultKeyArn", "arn:aws:kms:us-east-1:123456789012:alias/mine"),
        ("LogKeyArn", "mrk-1"),
        ("AccessLogBucket", "s3://logs"),
        ("ListEvery", "rate(0 minutes)"),
        ("PageUrl", "https://calls.example.com"),
    ],
)
def test_what_would_break_or_betray_is_refused(name: str, value: str) -> None:
    """Before anything is deployed: tokens in clear text, hosts of others, aliases for keys."""
    assert not re.fullmatch(PARAMETERS[name]["AllowedPattern"], value)


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_is_documented_with_its_default(name: str) -> None:
    """docs/parameters.md has each in one row, with the template's default."""
    [row] = [line for line in PAGE.splitlines() if re.match(rf"\|[^|]*`{name}`[^|]*\|", line)]
    default = str(PARAMETERS[name].get("Default", ""))
    documented = row.split("|")[2].strip().strip("`")

    assert documented == default if default else not documented.isdigit()
