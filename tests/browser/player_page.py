"""A page of somebody else with the player in it, and an archive that says what a test wants.

Both are answered inside the browser: nothing listens, and only the player's own file is real.
"""

import math
import struct
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from local.places import ROOT

PLAYER_FILE = ROOT / "functions" / "playback_api" / "web" / "ringvault-player.js"
ARCHIVE = "http://archive.test"
HOST_PAGE = "http://embedding.test/"
SECONDS = 20
# As strict as a page can be: what the player does to it, it does without markup and style texts.
POLICY = (
    f"default-src 'none'; script-src {ARCHIVE}; connect-src {ARCHIVE}; media-src {ARCHIVE};"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
PEAKS = bytes(round(127 + 127 * math.sin(place / 9)) for place in range(200))
RECORDING = {
    "id": "1001",
    "state": "ARCHIVED",
    "startedAt": "2026-11-20T09:30:00.000Z",
    "durationSeconds": SECONDS,
    "direction": "Inbound",
    "from": {"name": "Ada", "phoneNumber": "+15550100"},
    "to": {"extensionNumber": "101"},
    "waveform": b64encode(PEAKS).decode(),
}
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "authorization",
    "Access-Control-Expose-Headers": "Retry-After",
}
# Keeps what the player tells its page: the event, and the status where it has one.
_HEAR = """player => {
  window.heard = [];
  for (const type of ["recording", "ended", "error"]) {
    player.addEventListener(`ringvault-${type}`, (event) => {
      window.heard.push([type, event.detail.status ?? null]);
    });
  }
}"""

Answer = Callable[[Route], None]


def wav(format_tag: int = 1, *, seconds: int = SECONDS) -> bytes:
    """Return a WAV file of 8-bit samples at 8 kHz, whatever the format tag makes of them."""
    samples = bytes(128 + round(60 * math.sin(at / 6)) for at in range(8_000)) * seconds
    head = struct.pack("<HHIIHH", format_tag, 1, 8_000, 8_000, 1, 8)
    chunks = b"fmt " + struct.pack("<I", len(head)) + head
    chunks += b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def problem(status: int, outcome: str, detail: str, **extra: Any) -> Answer:
    """Return an answer as the API refuses; `retry_after` is the header."""
    headers = dict(_CORS)
    if "retry_after" in extra:
        headers["Retry-After"] = str(extra.pop("retry_after"))
    body = {"type": f"urn:ringvault:problem:{outcome}", "detail": detail, **extra}
    return lambda route: route.fulfill(status=status, headers=headers, json=body)


@dataclass
class PlayerPage:
    """The page, and the archive's answers; a test changes those before it opens the page."""

    page: Page
    recording: dict[str, Any] = field(default_factory=lambda: dict(RECORDING))
    on_recording: Answer | None = None
    on_playback_url: Answer | None = None
    audio: bytes = field(default_factory=wav)
    content_type: str = "audio/wav"
    asked: list[str] = field(default_factory=list)

    def open(self, *, attributes: str = "", signed_in: bool = True) -> None:
        """Open the page, with a player whose token is set unless nobody is signed in."""
        self.page.route(f"{HOST_PAGE}**", lambda route: self._host(route, attributes))
        self.page.route(f"{ARCHIVE}/**", self._archive)
        self.page.goto(HOST_PAGE)
        self.player.evaluate(_HEAR)
        if signed_in:
            self.set_token()

    def await_ready(self) -> None:
        """Wait until the player knows the recording."""
        expect(self.slider).to_have_attribute("aria-valuemax", str(SECONDS))

    def set_token(self) -> None:
        """Give the player a function that promises a token."""
        self.player.evaluate("player => { player.token = async () => 'a-token'; }")

    @property
    def player(self) -> Locator:
        """Return the element."""
        return self.page.locator("ringvault-player")

    @property
    def play_button(self) -> Locator:
        """Return what one presses to hear it, whatever it says at the moment."""
        return self.player.locator("button.play")

    @property
    def slider(self) -> Locator:
        """Return the waveform."""
        return self.player.get_by_role("slider", name="Position")

    @property
    def message(self) -> Locator:
        """Return where the player says what is the matter."""
        return self.player.get_by_role("status")

    def heard(self) -> list[list[Any]]:
        """Return the events that the page got, with their status."""
        found: list[list[Any]] = self.page.evaluate("() => window.heard")
        return found

    def media(self, member: str) -> Any:
        """Return a member of the audio element inside."""
        return self.player.evaluate(f"player => player.shadowRoot.querySelector('audio').{member}")

    def urls_asked(self) -> int:
        """Return how many playback URLs were asked for."""
        return sum("playback-url" in url for url in self.asked)

    def _host(self, route: Route, attributes: str) -> None:
        body = (
            '<!doctype html><html lang="en"><title>CRM</title>'
            f'<script type="module" src="{ARCHIVE}/web/ringvault-player.js"></script>'
            f'<ringvault-player recording-id="1001" {attributes}></ringvault-player>'
        )
        route.fulfill(
            body=body, content_type="text/html", headers={"Content-Security-Policy": POLICY}
        )

    def _archive(self, route: Route) -> None:
        path = route.request.url.removeprefix(ARCHIVE).partition("?")[0]
        if route.request.method == "OPTIONS":
            route.fulfill(status=204, headers=_CORS)
            return
        self.asked.append(route.request.url)
        self._answers()[path.rpartition("/")[2]](route)

    def _answers(self) -> dict[str, Answer]:
        return {
            "ringvault-player.js": lambda route: route.fulfill(
                path=PLAYER_FILE, content_type="text/javascript", headers=_CORS
            ),
            str(self.recording["id"]): self.on_recording or self.tell_recording,
            "playback-url": self.on_playback_url or self._playback_url,
            "audio": self._audio,
        }

    def tell_recording(self, route: Route) -> None:
        """Answer with the recording as it is now."""
        route.fulfill(json=self.recording, headers=_CORS)

    def _playback_url(self, route: Route) -> None:
        route.fulfill(
            json={
                "url": f"{ARCHIVE}/audio?attachment={'attachment' in route.request.url}",
                "expiresAt": "2036-01-01T00:00:00.000Z",
                "contentType": self.content_type,
            },
            headers=_CORS,
        )

    def _audio(self, route: Route) -> None:
        headers = {"Accept-Ranges": "bytes"}
        if route.request.url.endswith("True"):
            headers["Content-Disposition"] = 'attachment; filename="1001.wav"'
        asked = route.request.headers.get("range", "bytes=0-").removeprefix("bytes=")
        first = int(asked.partition("-")[0])
        headers["Content-Range"] = f"bytes {first}-{len(self.audio) - 1}/{len(self.audio)}"
        status = 206 if "range" in route.request.headers else 200
        route.fulfill(
            status=status, body=self.audio[first:], content_type="audio/wav", headers=headers
        )
