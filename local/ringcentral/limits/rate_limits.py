"""The quotas of all users in all groups, and their headers."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from local.ringcentral.account.options import Group, Quota
from local.ringcentral.limits.sliding_window import SlidingWindow, Verdict


class RateLimits:
    """One sliding window for each (user, group); safe to use from several threads."""

    def __init__(self, quotas: Mapping[Group, Quota], *, clock: Callable[[], datetime]) -> None:
        self._quotas = quotas
        self._clock = clock
        self._windows: dict[tuple[str, Group], SlidingWindow] = {}
        self._lock = threading.Lock()

    def request(self, user: str, *, group: Group) -> Verdict:
        """Grant or refuse a request of `user` in `group` that arrives now."""
        # The clock is read under the lock, so that time never goes back for a window.
        with self._lock:
            return self._window(user, group).request(now_s=self._clock().timestamp())

    def close(self, user: str, *, group: Group, penalty_s: int | None) -> Verdict:
        """Start a penalty without a request; None uses the quota's own."""
        with self._lock:
            length_s = self._quotas[group].penalty_s if penalty_s is None else penalty_s
            return self._window(user, group).close(length_s, now_s=self._clock().timestamp())

    def headers(self, group: Group, verdict: Verdict) -> dict[str, str]:
        """Return the headers of a verdict, `Retry-After` with a refusal only."""
        quota = self._quotas[group]
        headers = {
            "X-Rate-Limit-Group": group.value,
            "X-Rate-Limit-Limit": str(quota.limit),
            "X-Rate-Limit-Remaining": str(verdict.remaining),
            "X-Rate-Limit-Window": str(quota.window_s),
        }
        if not verdict.granted:
            headers["Retry-After"] = str(verdict.retry_after_s)
        return headers

    def _window(self, user: str, group: Group) -> SlidingWindow:
        return self._windows.setdefault((user, group), SlidingWindow(self._quotas[group]))
