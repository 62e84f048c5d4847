"""Lambda: answers listeners: finds recordings, issues playback URLs, and serves the page."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

from ringvault.adapters.aws.session import impatient_session
from ringvault.adapters.clock import now
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.indexes import CatalogueIndexes
from ringvault.adapters.dynamodb.plays import PlayTable
from ringvault.adapters.numbering_plans import number_reader
from ringvault.adapters.s3.presigned_url import PresignedUrls
from ringvault.api.answers import (
    SECURITY_HEADERS,
    UNEXPECTED,
    NoSuchPathError,
    Problem,
    call_json,
    page_json,
    playback_url_json,
    plays_json,
    problem_of,
    whole_recording_json,
)
from ringvault.api.listeners import listener_of
from ringvault.api.page import page_file, page_headers, sign_in_json
from ringvault.api.requests import read_disposition, read_plays_cursor, require_small
from ringvault.api.search_parameters import read_search
from ringvault.core.catalogue.recording import is_recording_id
from ringvault.core.errors import TransientError, UnreadableItemError
from ringvault.core.playback.audit import Caller, PlayNotKeptError, plays_of
from ringvault.core.playback.playback_url import PlaybackUrls
from ringvault.core.playback.rights import UnknownCallError, find_recording
from ringvault.core.playback.search import recordings_of_call, search_recordings
from ringvault.observability import count, failure_of, logger
from ringvault.settings import PlaybackApiSettings

Event = dict[str, Any]

_WEB = Path(__file__).parent / "web"
_CONTRACT = Path(__file__).parent / "openapi.yaml"
# Names and numbers of callers, and URLs that play: no cache may keep them.
_PRIVATE = {"Cache-Control": "no-store"}


def lambda_handler(event: Event, context: LambdaContext) -> Event:
    """Answer one request of the HTTP API; errors are answered as problem details."""
    started_s = monotonic()
    fields: dict[str, Any] = {"outcome": "ok"}
    try:
        require_small(event)
        api = _api()
        answer = api.answer(event, context)
        fields |= _told_of_unreadable(api.take_unreadable())
    except Exception as error:  # noqa: BLE001 - the gateway would answer without a body
        problem = problem_of(error)
        fields = _fields(error, problem)
        answer = _problem_answer(problem)
    answer["headers"] = {**SECURITY_HEADERS, **answer["headers"]}
    _log(event, status=answer["statusCode"], fields=fields, started_s=started_s)
    return answer


@cache
def _api() -> "PlaybackApi":
    settings = PlaybackApiSettings.from_environ(os.environ)
    session = impatient_session()
    dynamodb = session.client("dynamodb")
    catalogue = CatalogueTable(settings.catalogue_table, dynamodb)
    audio = PresignedUrls(
        session, bucket=settings.vault_bucket, lifetime=settings.playback_url_lifetime
    )
    plays = PlayTable(settings.play_table, dynamodb)
    return PlaybackApi(
        settings=settings,
        catalogue=catalogue,
        indexes=CatalogueIndexes(
            dynamodb,
            catalogue_table=settings.catalogue_table,
            number_index_table=settings.number_index_table,
        ),
        plays=plays,
        playback_urls=PlaybackUrls(
            catalogue=catalogue,
            audio=audio,
            plays=plays,
            cold_after=settings.cold_storage_after,
        ),
        page_headers=page_headers(media_origin=audio.origin(), sign_in=settings.sign_in),
    )


class PlaybackApi:
    """The routes of template.yaml, each of which calls one use case."""

    def __init__(
        self,
        *,
        settings: PlaybackApiSettings,
        catalogue: CatalogueTable,
        indexes: CatalogueIndexes,
        plays: PlayTable,
        playback_urls: PlaybackUrls,
        page_headers: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._indexes = indexes
        self._plays = plays
        self._playback_urls = playback_urls
        self._page_headers = page_headers
        self._resolver = self._routed(APIGatewayHttpResolver())

    def answer(self, event: Event, context: LambdaContext) -> Event:
        """Return the answer to one request, or raise an error for `problem_of`."""
        return self._resolver.resolve(event, context)

    def _routed(self, resolver: APIGatewayHttpResolver) -> APIGatewayHttpResolver:
        for_listeners: dict[str, Callable[..., Event]] = {
            "/recordings": self._recordings,
            "/recordings/<recording_id>": self._recording,
            "/recordings/<recording_id>/playback-url": self._playback_url,
            "/recordings/<recording_id>/plays": self._plays_of,
            "/calls/<telephony_session_id>": self._call,
        }
        for path, answer in for_listeners.items():
            resolver.get(path)(self._for_listeners(answer))
        resolver.get("/")(self._page)
        resolver.get("/web/<file_name>")(self._page_file)
        resolver.get("/openapi.yaml")(self._contract)
        resolver.get("/sign-in.json")(self._sign_in)
        resolver.exception_handler(Exception)(_raise_again)
        resolver.not_found(_no_such_path)
        return resolver

    def _for_listeners(self, answer: Callable[..., Event]) -> Callable[..., Response[str]]:
        """Return a route for listeners only, which gets the listener."""

        def answered(**of_path: str) -> Response[str]:
            return _json_response(answer(self._caller(), **of_path))

        return answered

    def _caller(self) -> Caller:
        event = self._resolver.current_event.raw_event
        http = event["requestContext"]["http"]
        listener = listener_of(
            _claims(event),
            groups_claim=self._settings.groups_claim,
            extension_claim=self._settings.extension_claim,
            authorization=(event.get("headers") or {}).get("authorization"),
        )
        return Caller(listener, source_ip=http["sourceIp"], user_agent=http["userAgent"])

    def take_unreadable(self) -> tuple[UnreadableItemError, ...]:
        """Return the catalogue items that were left out of answers since the last call."""
        return self._indexes.take_unreadable()

    def _parameters(self) -> Mapping[str, str]:
        return self._resolver.current_event.query_string_parameters

    def _recordings(self, caller: Caller) -> Event:
        read = number_reader(self._settings.phone_region)
        page = search_recordings(
            read_search(self._parameters(), now=now(), read=read),
            listener=caller.listener,
            catalogue=self._indexes,
            read=read,
        )
        return page_json(page)

    def _recording(self, caller: Caller, recording_id: str) -> Event:
        return whole_recording_json(
            find_recording(recording_id, listener=caller.listener, catalogue=self._catalogue)
        )

    def _playback_url(self, caller: Caller, recording_id: str) -> Event:
        playback = self._playback_urls.issue(
            recording_id,
            disposition=read_disposition(self._parameters()),
            caller=caller,
            now=now(),
        )
        return playback_url_json(playback)

    def _plays_of(self, caller: Caller, recording_id: str) -> Event:
        page = plays_of(
            recording_id,
            after=read_plays_cursor(self._parameters()),
            listener=caller.listener,
            catalogue=self._catalogue,
            plays=self._plays,
        )
        return plays_json(page)

    def _call(self, caller: Caller, telephony_session_id: str) -> Event:
        items = recordings_of_call(
            telephony_session_id, listener=caller.listener, catalogue=self._indexes
        )
        if not items:
            raise UnknownCallError("no recording of this call may be heard")
        return call_json(items)

    def _page(self) -> Response[str]:
        return self._file_response("index.html")

    def _page_file(self, file_name: str) -> Response[str]:
        return self._file_response(file_name)

    def _file_response(self, file_name: str) -> Response[str]:
        file = page_file(_WEB, file_name)
        return Response(
            status_code=200,
            content_type=file.content_type,
            body=file.body,
            headers=dict(self._page_headers),
        )

    def _sign_in(self) -> Response[str]:
        return _json_response(dict(sign_in_json(self._settings.sign_in)))

    def _contract(self) -> Response[str]:
        return Response(
            status_code=200,
            content_type="application/yaml",
            body=_CONTRACT.read_text(encoding="utf-8"),
            headers={"Cache-Control": "no-cache"},
        )


def _claims(event: Event) -> Mapping[str, object]:
    authorizer = event["requestContext"].get("authorizer") or {}
    return (authorizer.get("jwt") or {}).get("claims") or {}


def _raise_again(error: Exception) -> Response[str]:
    """Raise it again: without a handler Powertools logs every refusal with its traceback."""
    raise error


def _no_such_path(_error: NotFoundError) -> Response[str]:
    raise NoSuchPathError("no route has this path")


def _json_response(body: Event) -> Response[str]:
    return Response(
        status_code=200,
        content_type="application/json",
        body=json.dumps(body, ensure_ascii=False),
        headers=dict(_PRIVATE),
    )


def _problem_answer(problem: Problem) -> Event:
    return {
        "statusCode": problem.status.value,
        "headers": {"Content-Type": "application/problem+json", **_PRIVATE, **problem.headers},
        "body": json.dumps(problem.as_json()),
        "isBase64Encoded": False,
    }


def _fields(error: Exception, problem: Problem) -> dict[str, Any]:
    """Return the log fields of a fault; only the name of a refusal, which may quote the request."""
    if problem is UNEXPECTED:
        return {"outcome": problem.outcome, **failure_of(error)}
    if unreadable := _unreadable_behind(error):
        return {"outcome": problem.outcome, **_told_of_unreadable([unreadable])}
    if isinstance(error, PlayNotKeptError):
        count(["PlaybackAuditFailed"])
    if isinstance(error, TransientError):
        return {"outcome": problem.outcome, "reason": str(error)}
    return {"outcome": problem.outcome}


def _unreadable_behind(error: Exception) -> UnreadableItemError | None:
    """Return the damaged item behind a refusal; without the right the listener gets a 404."""
    return next(
        (it for it in (error, error.__cause__) if isinstance(it, UnreadableItemError)), None
    )


def _told_of_unreadable(unreadable: Sequence[UnreadableItemError]) -> dict[str, Any]:
    """Count unreadable catalogue items; return their log fields."""
    if not unreadable:
        return {}
    count(["CatalogueItemsUnreadable"] * len(unreadable))
    return {"unreadable": [str(error) for error in unreadable]}


def _log(event: Event, *, status: int, fields: Mapping[str, Any], started_s: float) -> None:
    """Write the canonical line; an invalid id could be anything, so it is left out."""
    recording_id = (event.get("pathParameters") or {}).get("recordingId", "")
    line: dict[str, Any] = {
        "route": event.get("routeKey"),
        "status": status,
        **fields,
        "recording_id": recording_id if is_recording_id(recording_id) else None,
        "milliseconds": round((monotonic() - started_s) * 1000),
    }
    logger().info("request", **line)
