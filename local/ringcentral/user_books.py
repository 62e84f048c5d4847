"""The requests of one service user."""

from collections import Counter
from dataclasses import dataclass, field

from local.ringcentral.account.options import Group
from local.ringcentral.http.answers import Json
from local.ringcentral.limits.sliding_window import Verdict


@dataclass(slots=True)
class UserBooks:
    """Counts requests by group; `wasted` came during a penalty; `others` were not sent here."""

    requests: Counter[str] = field(
        default_factory=lambda: Counter({group.value: 0 for group in Group})
    )
    throttled: int = 0
    wasted: int = 0
    others: int = 0

    def count(self, group: Group, verdict: Verdict) -> None:
        """Note a request, granted or not."""
        self.requests[group.value] += 1
        self.throttled += not verdict.granted
        self.wasted += verdict.in_penalty

    def document(self) -> Json:
        """Return the counts as JSON."""
        return {
            "requests": dict(self.requests),
            "throttled": self.throttled,
            "wasted": self.wasted,
            "others": self.others,
        }
