"""When a call enters the call log, and when its recordings do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from local.ringcentral.account.calls import Call
from local.ringcentral.account.options import Options


@dataclass(frozen=True, slots=True)
class Visibility:
    """The three instants in the life of a call-log record."""

    listed_at: datetime
    finished_at: datetime
    recorded_at: datetime

    def last_change_before(self, now: datetime) -> datetime:
        """Return when the record was last written, as seen at `now`."""
        instants = (self.listed_at, self.finished_at, self.recorded_at)
        return max(instant for instant in instants if instant <= now)


def visibility_of(call: Call, options: Options) -> Visibility:
    """Return when `call` is listed, rewritten as finished, and given its recordings."""
    record_lag = timedelta(seconds=options.record_lag_s)
    finished_at = call.ended_at + record_lag
    return Visibility(
        listed_at=call.started_at + record_lag if call.listed_early else finished_at,
        finished_at=finished_at,
        recorded_at=finished_at + timedelta(seconds=options.recording_lag_s),
    )
