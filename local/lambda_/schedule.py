"""EventBridge Scheduler, simulated: each function regularly, never twice at a time."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from local.cloudformation.provision.site import Function, Schedule
from local.errors import SetupError
from local.lambda_.function_process import FunctionProcess, Outcome
from local.lambda_.host import Host


class ScheduledFunction:
    """A function with its event and its interval in seconds."""

    def __init__(
        self,
        schedule: Schedule,
        *,
        function: Function,
        process: FunctionProcess,
        period_s: float,
    ) -> None:
        self.function = function
        self.period_s = period_s
        self._process = process
        self._event = schedule.event

    def run_once(self) -> Outcome:
        """Invoke the function and wait for its end."""
        return self._process.invoke(self._event)

    def run_on(self, *, on_outcome: Callable[[Function, Outcome], None]) -> NoReturn:
        """Invoke the function once a period until the run is interrupted.

        Starts with a whole period's wait, since the caller has just run it once.
        """
        while True:
            time.sleep(self.period_s)
            on_outcome(self.function, self.run_once())

    def end(self) -> None:
        """End the function's process; a running invocation ends with an error."""
        self._process.end()


def run_all_on(
    functions: Sequence[ScheduledFunction], *, on_outcome: Callable[[Function, Outcome], None]
) -> NoReturn:
    """Invoke each function on its own schedule until the run is interrupted."""
    first, *others = functions
    for other in others:
        told = {"on_outcome": on_outcome}
        threading.Thread(target=other.run_on, kwargs=told, daemon=True).start()
    first.run_on(on_outcome=on_outcome)


@contextmanager
def scheduled(
    schedule: Schedule,
    *,
    function: Function,
    host: Host,
    every_s: float | None,
) -> Iterator[ScheduledFunction]:
    """Provide a schedule's function for as long as the context lasts.

    `every_s` replaces the template's interval.

    Raises:
        SetupError: the template's expression is not a rate, and `every_s` is None.
    """
    period_s = every_s or schedule.period_s
    if period_s is None:
        raise SetupError("the schedule is not a rate(…): give its interval with --every SECONDS")
    process = FunctionProcess(function, host=host)
    try:
        yield ScheduledFunction(schedule, function=function, process=process, period_s=period_s)
    finally:
        process.end()
