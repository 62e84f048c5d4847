"""The simulator's records of its own actions, to check an archive against."""

import hashlib
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from local.ringcentral.account.account import Account
from local.ringcentral.account.call_records import instant_text
from local.ringcentral.account.calls import RecordingFile
from local.ringcentral.account.options import Group, Options
from local.ringcentral.account.rewriting import CallLogHistory
from local.ringcentral.account.visibility import visibility_of
from local.ringcentral.http.answers import Json
from local.ringcentral.http.foreign_host import ForeignHost
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


class Books:
    """Counts requests, listings and served content; safe to use from several threads."""

    def __init__(self, account: Account, options: Options, *, foreign_host: ForeignHost) -> None:
        self._account = account
        self._options = options
        self._foreign_host = foreign_host
        self._users = {str(number + 1): UserBooks() for number in range(len(options.jwts))}
        self._nobody = UserBooks()  # who signed in with a JWT that is none
        self._faults: Counter[str] = Counter()
        self._listed: Counter[str] = Counter()
        self._served: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._not_found: defaultdict[str, list[datetime]] = defaultdict(list)
        self._sha256: dict[str, str] = {}
        self._history = CallLogHistory(account, options)
        self._lock = threading.Lock()

    def count_request(self, user: str, group: Group, verdict: Verdict) -> None:
        """Note a request, granted or not."""
        with self._lock:
            self._users.get(user, self._nobody).count(group, verdict)

    def count_others(self, user: str, *, requests: int) -> None:
        """Note requests of another program in a user's name."""
        with self._lock:
            self._users[user].others += requests

    def count_fault(self, kind: str) -> None:
        """Note a fault."""
        with self._lock:
            self._faults[kind or "unnamed"] += 1

    def count_token(self) -> None:
        """Note a minted access token."""
        with self._lock:
            self._counts["tokens"] += 1

    def count_listed(self, recording_ids: Iterable[str]) -> None:
        """Note the recordings that a page of the call log named."""
        with self._lock:
            self._listed.update(recording_ids)

    def count_content(self, recording_id: str, *, sent_bytes: int) -> None:
        """Note bytes of a recording that were sent."""
        with self._lock:
            self._served[recording_id] += sent_bytes
            self._counts["content_bytes"] += sent_bytes

    def count_not_found(self, recording_id: str, *, at: datetime) -> None:
        """Note a request for a recording that was answered 404 with RingCentral's own code."""
        with self._lock:
            self._not_found[recording_id].append(at)

    def document(self, *, sha256: bool, now: datetime) -> Json:
        """Return the books as JSON; with `sha256` each recording's audio is computed and hashed."""
        recordings = [
            self._recording(recording, sha256=sha256, now=now)
            for recording in self._account.recordings.values()
        ]
        with self._lock:
            return {
                "accountId": self._account.id,
                "recordings": recordings,
                "requests": self._requests(),
                "throttled": sum(books.throttled for books in self._everybody()),
                "users": {user: books.document() for user, books in self._users.items()},
                "faults": dict(self._faults),
                "foreignHost": self._foreign_host.document(),
                "tokensMinted": self._counts["tokens"],
                "contentBytesServed": self._counts["content_bytes"],
            }

    def _everybody(self) -> tuple[UserBooks, ...]:
        return (*self._users.values(), self._nobody)

    def _requests(self) -> dict[str, int]:
        return {
            group.value: sum(books.requests[group.value] for books in self._everybody())
            for group in Group
        }

    def _recording(self, recording: RecordingFile, *, sha256: bool, now: datetime) -> Json:
        call = self._account.call_of[recording.id]
        recorded_at = visibility_of(call, self._options).recorded_at
        had_from = max(recorded_at, self._history.whole_at(call) or recorded_at)
        deleted_at = self._history.deleted_at(recording.id)
        is_gone = recording.id in self._account.gone or bool(deleted_at and deleted_at <= now)
        is_forbidden = recording.id in self._account.forbidden
        return {
            "id": recording.id,
            "size": recording.audio.size_bytes,
            "contentType": recording.audio.content_type,
            "duration": recording.audio.duration_s,
            "availableAt": instant_text(had_from),
            "gone": is_gone,
            "forbidden": is_forbidden,
            "lastingFault": self._account.lasting.get(recording.id),
            "recordFault": self._account.spoilt.get(call.id),
            "available": had_from <= now and not is_gone and not is_forbidden,
            "listed": self._listed[recording.id],
            "servedBytes": self._served[recording.id],
            "notFoundAt": [instant_text(at) for at in self._not_found.get(recording.id, ())],
            **({"sha256": self._hash(recording)} if sha256 else {}),
        }

    def _hash(self, recording: RecordingFile) -> str:
        known = self._sha256.get(recording.id)
        if known is None:
            digest = hashlib.sha256()
            for piece in recording.audio.whole():
                digest.update(piece)
            known = self._sha256[recording.id] = digest.hexdigest()
        return known
