"""The main job from start to end: list, archive, list again, until nothing is on its way."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from local.errors import LocalError
from local.function_process import Outcome
from local.provision.site import Function
from local.schedule import ScheduledFunction
from local.vault import Tally, Vault

_LOOK_EVERY_S = 0.25
_LOOK_AT_LEAST_EVERY_S = 5.0
_STALLED_AFTER_S = 600
# An idle queue is fed at once; as long as that brings nothing, each time later.
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 15.0
# What no further run of the lister can heal, and what its user can do.
_HOPELESS = {
    "CredentialsError": "check RINGCENTRAL_CLIENT_ID, …_SECRET and RINGCENTRAL_JWT",
    "PermissionLostError": "the app needs ReadCallLog and ReadCallRecording, its user a role",
    "ConfigurationError": "correct what it names",
    "Runtime.ImportModuleError": "its log in .local/logs has the whole story",
}


class MainJob:
    """Drives the lister by what the queue and the catalogue say.

    `is_archiving` tells whether any archiver is at work; `on_progress` gets a tally each time
    one is taken, several times a second; `on_fault` gets what a run of the lister failed with,
    as long as another run may succeed.
    """

    def __init__(
        self,
        lister: ScheduledFunction,
        *,
        vault: Vault,
        is_archiving: Callable[[], bool],
        on_progress: Callable[[Tally], None],
        on_fault: Callable[[Function, Outcome], None],
    ) -> None:
        self._lister = lister
        self._vault = vault
        self._is_archiving = is_archiving
        self._on_progress = on_progress
        self._on_fault = on_fault
        self._windows_open = True
        self._pause_s = _FIRST_PAUSE_S
        self._look_pause_s = _LOOK_EVERY_S
        self._tally: Tally | None = None
        self._moved_at = time.monotonic()

    def run(self) -> Tally:
        """Return the last tally, when no window is open and no recording on its way.

        Raises:
            LocalError: the lister can't work, or nothing has moved for ten minutes.
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
                self._windows_open = self._reads_on(listing.result())
                listing, listed_at = None, time.monotonic()
            tally = self._look()
            if listing is None and not tally.open and not self._windows_open:
                return tally
            if listing is None and self._is_due(time.monotonic() - listed_at):
                listing = executor.submit(self._lister.run_once)
                self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            self._require_movement(tally)

    def _reads_on(self, outcome: Outcome) -> bool:
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
        # Counting a large catalogue keeps moto busy, and the archivers want it too.
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
        is_idle = not self._is_archiving() and self._vault.waiting_messages() == 0
        return is_idle and since_last_s >= self._pause_s

    def _require_movement(self, tally: Tally) -> None:
        still_s = time.monotonic() - self._moved_at
        if still_s > _STALLED_AFTER_S and not self._is_archiving():
            raise LocalError(
                f"nothing has moved for {_STALLED_AFTER_S // 60} minutes: {tally.open} recordings "
                "are still on their way; the functions' logs in .local/logs say why"
            )


def fault_of(outcome: Outcome) -> tuple[str, str] | None:
    """Return type and text of what went wrong, raised or told by the function; None if nothing."""
    if outcome.error_type is not None:
        return outcome.error_type, outcome.error_message or ""
    result = outcome.result if isinstance(outcome.result, dict) else {}
    if result.get("outcome") == "failed":
        return str(result.get("error")), str(result.get("problem"))
    return None
