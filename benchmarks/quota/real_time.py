"""Archivers in processes of their own, one server process, real sockets, a shortened window."""

import json
import multiprocessing
import socket
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.quota.counts import Counts
from benchmarks.quota.ringcentral import Client, Server, record, travel_s
from benchmarks.quota.shared_quota import SharedQuotaStore, create_shared_quotas, scaled
from benchmarks.quota.stores import MemoryCatalogue, MemoryVault, no_pause
from local.ringcentral.account.options import Quota as ServerQuota
from local.ringcentral.limits.sliding_window import Verdict
from ringvault.core.archiving.absence import AccountEvidence
from ringvault.core.archiving.archive_recording import ArchiveRecording
from ringvault.core.archiving.retry_policy import RetryPolicy
from ringvault.core.catalogue.recording import read_record
from ringvault.core.quota.gate import QuotaGate
from ringvault.core.quota.window import Quota
from ringvault.core.ringcentral.retention import Retention

LIMIT, WINDOW_S = 10, 3
ARCHIVING_TIME = timedelta(seconds=900 - 30)
# Until all processes run, and the longest wait for a process's answer.
LAUNCH_S, ANSWER_S = 2.0, 30.0


@dataclass(frozen=True, slots=True)
class RealTime:
    """The counts of server and archivers over whole windows."""

    workers: int
    users: int
    span_s: float
    requests: int
    counted: Counts

    @property
    def share_used(self) -> float:
        """Requests granted in the span, divided by those that the windows allow."""
        return self.requests / (self.users * LIMIT * self.span_s / WINDOW_S)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The options of a process."""

    users: tuple[str, ...]
    quotas: Path
    address: tuple[str, int]
    until_s: float
    seed: int


def run_real_time(*, workers: int, users: int, warm_up: int, windows: int, seed: int) -> RealTime:
    """Return the counts of so many windows after the warm-up; takes as long as they do."""
    names = tuple(f"user-{number}" for number in range(users))
    with tempfile.TemporaryDirectory() as folder:
        quotas = Path(folder) / "quotas.sqlite3"
        create_shared_quotas(quotas)
        server = _Child(_serve, names)
        # The last window may have begun before the end, so there is one more.
        for_s = LAUNCH_S + (warm_up + windows + 1) * WINDOW_S
        plan = _Plan(names, quotas, server.answer(), time.time() + for_s, seed * 1000)
        plans = [replace(plan, seed=plan.seed + number) for number in range(workers)]
        archivers = [_Child(_archive_until, plan) for plan in plans]
        counted = [archiver.answer(for_s + ANSWER_S) for archiver in archivers]
        server.pipe.send("end")
        served, granted_at_s = server.answer()
        for child in (*archivers, server):
            child.process.join(ANSWER_S)
    total = reduce(Counts.and_also, counted, served)
    return _measured(workers, users, granted_at_s, total, warm_up=warm_up)


class _Child:
    """A process that answers through a pipe."""

    def __init__(self, target: Callable[[Any, Connection], None], told: object) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, end = spawn.Pipe()
        self.process = spawn.Process(target=target, args=(told, end), daemon=True)
        self.process.start()

    def answer(self, seconds: float = ANSWER_S) -> Any:  # noqa: ANN401 - whatever it sends
        """Return its next answer; TimeoutError if there is none."""
        if not self.pipe.poll(seconds):
            raise TimeoutError("a process of the benchmark does not answer")
        return self.pipe.recv()


def _measured(
    workers: int, users: int, granted_at_s: list[float], counted: Counts, *, warm_up: int
) -> RealTime:
    """Cut off the warm-up, and the incomplete window at the end."""
    worth = LIMIT * users
    first = worth * warm_up
    requests = (len(granted_at_s) - 1 - first) // worth * worth
    if requests <= 0:
        raise RuntimeError(f"{len(granted_at_s)} requests do not fill a window after the warm-up")
    span_s = granted_at_s[first + requests] - granted_at_s[first]
    return RealTime(workers, users, span_s, requests, counted)


def _serve(users: tuple[str, ...], parent: Connection) -> None:
    """Answer one line for each line, until it is stopped."""
    counts = Counts()
    windows = Server(users, ServerQuota(LIMIT, WINDOW_S, WINDOW_S), counts)
    one_at_a_time = threading.Lock()

    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            for line in self.rfile:
                with one_at_a_time:
                    now_s = time.time()
                    verdict = windows.request(line.decode().strip(), now_s=now_s)
                told = [verdict.granted, verdict.remaining, verdict.retry_after_s, now_s]
                self.wfile.write(f"{json.dumps(told)}\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        parent.send(server.server_address)
        parent.recv()
        server.shutdown()
        parent.send((counts, windows.granted_at_s))


def _archive_until(plan: _Plan, parent: Connection) -> None:
    """Archive recordings of this process's own until the time is over."""
    counts = Counts()
    random = Random(plan.seed)  # noqa: S311 - jitter, nothing secret
    quota = scaled(Quota(), timedelta(seconds=WINDOW_S))
    gate = QuotaGate(
        {user: SharedQuotaStore(plan.quotas, user, quota, counts) for user in plan.users},
        clock=_now,
        sleep=time.sleep,
        jitter=random.random,
    )
    catalogue = MemoryCatalogue(counts, pause=no_pause)
    with socket.create_connection(plan.address) as connection:
        client = Client(
            gate,
            quota=ServerQuota(LIMIT, WINDOW_S, WINDOW_S),
            send=_Network(connection, random).send,
            clock=_now,
            counts=counts,
        )
        for number in count():
            if time.time() >= plan.until_s:
                break
            recording_id = f"{plan.seed}-{number}"
            (recording,) = read_record(record(recording_id, _now())).recordings
            catalogue.add_new([recording], listed_at=_now())
            counts.invocations += 1
            ArchiveRecording(
                source=client,
                quota=gate,
                catalogue=catalogue,
                vault=MemoryVault(pause=no_pause),
                account=AccountEvidence(client, gate, lambda: Retention().period),
                clock=_now,
                jitter=random.random,
                deadline=_now() + ARCHIVING_TIME,
                policy=RetryPolicy(),
            )(recording_id)
    parent.send(counts)


class _Network:
    """The way to the server and back, each of random length."""

    def __init__(self, connection: socket.socket, random: Random) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self._answers = connection.makefile("r", encoding="ascii")
        self._random = random

    def send(self, user: str) -> tuple[Verdict, datetime]:
        """Return the server's verdict after the way back, and when the request arrived."""
        time.sleep(travel_s(self._random.random, window_s=WINDOW_S))
        self._connection.sendall(f"{user}\n".encode())
        *told, arrived_s = json.loads(self._answers.readline())
        time.sleep(travel_s(self._random.random, window_s=WINDOW_S))
        return Verdict(*told), datetime.fromtimestamp(arrived_s, UTC)


def _now() -> datetime:
    return datetime.now(UTC)
