"""The answers of RingCentral's endpoints to requests that may be served."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from local.ringcentral.account.account import Account
from local.ringcentral.account.call_records import Writer
from local.ringcentral.account.calls import RecordingFile
from local.ringcentral.account.options import Group, Options, Scope
from local.ringcentral.account.rewriting import CallLogHistory
from local.ringcentral.account.visibility import visibility_of
from local.ringcentral.books import Books
from local.ringcentral.call_log.call_log import read_call_log
from local.ringcentral.http.answers import Answer, Request, json_answer, not_found, refusal
from local.ringcentral.media.audio_disguises import DISGUISES
from local.ringcentral.media.content import content_answer

_ACCOUNT_PATH = re.compile(r"/restapi/v1\.0/account/([^/]+)(/.*)")


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint: its quota, its permission, its answer."""

    pattern: re.Pattern[str]
    group: Group
    scope: Scope
    answer: Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Target:
    """The endpoint of a path."""

    account_id: str
    route: Route
    arguments: tuple[str, ...]


class Endpoints:
    """Call log, settings, metadata and content of one account."""

    def __init__(
        self,
        *,
        options: Options,
        account: Account,
        books: Books,
        foreign_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._options = options
        self._account = account
        self._books = books
        self._clock = clock
        self._history = CallLogHistory(account, options)
        self._media_url = foreign_url if options.partner_media else None
        log, settings, recording = (
            Scope.READ_CALL_LOG,
            Scope.READ_ACCOUNTS,
            Scope.READ_CALL_RECORDING,
        )
        media = options.media_group
        self._routes = (
            Route(re.compile("/call-log"), Group.HEAVY, log, self._call_log),
            Route(re.compile("/call-recording"), Group.LIGHT, settings, self._settings),
            Route(re.compile("/recording/([^/]+)"), Group.HEAVY, recording, self._metadata),
            Route(re.compile("/recording/([^/]+)/content"), media, recording, self._content),
        )

    def target(self, path: str) -> Target:
        """Return the endpoint of a path.

        Raises:
            RefusalError: 404, there is none.
        """
        match = _ACCOUNT_PATH.fullmatch(path)
        if match:
            for route in self._routes:
                found = route.pattern.fullmatch(match[2])
                if found:
                    return Target(match[1], route, found.groups())
        raise refusal(404, "CMN-102", "Resource not found")

    def answer(self, request: Request, target: Target) -> Answer:
        """Return the endpoint's answer.

        Raises:
            RefusalError: another account, an invalid parameter, or an unknown id.
        """
        if target.account_id not in ("~", self._account.id):
            raise not_found("accountId")
        return target.route.answer(request, *target.arguments)

    def _call_log(self, request: Request) -> Answer:
        page = read_call_log(
            self._history,
            self._account,
            request,
            media_url=self._media_url or request.base_url,
            now=self._clock(),
        )
        self._books.count_listed(page.recording_ids)
        return json_answer(200, page.document)

    def _settings(self, _request: Request) -> Answer:
        days, on_demand_days = self._options.retention_days or (90, 90)
        automatic = {"enabled": True, "retentionPeriod": days, "maxNumberLimit": 100_000}
        on_demand = {"enabled": True, "retentionPeriod": on_demand_days}
        return json_answer(200, {"onDemand": on_demand, "automatic": automatic, "greetings": []})

    def _metadata(self, request: Request, recording_id: str) -> Answer:
        recording = self._available(recording_id)
        media_url = self._media_url or request.base_url
        writer = Writer(request.base_url, media_url, self._account.id, detailed=False)
        document = {
            "id": recording.id,
            "contentUri": writer.content_uri(recording.id),
            "contentType": recording.audio.content_type,
            "duration": recording.audio.duration_s,
        }
        return json_answer(200, document)

    def _content(self, request: Request, recording_id: str) -> Answer:
        recording = self._available(recording_id)
        if request.disguise is not None:
            audio = DISGUISES[request.disguise](recording.audio, recording.id)
            recording = replace(recording, audio=audio)
        return content_answer(recording, request, bytes_per_second=self._options.bytes_per_second)

    def _available(self, recording_id: str) -> RecordingFile:
        recording = self._account.recordings.get(recording_id)
        if recording is None or recording_id in self._account.gone:
            raise not_found("recordingId")
        now = self._clock()
        deleted_at = self._history.deleted_at(recording_id)
        visibility = visibility_of(self._account.call_of[recording_id], self._options)
        if visibility.recorded_at > now or (deleted_at and deleted_at <= now):
            raise not_found("recordingId")
        return recording
