"""What checkov is told to pass over: each with its reason beside the resource, none for all."""

from collections.abc import Iterator

from local.places import ROOT
from tests.infrastructure.stack import Stack

# What may be passed over at all: what else checkov finds is mended.
SUPPRESSED = {
    "CKV_AWS_27",
    "CKV_AWS_28",
    "CKV_AWS_115",
    "CKV_AWS_116",
    "CKV_AWS_117",
    "CKV_AWS_119",
    "CKV_AWS_173",
}


def suppressions(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield each suppression's check and reason, as SAM leaves it in the template."""
    for resource in stack.document["Resources"].values():
        for skipped in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            yield skipped["id"], skipped["comment"]


def test_each_suppression_has_its_reason(stack: Stack) -> None:
    """A sentence, not a word; and SAM keeps it through the transformation."""
    found = dict(suppressions(stack))

    assert found.keys() == SUPPRESSED
    assert all(reason.endswith(".") and len(reason.split()) > 5 for reason in found.values())


def test_nothing_is_suppressed_elsewhere() -> None:
    """No configuration file and no option passes a check over for everything."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert not list(ROOT.glob(".checkov.y*ml"))
    assert "skip-check" not in makefile
    assert "soft-fail" not in makefile
