"""Answers listeners: lists recordings, signs playback URLs, and serves the page that uses both."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.utilities.typing import LambdaContext

from ringvault.adapters.aws_session import impatient_session
from ringvault.adapters.catalogue_table import CatalogueTable
from ringvault.adapters.http_answers import (
    UNEXPECTED,
    NoSuchPathError,
    Problem,
    page_json,
    playback_url_json,
    problem_of,
    recording_json,
)
from ringvault.adapters.page_files import page_file, page_headers
from ringvault.adapters.presigned_url import PresignedUrls
from ringvault.core.playback_api import (
    Catalogue,
    NotAListenerError,
    find_recording,
    may_listen,
    playback_url,
)
from ringvault.core.recording import is_recording_id
from ringvault.core.recording_search import search_recordings
from ringvault.observability import logger
from ringvault.settings import PlaybackApiSettings

Event = dict[str, Any]

_WEB = Path(__file__).parent / "web"
# Names and numbers of callers, and URLs that play: nothing on the way may keep them.
_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def lambda_handler(event: Event, context: LambdaContext) -> Event:
    """Answer one request of the HTTP API; what goes wrong is answered as problem details."""
    started_s = monotonic()
    try:
        outcome, answer = "ok", _api().answer(event, context)
    except Exception as error:  # noqa: BLE001 - the gateway would answer without a body
        problem = problem_of(error)
        if problem is UNEXPECTED:
            logger().exception("unexpected error")
        outcome, answer = problem.outcome, _problem_answer(problem)
    _log(event, status=answer["statusCode"], outcome=outcome, started_s=started_s)
    return answer


@cache
def _api() -> "PlaybackApi":
    settings = PlaybackApiSettings.from_environ(os.environ)
    session = impatient_session()
    return PlaybackApi(
        catalogue=CatalogueTable(settings.catalogue_table, session.client("dynamodb")),
        signer=PresignedUrls(
            session, bucket=settings.vault_bucket, lifetime=settings.playback_url_lifetime
        ),
        groups_claim=settings.groups_claim,
    )


class PlaybackApi:
    """The routes of template.yaml, each of which calls one use case."""

    def __init__(self, *, catalogue: Catalogue, signer: PresignedUrls, groups_claim: str) -> None:
        self._catalogue = catalogue
        self._signer = signer
        self._groups_claim = groups_claim
        self._page_headers = page_headers(media_origin=signer.origin())
        self._resolver = self._routed(APIGatewayHttpResolver())

    def answer(self, event: Event, context: LambdaContext) -> Event:
        """Return the answer to one request, or raise what `problem_of` makes a problem of."""
        return self._resolver.resolve(event, context)

    def _routed(self, resolver: APIGatewayHttpResolver) -> APIGatewayHttpResolver:
        listeners = [self._listeners_only]
        resolver.get("/recordings", middlewares=listeners)(self._recordings)
        resolver.get("/recordings/<recording_id>", middlewares=listeners)(self._recording)
        resolver.get("/recordings/<recording_id>/playback-url", middlewares=listeners)(
            self._playback_url
        )
        resolver.get("/")(self._page)
        resolver.get("/web/<file_name>")(self._page_file)
        resolver.exception_handler(Exception)(_raise_again)
        resolver.not_found(_no_such_path)
        return resolver

    def _listeners_only(
        self, resolver: APIGatewayHttpResolver, following: NextMiddleware
    ) -> Response[str]:
        claims = _claims(resolver.current_event.raw_event)
        if not may_listen(claims, groups_claim=self._groups_claim):
            raise NotAListenerError("the token does not name the listeners' group")
        return following(resolver)

    def _recordings(self) -> Response[str]:
        parameters = self._resolver.current_event.query_string_parameters
        page = search_recordings(parameters, catalogue=self._catalogue, now=datetime.now(UTC))
        return _json_response(page_json(page))

    def _recording(self, recording_id: str) -> Response[str]:
        return _json_response(
            recording_json(find_recording(recording_id, catalogue=self._catalogue))
        )

    def _playback_url(self, recording_id: str) -> Response[str]:
        playback = playback_url(
            recording_id, catalogue=self._catalogue, signer=self._signer, now=datetime.now(UTC)
        )
        return _json_response(playback_url_json(playback))

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


def _claims(event: Event) -> Mapping[str, object]:
    authorizer = event["requestContext"].get("authorizer") or {}
    return (authorizer.get("jwt") or {}).get("claims") or {}


def _raise_again(error: Exception) -> Response[str]:
    """Raise what came: without a handler Powertools logs every refusal with its traceback."""
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


def _log(event: Event, *, status: int, outcome: str, started_s: float) -> None:
    """Write the canonical line; an id that is none could be anything, so it is left out."""
    recording_id = (event.get("pathParameters") or {}).get("recordingId", "")
    logger().info(
        "request",
        route=event.get("routeKey"),
        status=status,
        outcome=outcome,
        recording_id=recording_id if is_recording_id(recording_id) else None,
        milliseconds=round((monotonic() - started_s) * 1000),
    )
