"""The main job from start to end: list, archive, list again, until nothing is on its way."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

from local.cloudformation.provision.site import Function
from local.errors import LocalError
from local.lambda_.function_process import Outcome
from local.lambda_.schedule import ScheduledFunction
from local.up.standstill import STALLED_AFTER_S, Standing, Step, next_step, waiting_words
from local.up.stored import Tally, Vault

_LOOK_EVERY_S = 0.25
_LOOK_AT_LEAST_EVERY_S = 5.0
# An idle queue is fed at once; as long as that has no effect, each time later.
_FIRST_PAUSE_S = 1.0
_MAX_PAUSE_S = 15.0
# Errors that no further run of the lister can repair, and the user's next step.
_HOPELESS = {
    "CredentialsError": "check RINGCENTRAL_CLIENT_ID, …_SECRET and RINGCENTRAL_JWT",
    "PermissionLostError": "the app needs ReadCallLog and ReadCallRecording, its user a role",
    "ConfigurationError": "correct what it names",
    "Runtime.ImportModuleError": "its log in .local/logs has the whole story",
}


class MainJob:
    """Runs the lister according to the queue and the catalogue.

    `is_archiving` returns whether any archiver is working; `on_progress` gets a tally each time
    one is taken, several times a second; `on_fault` gets the error of a run of the lister,
    as long as another run may succeed; `on_waiting` gets a line for people when recordings wait
    for a retry. With `serves` the job ends if the lister's own schedule is soon enough for the
    rest.
    """

    def __init__(
        self,
        lister: ScheduledFunction,
        *,
        vault: Vault,
        is_archiving: Callable[[], bool],
        on_progress: Callable[[Tally], None],
        on_fault: Callable[[Function, Outcome], None],
        on_waiting: Callable[[str], None],
        serves: bool,
    ) -> None:
        self._lister = lister
        self._vault = vault
        self._is_archiving = is_archiving
        self._on_progress = on_progress
        self._on_fault = on_fault
        self._on_waiting = on_waiting
        self._serves = serves
        self._said: datetime | None = None
        self._windows_open = True
        self._pause_s = _FIRST_PAUSE_S
        self._look_pause_s = _LOOK_EVERY_S
        self._tally: Tally | None = None
        self._moved_at = time.monotonic()

    def run(self) -> Tally:
        """Return the last tally, when no window is open and no recording is on its way.

        If the stack serves, recordings that wait for a retry may be left.

        Raises:
            LocalError: the lister can't work, or the stack does not serve and nothing has moved
                for ten minutes and no retry is to come.
        """
        with ThreadPoolExecutor(1) as executor:
            try:
                return self._run(executor)
            except BaseException:
                self._lister.end()  # else the executor waits for a lister that waits for its turn
                raise

    def _run(self, executor: ThreadPoolExecutor) -> Tally:
        listing: Future[Outcome] | None = executor.submit(self._lister.run_once)
        listed_at = time.monotonic()
        while True:
            time.sleep(self._look_pause_s)
            if listing and listing.done():
                self._windows_open = self._take_result(listing.result())
                listing, listed_at = None, time.monotonic()
            tally = self._look()
            if listing is None and not tally.open and not self._windows_open:
                return tally
            if listing is None and self._is_due(time.monotonic() - listed_at):
                listing = executor.submit(self._lister.run_once)
                self._pause_s = min(2 * self._pause_s, _MAX_PAUSE_S)
            if listing is None and self._leave_to_schedule(tally):
                return tally

    def _take_result(self, outcome: Outcome) -> bool:
        fault = fault_of(outcome)
        if fault is None:
            return bool(outcome.result["windows_open"])
        error_type, text = fault
        if error_type in _HOPELESS:
            raise LocalError(f"{text}: {_HOPELESS[error_type]}")
        self._on_fault(self._lister.function, outcome)
        # A run that failed may have left anything unread.
        return True

    def _look(self) -> Tally:
        started_s = time.monotonic()
        tally = self._vault.tally()
        # Counting a large catalogue keeps moto busy, and the archivers need it too.
        took_s = time.monotonic() - started_s
        self._look_pause_s = min(max(_LOOK_EVERY_S, 10 * took_s), _LOOK_AT_LEAST_EVERY_S)
        if tally != self._tally:
            self._tally, self._moved_at = tally, time.monotonic()
            self._pause_s = _FIRST_PAUSE_S
        self._on_progress(tally)
        return tally

    def _is_due(self, since_last_s: float) -> bool:
        if since_last_s >= self._lister.period_s:
            return True
        return since_last_s >= self._pause_s and self._is_idle()

    def _is_idle(self) -> bool:
        return not self._is_archiving() and self._vault.waiting_messages() == 0

    def _leave_to_schedule(self, tally: Tally) -> bool:
        """Return whether a stack that serves can go on without this job; LocalError at a stall."""
        standing = Standing(
            tally=tally,
            is_idle=self._is_idle() and not self._windows_open,
            is_archiving=self._is_archiving(),
            still_s=time.monotonic() - self._moved_at,
            now=datetime.now(UTC),
        )
        self._say_what_it_waits_for(standing)
        step = next_step(standing, serves=self._serves, period_s=self._lister.period_s)
        if step is Step.GIVE_UP:
            raise LocalError(
                f"nothing has moved for {STALLED_AFTER_S // 60} minutes and no retry is to come: "
                f"{tally.open} recordings are not archived; the functions' logs in .local/logs "
                "say why"
            )
        return step is Step.SERVE

    def _say_what_it_waits_for(self, standing: Standing) -> None:
        """Say so once for each instant of a next retry."""
        next_retry_at = standing.tally.next_retry_at
        words = waiting_words(standing.tally, now=standing.now)
        if words and standing.is_idle and next_retry_at != self._said:
            self._said = next_retry_at
            self._on_waiting(words)


def fault_of(outcome: Outcome) -> tuple[str, str] | None:
    """Return type and text of the error, raised or returned by the function; None if none."""
    if outcome.error_type is not None:
        return outcome.error_type, outcome.error_message or ""
    result = outcome.result if isinstance(outcome.result, dict) else {}
    if result.get("outcome") == "failed":
        return str(result.get("error")), str(result.get("problem"))
    return None
