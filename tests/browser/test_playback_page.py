"""The page in a real browser, against the whole local stack."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize, expect

from tests.browser.stack import Stack

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
DESKTOP: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}
WAIT_S = 20
FAR_S = 1000  # beyond what a browser fetches in advance

WAITING = {
    "id": "1",
    "state": "PENDING",
    "startedAt": "2026-11-20T09:30:00.000Z",
    "durationSeconds": 61,
    "direction": "Inbound",
    "from": {"name": "<img src=x onerror=alert(1)>", "phoneNumber": "+15550100"},
    "to": {"extensionNumber": "101"},
}
FAILED = {**WAITING, "id": "2", "state": "FAILED", "reason": "not audio"}


@pytest.fixture
def complaints() -> list[str]:
    """Collect what the browser complains of, for tests in which it must not."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """Open an empty tab of a browser that has never been here."""
    context = browser.new_context(viewport=DESKTOP, locale="en-GB")
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    yield opened
    context.close()


def rows(page: Page) -> Locator:
    """Return the recordings that the page shows."""
    return page.locator("[data-id]")


def row(page: Page, recording_id: str) -> Locator:
    """Return one recording that the page shows."""
    return page.locator(f'[data-id="{recording_id}"]')


def audio(page: Page, member: str) -> float:
    """Return a number of the page's audio element; the page's policy allows no polling inside."""
    return float(page.evaluate(f"() => document.getElementById('audio').{member}"))


def wait_until_past(page: Page, position_s: float) -> float:
    """Wait until the audio has data beyond a position, and return where it is."""
    wait_for(
        page,
        lambda: audio(page, "currentTime") > position_s and audio(page, "readyState") > 1,
    )
    return audio(page, "currentTime")


def wait_for(page: Page, condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, and say what the player says when it never does."""
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        status = page.locator("#playing-status").text_content()
        assert time.monotonic() < deadline_s, f"at {audio(page, 'currentTime')} s: {status}"
        page.wait_for_timeout(50)


def seek(page: Page, position_s: float) -> None:
    """Move the audio to a position, as its slider does."""
    page.evaluate(f"() => {{ document.getElementById('audio').currentTime = {position_s}; }}")


class ExpiringVault:
    """Stands before the vault, and refuses the URLs it has seen from an instant on."""

    def __init__(self) -> None:
        self.refused = 0
        self._seen: set[str] = set()
        self._expired: frozenset[str] = frozenset()

    def expire(self) -> None:
        """Refuse from now on what was served so far."""
        self._expired = frozenset(self._seen)

    def answer(self, route: Route) -> None:
        """Answer as S3 does for an expired URL, or let the request through."""
        signature = route.request.url.partition("X-Amz-Signature=")[2]
        self._seen.add(signature)
        if signature in self._expired:
            self.refused += 1
            route.fulfill(status=403, content_type="application/xml", body="<Error/>")
        else:
            route.continue_()


def is_long(recording: dict[str, Any]) -> bool:
    """Whether a recording is the one that no browser fetches whole."""
    return int(recording["sizeBytes"]) > 20_000_000


def test_the_printed_address_lists_every_recording(
    page: Page, stack: Stack, complaints: list[str]
) -> None:
    """The token leaves the address bar, and the newest recording is on top."""
    page.goto(stack.signed_in_url)

    listed = stack.recordings()
    expect(rows(page)).to_have_count(len(listed))
    shown = [element.get_attribute("data-id") for element in rows(page).all()]
    assert shown == [recording["id"] for recording in listed]
    assert page.url == stack.page_url
    assert complaints == []


def test_a_reload_needs_no_new_token(page: Page, stack: Stack) -> None:
    """The tab keeps the token."""
    page.goto(stack.signed_in_url)
    expect(rows(page).first).to_be_visible()

    page.reload()

    expect(rows(page).first).to_be_visible()


@pytest.mark.parametrize("content_type", ["audio/mpeg", "wav"])
def test_a_recording_plays_and_seeks(
    page: Page, stack: Stack, content_type: str, complaints: list[str]
) -> None:
    """A click plays it, its length is the call's, and it goes on from where it was moved to."""
    recording = next(
        r for r in stack.recordings() if content_type in r["contentType"] and not is_long(r)
    )
    page.goto(stack.signed_in_url)

    row(page, recording["id"]).click()

    wait_until_past(page, 0.3)
    duration_s = audio(page, "duration")
    assert duration_s == pytest.approx(recording["durationSeconds"], abs=2)
    seek(page, duration_s - 10)
    assert wait_until_past(page, duration_s - 9.8) < duration_s
    expect(row(page, recording["id"])).to_have_attribute("aria-current", "true")
    assert complaints == []


def test_a_deep_link_leads_to_a_recording(page: Page, stack: Stack) -> None:
    """The address names the recording, before the sign-in and after it."""
    recording_id = stack.recordings()[-1]["id"]

    page.goto(f"{stack.page_url}#recording={recording_id}")
    page.get_by_label("Access token").fill(stack.token)
    page.keyboard.press("Enter")

    expect(page.locator("#player")).to_be_visible()
    expect(page.locator("#playing-people")).to_contain_text("→")
    expect(row(page, recording_id)).to_have_attribute("aria-current", "true")
    assert page.url.endswith(f"#recording={recording_id}")


@pytest.mark.parametrize("paused", [False, True], ids=["playing", "paused"])
def test_an_expired_url_is_renewed_at_the_same_second(
    page: Page, stack: Stack, *, paused: bool
) -> None:
    """Once the vault refuses the old URL, a new one goes on from there, playing or not."""
    recording = next(r for r in stack.recordings() if is_long(r))
    vault = ExpiringVault()
    page.route("**/*X-Amz-Signature=*", vault.answer)
    page.goto(stack.signed_in_url)
    row(page, recording["id"]).click()
    wait_until_past(page, 1.2)  # so that the next URL is signed in another second
    if paused:
        page.evaluate("() => document.getElementById('audio').pause()")

    vault.expire()
    seek(page, FAR_S)

    wait_for(page, lambda: vault.refused > 0)
    reached_s = wait_until_past(page, FAR_S - 0.1 if paused else FAR_S + 0.2)
    assert FAR_S <= reached_s < FAR_S + WAIT_S
    assert page.evaluate("() => document.getElementById('audio').paused") is paused


def test_the_keyboard_is_enough(page: Page, stack: Stack) -> None:
    """From the top of the page to a recording that plays, without a mouse."""
    page.goto(stack.signed_in_url)
    first = rows(page).first
    expect(first).to_be_visible()

    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the recordings")).to_be_focused()
    for _ in range(20):
        page.keyboard.press("Tab")
        if first.evaluate("element => element === document.activeElement"):
            break
    expect(first).to_be_focused()
    page.keyboard.press("Enter")

    wait_until_past(page, 0.2)


def test_load_more_goes_on_where_the_list_ended(page: Page, stack: Stack) -> None:
    """Each page is added below, none is shown twice, and the button goes when all are there."""
    page.route("**/recordings?*", lambda route: route.continue_(url=f"{route.request.url}&limit=4"))
    page.goto(stack.signed_in_url)
    expect(rows(page)).to_have_count(4)

    page.get_by_role("button", name="Load more").click()

    expect(rows(page)).to_have_count(7)
    expect(page.get_by_role("button", name="Load more")).to_be_hidden()
    shown = [element.get_attribute("data-id") for element in rows(page).all()]
    assert shown == [recording["id"] for recording in stack.recordings()]


def test_a_refused_token_is_asked_for_again(page: Page, stack: Stack) -> None:
    """The page says why, and goes on with a new one."""
    page.goto(f"{stack.page_url}#access_token=expired")

    expect(page.get_by_role("alert")).to_contain_text("expired")
    page.get_by_label("Access token").fill(stack.token)
    page.get_by_role("button", name="Show recordings").click()

    expect(rows(page).first).to_be_visible()


def test_a_bad_span_is_explained(page: Page, stack: Stack) -> None:
    """What the API says of a parameter is what the listener reads."""
    page.goto(stack.signed_in_url)
    expect(rows(page).first).to_be_visible()

    page.get_by_label("From").fill("2026-02-01")
    page.get_by_label("To", exact=True).fill("2026-01-01")
    page.get_by_role("button", name="Show", exact=True).click()

    expect(page.locator("#status")).to_contain_text("from must lie before to")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_nothing_found_says_what_to_do(page: Page, stack: Stack) -> None:
    """An empty span is no error."""
    page.goto(stack.signed_in_url)
    expect(rows(page).first).to_be_visible()

    page.get_by_label("From").fill("2001-01-01")
    page.get_by_label("To", exact=True).fill("2001-01-31")
    page.get_by_role("button", name="Show", exact=True).click()

    expect(page.locator("#status")).to_contain_text("No recordings between these dates")
    expect(rows(page)).to_have_count(0)


def test_a_lost_connection_can_be_tried_again(page: Page, stack: Stack) -> None:
    """The page says so, and a button asks once more."""
    page.route("**/recordings?*", lambda route: route.abort(), times=1)
    page.goto(stack.signed_in_url)
    expect(page.locator("#status")).to_contain_text("cannot be reached")

    page.get_by_role("button", name="Try again").click()

    expect(rows(page).first).to_be_visible()


def test_what_is_not_archived_cannot_be_played(
    page: Page, stack: Stack, complaints: list[str]
) -> None:
    """It shows its state and its reason, and what others wrote stays text."""
    listing = {"recordings": [WAITING, FAILED], "cursor": None}
    page.route("**/recordings?*", lambda route: route.fulfill(json=listing))
    page.goto(stack.signed_in_url)

    expect(row(page, "1")).to_contain_text("Waiting to be archived")
    expect(row(page, "1")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(row(page, "2")).to_contain_text("not audio")
    expect(page.locator("a[data-id]")).to_have_count(0)
    assert complaints == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_its_screen(
    browser: Browser, stack: Stack, viewport: ViewportSize, scheme: Any, request: Any
) -> None:
    """Nothing is wider than the screen, signed out, listing and playing; pictures to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = f"{request.node.callspec.id.replace('-', '_')}.png"
    context = browser.new_context(viewport=viewport, color_scheme=scheme, locale="en-GB")
    page = context.new_page()

    page.goto(stack.page_url)
    expect(page.get_by_label("Access token")).to_be_visible()
    fits(page, SCREENSHOTS / f"sign_in_{name}")
    page.goto(stack.signed_in_url)
    expect(rows(page)).to_have_count(7)
    fits(page, SCREENSHOTS / f"list_{name}")
    rows(page).nth(1).click()
    wait_until_past(page, 0.2)
    fits(page, SCREENSHOTS / f"playing_{name}")
    context.close()


def fits(page: Page, picture: Path) -> None:
    """Take a picture, and check that nothing sticks out sideways."""
    page.screenshot(path=picture)
    width = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]
