"""The README tells the truth about the stack."""

import re

import pytest
from samtranslator.yaml_helper import yaml_parse

from local.places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PARAMETERS = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Parameters"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_is_explained_with_its_default(name: str) -> None:
    """Whoever reads the table of parameters knows them all, and what they are unless told."""
    [row] = [line for line in README.splitlines() if re.match(rf"\|[^|]*`{name}`[^|]*\|", line)]
    default = str(PARAMETERS[name].get("Default", ""))
    told = row.split("|")[2].strip().strip("`")

    assert told == default if default else not told.isdigit()
