"""A host that is not RingCentral's: the target of redirects, which records its requests."""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from local.http_server import answering
from local.ringcentral.account.calls import RecordingFile
from local.ringcentral.http.answers import Answer, Json, RefusalError, Request, error_answer
from local.ringcentral.http.connection import Server
from local.ringcentral.media.content import content_answer

_RECORDING = re.compile(
    r"/recording/([^/]+)|/restapi/v1\.0/account/[^/]+/recording/([^/]+)/content"
)
_BINARY = re.compile(r"/binary/([^/]+)")
_HOPS = re.compile(r"/hops/(\d+)/([^/]+)")
_LOOP = re.compile(r"/loop/(\d+)")
_BINARY_TYPE = "binary/octet-stream"
_PAGE = b"<!doctype html><title>Elsewhere</title><p>Nothing to hear."


class ForeignHost:
    """Listens on a port of its own until the end of the `with` block; records its requests.

    `/recording/ID`, and the path that an API has for it, is the audio of that one of `recordings`,
    404 for any other; `/binary/ID` the same as `binary/octet-stream`. `/hops/N/ID` redirects N
    times and then there, `/loop/0` forever. Everything else is a page of HTML.
    """

    def __init__(self, recordings: Mapping[str, RecordingFile]) -> None:
        self.seen: list[Request] = []
        self._recordings = recordings
        self._server = Server(
            port=0, answer=self._answer, sent=lambda _answer, _bytes: None, verbose=False
        )
        self._answering = answering(self._server)

    def __enter__(self) -> Self:
        self._answering.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._answering.__exit__(kind, error, traceback)

    @property
    def base_url(self) -> str:
        """The address, without a slash at its end."""
        return self._server.base_url

    def document(self) -> Json:
        """Return the number of requests, and of those with an Authorization header."""
        seen = tuple(self.seen)
        authorized = sum("authorization" in request.headers for request in seen)
        return {"url": self.base_url, "requests": len(seen), "authorized": authorized}

    def _answer(self, request: Request) -> Answer:
        self.seen.append(request)
        if match := _RECORDING.fullmatch(request.path):
            return self._recording(request, match[1] or match[2])
        if match := _BINARY.fullmatch(request.path):
            answer = self._recording(request, match[1])
            return replace(answer, headers={**answer.headers, "Content-Type": _BINARY_TYPE})
        if match := _HOPS.fullmatch(request.path):
            hops = int(match[1])
            return _found(f"/hops/{hops - 1}/{match[2]}" if hops > 1 else f"/recording/{match[2]}")
        if match := _LOOP.fullmatch(request.path):
            return _found(f"/loop/{1 - int(match[1]) % 2}")
        return Answer(200, (_PAGE,), len(_PAGE), {"Content-Type": "text/html; charset=utf-8"})

    def _recording(self, request: Request, recording_id: str) -> Answer:
        recording = self._recordings.get(recording_id)
        if recording is None:
            return error_answer(404, "NoSuchKey", "The specified key does not exist.")
        try:
            return content_answer(recording, request, bytes_per_second=None)
        except RefusalError as refused:
            return refused.answer


def _found(location: str) -> Answer:
    return Answer(302, (), 0, {"Location": location})
