"""What the command ringvault asks of a stack, the template tells."""

import re
from pathlib import Path

from tests.infrastructure.stack import Stack

_OUTPUT = re.compile(r"\.output\(\s*\"(\w+)\"\s*\)")


def test_every_output_that_the_command_reads_is_there(stack: Stack, repository: Path) -> None:
    """A renamed output would be found by nobody but a person in need."""
    sources = (path.read_text() for path in (repository / "ringvault_cli").rglob("*.py"))
    read = {name for source in sources for name in _OUTPUT.findall(source)}

    assert {"StateTableName", "ReconcileArchiveFunctionName"} <= read
    assert read <= stack.document["Outputs"].keys()
