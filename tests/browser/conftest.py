"""The local stack and a browser, started once for all tests of the page."""

import os
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

from local.places import ROOT
from tests.browser.stack import Stack
from tests.leashed import LEASHED, PATH_TO_MODULES, held_leash

READY_WITHIN_S = 100
ENDED_WITHIN_S = 30
# Enough for every kind of transfer that the simulator makes.
RECORDINGS = 8
LONG_WAV_BYTES = 24_000_000
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium; without it the tests are skipped here, and fail where CI is set."""
    chromium = shutil.which("chromium")
    if chromium is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def stack(browser: Browser) -> Iterator[Stack]:  # noqa: ARG001 - no browser, no stack
    """Run the whole local stack until everything is archived, and hand out its page's address."""
    port, aws_port, issuer_port, embedding_port = _free_ports(4)
    embedding_origin = f"http://localhost:{embedding_port}"
    command = [*LEASHED, "local", "up", "--recordings", str(RECORDINGS)]
    command += ["--add-wav-bytes", str(LONG_WAV_BYTES), "--embedding-origin", embedding_origin]
    command += ["--port", str(port), "--aws-port", str(aws_port)]
    command += ["--issuer-port", str(issuer_port)]
    with _running(command) as lines:
        yield Stack(page_url=_address_in(lines), embedding_port=embedding_port)


@contextmanager
def _running(command: list[str]) -> Iterator["queue.Queue[str]"]:
    with held_leash() as leash:
        yield from _lines_of(command, leash)


def _lines_of(command: list[str], leash: int) -> "Iterator[queue.Queue[str]]":
    process = subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=ROOT,
        env=os.environ | PATH_TO_MODULES,
        stdin=leash,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=_pump, args=(process, lines))
    reader.start()
    try:
        yield lines
    finally:
        _end(process)
        reader.join()


def _pump(process: "subprocess.Popen[str]", lines: "queue.Queue[str]") -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put("")


def _end(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=ENDED_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _address_in(lines: "queue.Queue[str]") -> str:
    """Return the address that the stack prints, once everything is archived."""
    deadline_s = time.monotonic() + READY_WITHIN_S
    seen: list[str] = []
    while not seen or not seen[-1].startswith("Ctrl-C"):
        try:
            seen.append(lines.get(timeout=max(0, deadline_s - time.monotonic())))
        except queue.Empty:
            pytest.fail(f"the stack was not ready within {READY_WITHIN_S} s: {' | '.join(seen)}")
        if not seen[-1]:
            pytest.fail(f"the stack ended by itself: {' | '.join(seen)}")
    (address,) = {line.removeprefix("the page: ").strip() for line in seen if "the page: " in line}
    return address


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        servers = [held.enter_context(_listening()) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]


def _listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))
