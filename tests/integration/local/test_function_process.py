"""A function in a process of its own, with Lambda's limits."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.lambda_.function_process import FunctionProcess
from local.lambda_.host import Host
from local.places import ROOT
from tests.integration.local.patience import is_gone, wait_until
from tests.integration.local.tiny import function

TELL = """
import os, sys
calls = 0
def lambda_handler(event, context):
    global calls
    calls += 1
    print("said", event)
    import layered
    return {
        "event": event, "calls": calls, "pid": os.getpid(), "cwd": os.getcwd(),
        "environment": dict(os.environ), "path": sys.path, "layer": layered.NAME,
        "remaining": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb, "name": context.function_name,
        "arn": context.invoked_function_arn, "id": context.aws_request_id,
        "group": context.log_group_name, "stream": context.log_stream_name,
    }
"""


@pytest.fixture
def run(host: Host, tmp_path: Path) -> Iterator[Callable[..., FunctionProcess]]:
    """Return a way to run some code as a function; all of them end with the test."""
    started: list[FunctionProcess] = []

    def start(code: str, **limits: int) -> FunctionProcess:
        started.append(FunctionProcess(function(code, folder=tmp_path, **limits), host=host))
        return started[-1]

    yield start
    for process in started:
        process.end()


def test_environment_is_the_templates_and_lambdas(run: Callable[..., FunctionProcess]) -> None:
    """A function sees what the template gives it and what Lambda adds, nothing of ours."""
    os.environ["LEAKS"] = "no"

    environment = run(TELL).invoke({}).result["environment"]

    del os.environ["LEAKS"]
    assert environment["CATALOGUE_TABLE"] == "catalogue"
    assert environment["AWS_SESSION_TOKEN"]
    lambdas = {
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "LAMBDA_TASK_ROOT"),
        *("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_LOG_GROUP_NAME", "_HANDLER"),
        *("AWS_LAMBDA_LOG_STREAM_NAME", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"),
        *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "TZ", "LANG", "PATH", "PYTHONPATH"),
    }
    ours = {"AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}
    # Python itself sets LC_CTYPE where the C locale would lose letters.
    assert environment.keys() - {"LC_CTYPE"} == {"CATALOGUE_TABLE"} | lambdas | ours


def test_context_is_lambdas(run: Callable[..., FunctionProcess]) -> None:
    """The context tells name, limits, ARN, log group and how much time is left."""
    result = run(TELL, timeout_s=10, memory_mb=256).invoke({"a": 1}).result

    assert result["event"] == {"a": 1}
    assert 5_000 < result["remaining"] <= 10_000
    assert (result["memory"], result["name"]) == ("256", "ringvault-local-Tiny")
    assert result["arn"].endswith(":function:ringvault-local-Tiny")
    assert result["group"] == "tiny-logs"
    assert result["id"]
    assert result["stream"]


def test_imports_come_from_function_and_layer_only(
    run: Callable[..., FunctionProcess], tmp_path: Path
) -> None:
    """A handler finds its folder and its layer, and nothing of this repository."""
    result = run(TELL).invoke({}).result

    root = str(ROOT)
    assert result["layer"] == "layered"
    assert result["cwd"] == str(tmp_path / "function")
    assert root not in result["path"]
    assert str(Path(root, "local")) not in result["path"]


def test_stays_warm(run: Callable[..., FunctionProcess]) -> None:
    """The next event finds the same process, with what it has learnt."""
    process = run(TELL)

    first, second = process.invoke({}).result, process.invoke({}).result

    assert (first["calls"], second["calls"]) == (1, 2)
    assert first["pid"] == second["pid"]


def test_output_goes_to_the_log(run: Callable[..., FunctionProcess], host: Host) -> None:
    """What a handler prints is in the log, not in the answer."""
    run(TELL).invoke({"b": 2})

    assert "said {'b': 2}" in (host.logs / "Tiny.log").read_text(encoding="utf-8")


def test_timeout_kills(run: Callable[..., FunctionProcess], host: Host) -> None:
    """An invocation past its timeout is killed, reported as Lambda does, and leaves a log line."""
    process = run(
        "import time\ndef lambda_handler(e, c):\n    while e['hang']: time.sleep(1)\n    return 1",
        timeout_s=1,
    )

    outcome = process.invoke({"hang": True})

    assert outcome.error_type == "Sandbox.Timedout"
    assert outcome.error_message == "Task timed out after 1.00 seconds"
    assert "Task timed out" in (host.logs / "Tiny.log").read_text(encoding="utf-8")
    assert process.invoke({"hang": False}).result == 1


@pytest.mark.parametrize("after", ["import time; time.sleep(5)", "del held"])
def test_too_much_memory_kills(run: Callable[..., FunctionProcess], after: str) -> None:
    """Peak resident memory over the limit fails the invocation, held or only touched."""
    code = f"def lambda_handler(e, c):\n    held = bytearray(e['bytes'])\n    {after}\n    return 1"
    process = run(code, memory_mb=64)

    outcome = process.invoke({"bytes": 100_000_000})

    assert outcome.error_type == "Runtime.OutOfMemory"
    assert "64 MB" in (outcome.error_message or "")


def test_limits_do_not_hurt_who_keeps_them(run: Callable[..., FunctionProcess]) -> None:
    """A handler within its limits is left alone."""
    code = "def lambda_handler(e, c):\n    held = bytearray(30_000_000)\n    return len(held)"

    assert run(code, memory_mb=128).invoke({}).result == 30_000_000


def test_error_is_the_outcome(run: Callable[..., FunctionProcess]) -> None:
    """What a handler raises comes back by type and text, and the process lives on."""
    process = run("def lambda_handler(e, c):\n    raise ValueError('no')")

    assert [process.invoke({}).error_type for _ in range(2)] == ["ValueError"] * 2
    assert process.invoke({}).error_message == "no"


@pytest.mark.parametrize("code", ["import nowhere", "x = 1", "raise RuntimeError"])
def test_unloadable_handler_is_an_import_error(
    run: Callable[..., FunctionProcess], code: str
) -> None:
    """A module that can't be imported, or has no handler, is reported as Lambda does."""
    assert run(code).invoke({}).error_type == "Runtime.ImportModuleError"


@pytest.mark.parametrize(
    ("way", "said"),
    [("os._exit(3)", "exit status 3"), ("os.kill(os.getpid(), 9)", "signal: 9")],
)
def test_death_is_the_outcome(run: Callable[..., FunctionProcess], way: str, said: str) -> None:
    """A process that ends by itself fails its invocation, and the next one gets a new process."""
    code = f"import os\ndef lambda_handler(e, c):\n    if e: {way}\n    return os.getpid()"
    process = run(code)
    first = process.invoke(None).result

    outcome = process.invoke(1)

    assert outcome.error_type == "Runtime.ExitError"
    assert said in (outcome.error_message or "")
    assert process.invoke(None).result != first


def test_result_must_be_json(run: Callable[..., FunctionProcess]) -> None:
    """A result that JSON can't hold is an error, as in Lambda."""
    assert run("def lambda_handler(e, c):\n    return {1, 2}").invoke({}).error_type == "TypeError"


def test_large_events_and_answers_pass(run: Callable[..., FunctionProcess]) -> None:
    """Events and answers larger than a pipe's buffer arrive whole."""
    outcome = run("def lambda_handler(e, c):\n    return e").invoke("x" * 1_000_000)

    assert outcome.result == "x" * 1_000_000


def test_end_interrupts(run: Callable[..., FunctionProcess]) -> None:
    """Ending a function kills an invocation under way, and none begins afterwards."""
    process = run(TELL)
    pid = process.invoke({}).result["pid"]

    process.end()

    assert is_gone(pid)
    assert process.invoke({}).error_type == "Runtime.Ended"


ORPHANS = """
import json, sys
from pathlib import Path
from local.moto.clients import Aws
from local.lambda_.function_process import FunctionProcess
from local.lambda_.host import Host
from tests.integration.local.tiny import function
code = "import os\\ndef lambda_handler(e, c):\\n    return os.getpid()"
host = Host(Aws(sys.argv[2]), Path(sys.argv[1]))
process = FunctionProcess(function(code, folder=Path(sys.argv[1])), host=host)
print(process.invoke({}).result, flush=True)
sys.stdin.read()
"""


def test_dies_with_its_parent(host: Host, tmp_path: Path) -> None:
    """A function's process ends when the runner is killed and can tidy up nothing."""
    root = ROOT
    parent = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", ORPHANS, str(tmp_path), host.aws.endpoint_url],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.send_signal(signal.SIGKILL)

    wait_until(lambda: is_gone(pid))
