"""EventBridge Scheduler in small: one function, again and again, never twice at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local.errors import SetupError
from local.function_process import FunctionProcess, Outcome
from local.host import Host
from local.provision.site import Function, Schedule


class ScheduledFunction:
    """A function with its event and the seconds from one run to the next.

    `on_outcome` is called with every run's outcome, from the thread that ran it.
    """

    def __init__(
        self,
        schedule: Schedule,
        *,
        process: FunctionProcess,
        period_s: float,
        on_outcome: Callable[[Outcome], None],
    ) -> None:
        self.period_s = period_s
        self._process = process
        self._event = schedule.event
        self._on_outcome = on_outcome

    def run_once(self) -> Outcome:
        """Invoke the function and wait for its end."""
        outcome = self._process.invoke(self._event)
        self._on_outcome(outcome)
        return outcome

    def run_until(self, stop: threading.Event) -> None:
        """Invoke the function once a period until `stop` is set.

        Starts with a whole period's wait: whoever calls this has just run it once.
        """
        while not stop.wait(self.period_s):
            self.run_once()

    def end(self) -> None:
        """End the function's process; a run under way ends with an error."""
        self._process.end()


@contextmanager
def scheduled(
    schedule: Schedule,
    *,
    function: Function,
    host: Host,
    every_s: float | None,
    on_outcome: Callable[[Outcome], None],
) -> Iterator[ScheduledFunction]:
    """Provide a schedule's function for as long as the context lasts.

    `every_s` goes before what the template says.

    Raises:
        SetupError: the template's expression is no rate, and no `every_s` stands in for it.
    """
    period_s = every_s or schedule.period_s
    if period_s is None:
        raise SetupError("the schedule is no rate(…): say how often it runs with --every SECONDS")
    process = FunctionProcess(function, host=host)
    try:
        yield ScheduledFunction(schedule, process=process, period_s=period_s, on_outcome=on_outcome)
    finally:
        process.end()
