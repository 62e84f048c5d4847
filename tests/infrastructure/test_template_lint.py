"""The linter that `make test` relies on: clean on our template, and not blind."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.infrastructure.stack import Stack


def faults(document: dict[str, Any], folder: Path) -> set[str]:
    """Return the rule numbers that cfn-lint raises for a plain template."""
    path = folder / "template.json"
    path.write_text(json.dumps(document))
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format=json", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own command
    return {fault["Rule"]["Id"] for fault in json.loads(result.stdout)}


def test_the_transformed_template_is_clean(stack: Stack, tmp_path: Path) -> None:
    """What SAM makes of template.yaml has no fault and no warning."""
    assert faults(stack.document, tmp_path) == set()


def test_planted_mistakes_are_found(stack: Stack, tmp_path: Path) -> None:
    """Mistakes that `sam validate --lint` lets through are faults in the transformed template."""
    document = copy.deepcopy(stack.document)
    resources = document["Resources"]
    (mapping,) = (
        r["Properties"]
        for r in resources.values()
        if r["Type"] == "AWS::Lambda::EventSourceMapping"
    )

    mapping["FunctionResponseTypes"] = ["ReportBatchItemFailure"]
    mapping["ScalingConfig"]["MaximumConcurrency"] = 1
    resources["RecordingQueue"]["Properties"]["VisibilityTimeout"] = 90
    environment = resources["PlaybackApiFunction"]["Properties"]["Environment"]
    environment["Variables"]["CATALOGUE_TABLE"] = {"Ref": "CatalogTable"}

    assert {"E3030", "E3034", "E3505", "E1020"} <= faults(document, tmp_path)
