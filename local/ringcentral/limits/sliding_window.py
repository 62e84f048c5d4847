"""RingCentral's quota: a sliding window, and a penalty that every early request restarts."""

from collections import deque
from dataclasses import dataclass

from local.ringcentral.account.options import Quota


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one request; `retry_after_s` is 0 if it was granted.

    A request `in_penalty` was wasted twice: it was refused, and the penalty restarts.
    """

    granted: bool
    remaining: int
    retry_after_s: int
    in_penalty: bool = False


class SlidingWindow:
    """The exact window of one user in one group.

    A grant stops counting `window_s` after its instant, at the very instant.
    """

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._granted_s: deque[float] = deque()
        self._closed_until_s = float("-inf")

    def request(self, *, now_s: float) -> Verdict:
        """Grant or refuse a request that arrives at `now_s`, which never goes back."""
        self._forget(before_s=now_s - self._quota.window_s)
        remaining = self._quota.limit - len(self._granted_s)
        in_penalty = now_s < self._closed_until_s
        if in_penalty or remaining <= 0:
            return self.close(self._quota.penalty_s, now_s=now_s, in_penalty=in_penalty)
        self._granted_s.append(now_s)
        return Verdict(granted=True, remaining=remaining - 1, retry_after_s=0)

    def close(self, penalty_s: int, *, now_s: float, in_penalty: bool = False) -> Verdict:
        """Refuse everything for `penalty_s` from now on, as if the limit had been exceeded."""
        self._closed_until_s = now_s + penalty_s
        return Verdict(granted=False, remaining=0, retry_after_s=penalty_s, in_penalty=in_penalty)

    def _forget(self, *, before_s: float) -> None:
        while self._granted_s and self._granted_s[0] <= before_s:
            self._granted_s.popleft()
