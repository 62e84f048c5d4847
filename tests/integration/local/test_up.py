"""`python -m local up` as its user sees it: whole runs in processes of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import psutil
import pytest
import requests

from local.child import free_port
from local.cloudformation.provision.site import STACK_NAME
from local.cloudwatch.alarm_state import AlarmState, alarm_states
from local.cloudwatch.metric_series import series
from local.moto.clients import Aws
from local.places import stack_file
from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.http.server import Simulator
from tests.integration.local.patience import WAIT_S, is_gone, wait_until
from tests.leashed import LEASHED, PATH_TO_MODULES, held_leash
from tests.support.tiny_server import Reply, TinyServer

CREDENTIALS = ("RINGCENTRAL_CLIENT_ID", "RINGCENTRAL_CLIENT_SECRET", "RINGCENTRAL_JWT")
RUN_WITHIN_S = 110
# Of the functions that a run to its end invokes.
ROLES = {"ListRecordingsRole", "ArchiveRecordingRole", "ReconcileArchiveRole"}
# What the console script does, wherever the environment is.
RINGVAULT = "from ringvault_cli.command import app; app()"


def command(*arguments: str) -> list[str]:
    """Return the command line of a stack on ports of its own."""
    ports = ("--port", str(free_port()), "--aws-port", str(free_port()))
    return [*LEASHED, "local", "up", *ports, *arguments]


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Return a bare environment; `folder` has no .env, and the run finds local/ all the same."""
    return PATH_TO_MODULES | {"HOME": str(folder), "PATH": os.defpath} | variables


def run(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    with held_leash() as leash:
        return subprocess.run(  # noqa: S603 - our own command
            command(*arguments),
            cwd=folder,
            env=environment(folder, **variables),
            stdin=leash,
            capture_output=True,
            text=True,
            timeout=RUN_WITHIN_S,
            check=False,
        )


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Start the command, and end it with the test whatever happens."""
    with held_leash() as leash:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command(*arguments),
            cwd=folder,
            env=environment(folder),
            stdin=leash,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()


def last_json(output: str) -> dict[str, Any]:
    """Return the JSON object that is the last line of an output."""
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


@contextmanager
def simulator(**changes: Any) -> Iterator[dict[str, str]]:
    """Run another simulator; yields its URL and its credentials as variables."""
    options = Options(
        recordings=4, days=10, quotas=quotas_with(heavy=Quota(100, 10, 10)), **changes
    )
    with Simulator(options) as running:
        yield {
            "URL": running.base_url,
            "RINGCENTRAL_CLIENT_ID": options.client_id,
            "RINGCENTRAL_CLIENT_SECRET": options.client_secret,
            "RINGCENTRAL_JWT": options.jwts[0],
        }


def test_everything_is_archived(tmp_path: Path) -> None:
    """One run archives all by rights, is proven, sees no 429, keeps a copy, prints JSON only."""
    log = tmp_path / "iam.log"
    kept = ("--data", str(tmp_path / "data"), "--iam-log", str(log))
    done = run(tmp_path, "--once", "--json", "--recordings", "12", *kept)

    assert (done.returncode, done.stderr) == (0, "")
    [line] = done.stdout.splitlines()
    summary = json.loads(line)
    counts = {name: summary[name] for name in ("listed", "archived", "missing", "differing")}
    assert counts == {"listed": 12, "archived": 12, "missing": 0, "differing": 0}
    assert (summary["absent"], summary["failed"], summary["throttled"]) == (0, 0, 0)
    assert summary["unreconciled"] == 0
    assert summary["report"] == "reports/reconciliation/000001.json"
    assert (tmp_path / "data" / summary["report"]).is_file()
    audio = [path for path in (tmp_path / "data/recordings").rglob("*") if path.is_file()]
    assert len(audio) == 12
    assert sum(path.stat().st_size for path in audio) == summary["bytes"]
    asked = [json.loads(line) for line in log.read_text().splitlines()]
    assert {it["role"].removeprefix("ringvault-local-") for it in asked} == ROLES
    assert all(it["allowed"] for it in asked)


def test_several_users_and_archivers_among_faults(tmp_path: Path) -> None:
    """Users, archivers and faults are given by option; everything is archived all the same."""
    faults = ("--chaos", "0.5", "--chaos-kinds", "cut,reset,chunked-cut,redirect")
    team = ("--users", "3", "--archivers", "3", "--quota", "20/10")
    done = run(tmp_path, "--once", "--json", "--recordings", "12", *team, *faults)

    summary = last_json(done.stdout)
    assert (done.returncode, summary["archived"], summary["missing"]) == (0, 12, 0)
    # A busy machine that holds a request back may meet a 429, which costs it a minute; a wide
    # quota leaves room for that. That there is none otherwise is shown by the soak test.
    assert summary["requests"] > 12 + 3 + 1


def test_another_ringcentral(tmp_path: Path) -> None:
    """With --ringcentral and credentials in .env it works against what runs elsewhere."""
    with simulator() as elsewhere:
        url = elsewhere.pop("URL")
        lines = (f"{name}={value}" for name, value in elsewhere.items())
        (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")

        done = run(tmp_path, "--once", "--ringcentral", url)

    summary = last_json(done.stdout)
    assert (done.returncode, summary["archived"], summary["missing"]) == (0, 4, 0)
    assert summary["requests"] > summary["archived"]
    assert summary["throttled"] == 0
    assert "access_token" not in done.stdout


@pytest.mark.parametrize("wrong", CREDENTIALS[1:])
def test_wrong_credentials_are_one_line(tmp_path: Path, wrong: str) -> None:
    """A refused sign-in ends the run with one line that says what to do and tells no secret."""
    with simulator() as elsewhere:
        url = elsewhere.pop("URL")
        done = run(tmp_path, "--once", "--ringcentral", url, **(elsewhere | {wrong: "mistaken"}))

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "RINGCENTRAL_JWT" in line
    told = done.stdout + done.stderr
    assert not [value for value in (*elsewhere.values(), "mistaken") if value in told]


def test_missing_credentials_are_named_at_once(tmp_path: Path) -> None:
    """Without credentials nothing starts, and one line names them all."""
    done = run(tmp_path, "--once", "--ringcentral", "https://platform.ringcentral.com")

    [line] = done.stderr.splitlines()
    assert done.returncode == 2
    assert all(name in line for name in CREDENTIALS)


@pytest.mark.parametrize("flag", ["--port", "--aws-port", "--issuer-port"])
def test_taken_port_is_named(tmp_path: Path, flag: str) -> None:
    """A port that somebody holds ends the run with the flag that chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        done = run(tmp_path, "--once", flag, port)

    [line] = done.stderr.splitlines()
    assert done.returncode == 2
    assert f"port {port} is taken" in line
    assert f"with {flag}" in line


def test_one_port_twice_is_refused(tmp_path: Path) -> None:
    """Two servers can't share a port, and one line says how to part them."""
    port = str(free_port())
    done = run(tmp_path, "--once", "--port", port, "--issuer-port", port)

    [line] = done.stderr.splitlines()
    assert done.returncode == 2
    assert "--port, --aws-port, --issuer-port" in line


def test_a_parameter_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """What CloudFormation would refuse ends the run in one line, before anything starts."""
    done = run(tmp_path, "--once", "--parameter", "ExpireAfterDays=-1")

    [line] = done.stderr.splitlines()
    assert done.returncode == 2
    assert "ExpireAfterDays is -1, not 0 to 36500" in line


@pytest.mark.parametrize("user", ["agent", "visitor"])
def test_token_of_a_running_stack(user: str) -> None:
    """The command prints a token of the issuer that the stack at a port names."""
    sign_in = json.dumps({"tokenEndpoint": "http://localhost:9/token"}).encode()
    with TinyServer(lambda _seen: Reply(body=sign_in)) as server:
        port = str(urlsplit(server.url).port)
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "local", "token", "--user", user, "--port", port],
            capture_output=True,
            text=True,
            timeout=RUN_WITHIN_S,
            check=True,
        )

    claims = jwt.decode(done.stdout.strip(), options={"verify_signature": False})
    assert (claims["iss"], claims["sub"]) == ("http://localhost:9", user)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--port", "0"), "--port"),
        (("--every", "-1"), "--every"),
        (("--recordings", "many"), "--recordings"),
        (("--quota", "10"), "--quota"),
        (("--users", "0"), "--users"),
        (("--chaos", "2"), "--chaos"),
        (("--chaos-kinds", "cut,x"), "--chaos-kinds"),
    ],
)
def test_bad_arguments_are_named(tmp_path: Path, arguments: tuple[str, ...], named: str) -> None:
    """What makes no sense is refused before anything starts."""
    done = run(tmp_path, *arguments)

    assert done.returncode == 2
    assert f"argument {named}" in done.stderr


def test_a_serving_stack(tmp_path: Path) -> None:
    """The page, the parameters, the metrics and `status` answer; Ctrl-C leaves nobody behind."""
    given = ("--parameter", "PlaybackUrlSeconds=60")
    with started(tmp_path, "--recordings", "1", *given) as process:
        page_url = address_of(process)
        file = stack_file(urlsplit(page_url).port or 0)
        description = json.loads(file.read_text())
        assert description["parameters"]["PlaybackUrlSeconds"] == "60"
        assert requests.get(page_url, timeout=WAIT_S).ok
        wait_until(lambda: has_metrics_of_a_run(Aws(description["endpoint_url"])))
        assert status_of(page_url)["recordings"]["archived"] == 1
        assert status_once_ended(process, signal.SIGINT) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_end_leaves_nobody_behind(tmp_path: Path, number: signal.Signals) -> None:
    """However a serving stack is ended, every process that it started ends too."""
    with started(tmp_path, "--recordings", "1") as process:
        file = stack_file(urlsplit(address_of(process)).port or 0)
        status = status_once_ended(process, number)
    # Whoever is killed outright leaves the file behind.
    file.unlink(missing_ok=True)
    assert status == (-signal.SIGKILL if number == signal.SIGKILL else 0)


def status_once_ended(process: "subprocess.Popen[str]", number: signal.Signals) -> int:
    """End a serving stack by a signal; return its exit status once all of its processes ended."""
    children = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    assert len(children) >= 4
    process.send_signal(number)
    status = process.wait(WAIT_S)
    wait_until(lambda: all(map(is_gone, children)))
    return status


# A test run in small: starts a stack as its tests do, and is killed before it can end it.
TEST_RUN = """
import subprocess, sys
from tests.leashed import LEASHED, held_leash
with held_leash() as leash:
    stack = subprocess.Popen([*LEASHED, *sys.argv[1:]], stdin=leash, start_new_session=True)
    print(stack.pid, flush=True)
    stack.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stack_ends_with_the_test_run_that_started_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Killed, pytest tidies nothing up: stack and functions end all the same."""
    arguments = command("--recordings", "1")[len(LEASHED) :]
    test_run = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", TEST_RUN, *arguments],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    with test_run:
        assert test_run.stdout is not None
        stack = psutil.Process(int(test_run.stdout.readline()))
        wait_until(lambda: len(stack.children(recursive=True)) >= 2)
        started = [stack.pid, *(child.pid for child in stack.children(recursive=True))]
        test_run.send_signal(number)
        wait_until(lambda: all(map(is_gone, started)))


def test_a_stack_serves_while_recordings_wait_for_a_retry(tmp_path: Path) -> None:
    """It says how many and until when, and goes on by its schedule."""
    faults = ("--chaos", "1", "--chaos-kinds", "redirect-loop")
    with started(tmp_path, "--recordings", "2", "--every", "5", *faults) as process:
        assert process.stdout is not None
        told = told_until_served(process)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_S) == 0

    assert [line for line in told if "not archived yet; next retry at 20" in line], told


def status_of(page_url: str) -> dict[str, Any]:
    """Return what the command `ringvault` says of the stack that serves a page."""
    port = str(urlsplit(page_url).port)
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", RINGVAULT, "status", "--local", "--json", "--port", port],
        capture_output=True,
        text=True,
        timeout=RUN_WITHIN_S,
        check=True,
    )
    return last_json(done.stdout)


def has_metrics_of_a_run(aws: Aws) -> bool:
    """Whether CloudWatch has what the real handlers emitted: one listed, one archived, all well."""
    cloudwatch, at = aws.client("cloudwatch"), datetime.now(UTC) + timedelta(seconds=1)
    states = alarm_states(cloudwatch, at=at)
    wanted = {"nothing-listed": AlarmState.OK, "recordings-failed": AlarmState.OK}
    of_stack = [{"Name": "service", "Value": STACK_NAME}]
    found = [
        series(
            cloudwatch,
            {"Namespace": "ringvault", "MetricName": name, "Dimensions": of_stack},
            statistic=statistic,
            period_s=3600,
            periods=1,
            at=at,
        )
        for name, statistic in (("Pending", "Maximum"), ("RecordingsArchived", "Sum"))
    ]
    return found == [[1], [1]] and all(
        states[f"{STACK_NAME}-{name}"] is state for name, state in wanted.items()
    )


def address_of(process: "subprocess.Popen[str]") -> str:
    """Return the address of the page once the stack serves."""
    told = told_until_served(process)
    lines = dict(line.split(": ", 1) for line in told if ": " in line)
    assert "the page" in lines, told
    return lines["the page"]


def told_until_served(process: "subprocess.Popen[str]") -> list[str]:
    """Return what a stack prints until it serves, or ends."""
    assert process.stdout is not None
    watchdog = threading.Timer(RUN_WITHIN_S, process.kill)
    watchdog.start()
    told = []
    for line in process.stdout:
        told.append(line.strip())
        if line.startswith("Ctrl-C"):
            break
    watchdog.cancel()
    return told
