"""An archiver as an earlier release had it, in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.places import ROOT
from ringvault.core.catalogue.item import SCHEMA_VERSION

ENDS_WITHIN_S = 30
_INVOKE = """
import json, sys
from functions.archive_recording import handler

class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "earlier"
    def get_remaining_time_in_millis(self):
        return 600_000

print(json.dumps(handler.lambda_handler(json.load(sys.stdin), Context())))
"""


@dataclass(frozen=True, slots=True)
class EarlierRelease:
    """The code of this repository in a folder of its own, from before today's schema."""

    folder: Path

    @classmethod
    def copied_to(cls, folder: Path) -> "EarlierRelease":
        """Copy what Lambda gets, and have it know the schema before today's only."""
        shutil.copytree(ROOT / "functions", folder / "functions")
        shutil.copytree(ROOT / "layers/ringvault/ringvault", folder / "ringvault")
        catalogue = folder / "ringvault/core/catalogue/item.py"
        today, before = (f"SCHEMA_VERSION = {it}\n" for it in (SCHEMA_VERSION, SCHEMA_VERSION - 1))
        source = catalogue.read_text(encoding="utf-8")
        assert source.count(today) == 1
        catalogue.write_text(source.replace(today, before), encoding="utf-8")
        return cls(folder)

    def begun(self, event: Any, *, environ: Mapping[str, str]) -> "subprocess.Popen[str]":
        """Begin an invocation of archive_recording."""
        process = subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-c", _INVOKE],
            cwd=self.folder,
            env={"PATH": os.defpath, "PYTHONPATH": str(self.folder), **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(event))
        process.stdin.close()
        process.stdin = None
        return process


def answer_of(process: "subprocess.Popen[str]") -> tuple[str, list[str]]:
    """Return the outcome that an ended invocation logged, and which messages it hands back."""
    said, complaint = process.communicate(timeout=ENDS_WITHIN_S)
    assert process.returncode == 0, complaint
    *lines, answer = said.splitlines()
    (logged,) = (it for it in map(json.loads, lines) if it.get("message") == "archive_recording")
    failures = json.loads(answer)["batchItemFailures"]
    return logged.get("error", logged["outcome"]), [it["itemIdentifier"] for it in failures]
