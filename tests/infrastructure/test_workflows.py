"""GitHub's workflows: what runs is pinned, may little, and keeps no key."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.places import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent

PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
USES = re.compile(r"uses: (.+)")


def load(path: Path) -> dict[str, Any]:
    """Return a workflow with all scalars as they are written: `on` is no truth value."""
    workflow: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - makes strings only
    return workflow


JOBS = [
    pytest.param(job, id=f"{path.stem}-{name}")
    for path in WORKFLOWS
    for name, job in load(path)["jobs"].items()
]


def run(tool: str, *arguments: str) -> None:
    """Run a checker that is to be content."""
    result = subprocess.run(  # noqa: S603 - a tool of .venv
        [BIN / tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_workflows_are_what_github_takes() -> None:
    """A misspelt key would be found by the first push."""
    workflows = map(str, WORKFLOWS)

    run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    run("check-jsonschema", "--builtin-schema", "vendor.dependabot", str(GITHUB / "dependabot.yml"))


def test_an_auditor_of_workflows_finds_nothing() -> None:
    """No injection by template, no credentials left behind, no trigger that lends out rights."""
    run("zizmor", "--offline", "--no-progress", "--strict-collection", "--pedantic", str(GITHUB))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit(path: Path) -> None:
    """A tag can be moved to other code, a commit cannot; workflows of ours are this commit's."""
    used = USES.findall(path.read_text(encoding="utf-8"))
    ours = [one for one in used if one.startswith("./") and (ROOT / one).is_file()]

    assert used
    assert [one for one in used if one not in ours and not PINNED.fullmatch(one)] == []


def test_an_action_has_one_version() -> None:
    """What was looked at once is what runs everywhere."""
    pins = {pin for path in WORKFLOWS for pin in USES.findall(path.read_text(encoding="utf-8"))}
    actions = [pin.partition("@")[0] for pin in pins]

    assert sorted(actions) == sorted(set(actions))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_at_most(path: Path) -> None:
    """Nothing is allowed by default; what a job needs beyond reading stands at the job."""
    assert load(path)["permissions"] in ({}, {"contents": "read"})


@pytest.mark.parametrize("job", JOBS)
def test_no_job_may_write_to_the_repository(job: dict[str, Any]) -> None:
    """Some may ask for a token for AWS, and those are bound to an environment."""
    allowed = job.get("permissions", {})
    deploys = "environment" in job or "environment" in job.get("with", {})

    assert allowed in ({}, {"contents": "read"}, {"contents": "read", "id-token": "write"})
    assert ("id-token" in allowed) is deploys


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_secret_is_kept_and_no_stranger_runs_with_rights(path: Path) -> None:
    """OIDC needs no key; `pull_request_target` and its like have the repository's own rights."""
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"secrets\b|aws-access-key-id|AWS_SECRET", text)
    assert load(path)["on"].keys() <= {"pull_request", "push", "schedule", "workflow_call"}


def test_pull_requests_and_main_are_tested_and_audited() -> None:
    """CI runs what a contributor runs, and the audit beside it."""
    ci = load(GITHUB / "workflows" / "ci.yml")
    steps = [step for job in ci["jobs"].values() for step in job["steps"]]

    assert {"pull_request", "push", "schedule"} <= ci["on"].keys()
    assert ci["on"]["push"] == {"branches": ["main"]}
    assert {step["run"] for step in steps if "run" in step} == {".ci/run", "make audit"}


@pytest.mark.parametrize("job", JOBS)
def test_every_job_ends(job: dict[str, Any]) -> None:
    """A job that hangs is ended by a time of its own, not by GitHub's six hours."""
    assert "uses" in job or 0 < int(job["timeout-minutes"]) <= 60
