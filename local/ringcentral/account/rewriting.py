"""Changes of the call log over time: starts, offers, and damaged records that are repaired."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from local.ringcentral.account.account import Account
from local.ringcentral.account.calls import Call, Leg, RecordingFile
from local.ringcentral.account.options import Options
from local.ringcentral.account.visibility import Visibility, visibility_of
from local.ringcentral.faults.record_damage import RECORD_DAMAGES, RecordDamage

_BEFORE_MIDNIGHT = timedelta(seconds=20)
_RETENTION_OF = {"Automatic": 0, "OnDemand": 1}


@dataclass(frozen=True, slots=True)
class Logged:
    """A call in the log at one instant.

    `visibility` is that of the original call, which no later start changes. `rewritten_at` is the
    last time that the record was rewritten after it was complete, None if it never was.
    """

    call: Call
    visibility: Visibility
    rewritten_at: datetime | None
    damage: RecordDamage | None

    @property
    def is_hidden(self) -> bool:
        """Whether its recordings can't be read from the record."""
        return self.damage is not None and self.damage.hides


class CallLogHistory:
    """The changes of one account's log."""

    def __init__(self, account: Account, options: Options) -> None:
        self._account = account
        self._options = options

    def logged(self, call: Call, *, now: datetime) -> Logged:
        """Return a call of the account in the log at `now`."""
        moved_at, unoffered_at, whole_at = (
            self._moved_at(call),
            self._unoffered_at(call),
            self.whole_at(call),
        )
        changes = [at for at in (moved_at, unoffered_at, whole_at) if at and at <= now]
        is_spoilt = whole_at is None or now < whole_at
        visibility = visibility_of(call, self._options)
        if moved_at and moved_at <= now:
            call = _moved(call)
        if unoffered_at and unoffered_at <= now:
            call = self._without_gone(call)
        damage = self._damage(call) if is_spoilt else None
        return Logged(call, visibility, max(changes, default=None), damage)

    def whole_at(self, call: Call) -> datetime | None:
        """Return when a record that hides its recordings is repaired, None for others."""
        damage = self._damage(call)
        if damage is None or not damage.hides or self._options.chaos is None:
            return None
        return self._account.made_at + timedelta(seconds=self._options.chaos.whole_after_s)

    def deleted_at(self, recording_id: str) -> datetime | None:
        """Return when a recording's own retention ends, None if nothing is deleted."""
        if self._options.retention_days is None:
            return None
        kind = self._account.recordings[recording_id].type
        days = self._options.retention_days[_RETENTION_OF[kind]]
        return self._account.call_of[recording_id].started_at + timedelta(days=days)

    def _damage(self, call: Call) -> RecordDamage | None:
        return RECORD_DAMAGES.get(self._account.spoilt.get(call.id, ""))

    def _moved_at(self, call: Call) -> datetime | None:
        if call.id not in self._account.moved:
            return None
        return self._account.made_at + timedelta(seconds=self._options.moved_after_s)

    def _unoffered_at(self, call: Call) -> datetime | None:
        if self._options.gone_offered_s is None or not self._has_gone(call):
            return None
        return self._account.made_at + timedelta(seconds=self._options.gone_offered_s)

    def _has_gone(self, call: Call) -> bool:
        return any(recording.id in self._account.gone for recording in call.recordings())

    def _without_gone(self, call: Call) -> Call:
        legs = tuple(replace(leg, recording=self._offered(leg.recording)) for leg in call.legs)
        return replace(call, recording=self._offered(call.recording), legs=legs)

    def _offered(self, recording: RecordingFile | None) -> RecordingFile | None:
        return None if recording and recording.id in self._account.gone else recording


def _moved(call: Call) -> Call:
    """Return a call that began shortly before the midnight that it began after."""
    midnight = call.started_at.replace(hour=0, minute=0, second=0, microsecond=0)
    shift = call.started_at - (midnight - _BEFORE_MIDNIGHT)

    def moved_leg(leg: Leg) -> Leg:
        return replace(leg, started_at=leg.started_at - shift)

    return replace(call, started_at=call.started_at - shift, legs=tuple(map(moved_leg, call.legs)))
