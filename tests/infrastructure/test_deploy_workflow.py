"""The workflow Deploy: built once, known by its digest, prod after dev; its steps run here."""

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.places import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

on_githubs_system = pytest.mark.skipif(
    sys.platform != "linux", reason="the steps are written for GitHub's Linux"
)


def jobs_of(workflow: str) -> dict[str, Any]:
    """Return the jobs of a workflow."""
    text = (WORKFLOWS / f"{workflow}.yml").read_text(encoding="utf-8")
    jobs: dict[str, Any] = yaml.safe_load(text)["jobs"]
    return jobs


def script(job: dict[str, Any], part: str) -> str:
    """Return the one script of a job that has `part` in it."""
    (found,) = [step["run"] for step in job["steps"] if part in step.get("run", "")]
    return str(found)


@dataclass(frozen=True, slots=True)
class Runner:
    """A runner's folder, in which steps run as GitHub runs them."""

    folder: Path

    def run(self, commands: str, **environ: str) -> int:
        """Return the exit code of a step."""
        return self.finished(commands, **environ).returncode

    def finished(self, commands: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Return a step that has run, with what it printed."""
        files = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary"}
        paths = {name: str(self.folder / file) for name, file in files.items()}
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", commands]
        return subprocess.run(  # noqa: S603 - a step of our own workflow
            bash,
            cwd=self.folder,
            env=os.environ | paths | environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def output(self, name: str) -> str:
        """Return what a step gave to the next jobs."""
        lines = (self.folder / "output").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)[name]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a runner on which a build was made."""
    for path in (".aws-sam/build/template.yaml", "build/sbom.cdx.json"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("built\n", encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return Runner(tmp_path)


PACK = script(jobs_of("deploy")["build"], "tar --create")
UNPACK = script(jobs_of("deploy_stack")["deploy"], "tar --extract")


@on_githubs_system
def test_what_was_built_arrives(runner: Runner) -> None:
    """The digest of one job opens the artefact in the next."""
    assert runner.run(PACK) == 0
    (runner.folder / ".aws-sam/build/template.yaml").unlink()

    assert runner.run(UNPACK, SHA256=runner.output("sha256")) == 0
    assert (runner.folder / ".aws-sam/build/template.yaml").is_file()


@on_githubs_system
@pytest.mark.parametrize("digest", ["", "0" * 64], ids=["none", "another"])
def test_nothing_of_another_digest_is_unpacked(runner: Runner, digest: str) -> None:
    """Another artefact, or a digest that was lost on the way, ends the job."""
    assert runner.run(PACK) == 0
    (runner.folder / ".aws-sam/build/template.yaml").unlink()

    assert runner.run(UNPACK, SHA256=digest) != 0
    assert not (runner.folder / ".aws-sam/build/template.yaml").exists()


@on_githubs_system
def test_the_same_build_has_the_same_digest(runner: Runner) -> None:
    """Anyone can build a tag again and compare: time and owner are no part of it."""
    assert runner.run(PACK) == 0
    first = runner.output("sha256")
    os.utime(runner.folder / ".aws-sam/build/template.yaml", (1, 1))

    assert runner.run(PACK) == 0
    assert runner.output("sha256") == first


@on_githubs_system
@pytest.mark.parametrize(
    ("tag", "is_built"),
    [(f"v{VERSION}", True), ("v99.0.0", False), (f"v{VERSION}.1", False), ("vpy311", False)],
)
def test_a_tag_is_the_version(runner: Runner, tag: str, *, is_built: bool) -> None:
    """A tag that was put on the wrong commit builds nothing."""
    step = script(jobs_of("deploy")["build"], "GITHUB_REF_NAME")

    assert (runner.run(step, GITHUB_REF_NAME=tag) == 0) is is_built


@on_githubs_system
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_sam_knows_what_to_deploy(runner: Runner, environment: str) -> None:
    """Everything that sam asks for is given: the first thing that it lacks here is AWS."""
    shutil.copy(ROOT / "samconfig.toml", runner.folder)
    (runner.folder / ".aws-sam/build/template.yaml").write_text("Resources: {}\n")
    (runner.folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    step = script(jobs_of("deploy_stack")["deploy"], "sam deploy")
    # What signing in sets; port 9 of this machine refuses at once, and nothing leaves it.
    aws = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    aws |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    aws |= {"AWS_ACCESS_KEY_ID": "pretended", "AWS_SECRET_ACCESS_KEY": "pretended"}
    aws |= {"AWS_MAX_ATTEMPTS": "1", "SAM_CLI_TELEMETRY": "0", "ENVIRONMENT": environment}

    finished = runner.finished(step, **aws)

    assert 'Could not connect to the endpoint URL: "http://127.0.0.1:9/"' in finished.stderr


def test_prod_gets_what_dev_got() -> None:
    """Built once, after the tests: both deploy the artefact of one digest, prod after dev."""
    deploy = jobs_of("deploy")
    digests = {deploy[environment]["with"]["sha256"] for environment in ("dev", "prod")}

    assert [name for name, job in deploy.items() if "make build" in str(job)] == ["build"]
    assert digests == {"${{ needs.build.outputs.sha256 }}"}
    assert deploy["build"]["needs"] == "test"
    assert deploy["prod"]["needs"] == ["build", "dev"]


def test_the_digest_is_checked_before_there_are_credentials() -> None:
    """Another artefact ends the job while it can do nothing, and nothing is installed after."""
    job = jobs_of("deploy_stack")["deploy"]
    steps = [str(step) for step in job["steps"]]
    (checked,) = [place for place, step in enumerate(steps) if "sha256sum --check" in step]
    (signed_in,) = [place for place, step in enumerate(steps) if "role-to-assume" in step]

    assert job["environment"] == "${{ inputs.environment }}"
    assert checked < signed_in
    assert all("make" not in step and "pip" not in step for step in steps[signed_in:])


def test_one_deployment_at_a_time() -> None:
    """A second one waits, and none is broken off half-way."""
    text = (WORKFLOWS / "deploy.yml").read_text(encoding="utf-8")

    assert yaml.safe_load(text)["concurrency"] == {"group": "deploy", "cancel-in-progress": False}
