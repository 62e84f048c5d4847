"""The page in a real browser, against the whole local stack."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Locator, Page, Response, Route, ViewportSize, expect

from local.places import ROOT
from tests.browser.listening_page import audio, row, rows, seek, shown_ids, sign_in, wait_until_past
from tests.browser.site import site
from tests.browser.stack import Stack
from tests.browser.waiting import WAIT_S, wait_for

SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
DESKTOP: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}
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


def grouped(recordings: list[dict[str, Any]]) -> list[list[str]]:
    """Return the ids by call: calls as they come, recordings of one call in order of start."""
    calls: dict[str, list[dict[str, Any]]] = {}
    for recording in recordings:
        calls.setdefault(recording["telephonySessionId"], []).append(recording)
    ordered = [sorted(call, key=lambda one: str(one["startedAt"])) for call in calls.values()]
    return [[recording["id"] for recording in call] for call in ordered]


def transfers(stack: Stack) -> list[list[str]]:
    """Return the calls that have several recordings."""
    return [call for call in grouped(stack.recordings()) if len(call) > 1]


def part(page: Page, number: int) -> Locator:
    """Return the player's link to a recording of a call that has two."""
    return page.locator("#parts").get_by_role("link", name=f"Recording {number} of 2")


def search(page: Page) -> None:
    """Press the button."""
    page.get_by_role("button", name="Search", exact=True).click()


def test_signing_in_shows_every_recording_by_call(
    page: Page, stack: Stack, complaints: list[str]
) -> None:
    """Nothing of the sign-in stays in the address, and the newest call is on top."""
    sign_in(page, stack)

    listed = stack.recordings()
    expect(rows(page)).to_have_count(len(listed))
    assert shown_ids(page) == [id_ for call in grouped(listed) for id_ in call]
    expect(page.locator("#who")).to_have_text("listener")
    assert page.url == stack.page_url
    assert complaints == []


def test_a_reload_needs_no_new_sign_in(page: Page, stack: Stack) -> None:
    """The tab keeps it; signing out ends it."""
    sign_in(page, stack)
    page.reload()
    expect(rows(page).first).to_be_visible()

    # By way of the issuer's end of session, and back.
    with page.expect_navigation():
        page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("content_type", ["audio/mpeg", "wav"])
def test_a_recording_plays_and_seeks(
    page: Page, stack: Stack, content_type: str, complaints: list[str]
) -> None:
    """A click plays it, its length is the call's, and it goes on from where it was moved to."""
    recording = next(
        r for r in stack.recordings() if content_type in r["contentType"] and not is_long(r)
    )
    sign_in(page, stack)

    row(page, recording["id"]).click()

    wait_until_past(page, 0.3)
    duration_s = audio(page, "duration")
    assert duration_s == pytest.approx(recording["durationSeconds"], abs=2)
    seek(page, duration_s - 10)
    assert wait_until_past(page, duration_s - 9.8) < duration_s
    expect(row(page, recording["id"])).to_have_attribute("aria-current", "true")
    assert complaints == []


def test_seeking_past_what_is_buffered_fetches_that_part_only(page: Page, stack: Stack) -> None:
    """The vault answers 206 from there on, and the rest of a long recording stays where it is."""
    recording = next(r for r in stack.recordings() if is_long(r))
    answers: list[Response] = []
    page.on("response", lambda r: answers.append(r) if "X-Amz-Signature" in r.url else None)
    sign_in(page, stack)
    row(page, recording["id"]).click()
    wait_until_past(page, 0.2)

    seek(page, FAR_S)

    wait_until_past(page, FAR_S + 0.2)
    assert {answer.status for answer in answers} == {206}
    starts = [int(answer.request.headers["range"][6:].partition("-")[0]) for answer in answers]
    assert max(starts) > 15_000_000


@pytest.mark.parametrize("paused", [False, True], ids=["playing", "paused"])
def test_an_expired_url_is_renewed_at_the_same_second(
    page: Page, stack: Stack, *, paused: bool
) -> None:
    """Once the vault refuses the old URL, a new one goes on from there, playing or not."""
    recording = next(r for r in stack.recordings() if is_long(r))
    vault = ExpiringVault()
    page.route("**/*X-Amz-Signature=*", vault.answer)
    sign_in(page, stack)
    row(page, recording["id"]).click()
    wait_until_past(page, 1.2)  # so that the next URL is signed in another second
    if paused:
        page.keyboard.press("k")

    vault.expire()
    seek(page, FAR_S)

    wait_for(page, lambda: vault.refused > 0)
    reached_s = wait_until_past(page, FAR_S - 0.1 if paused else FAR_S + 0.2)
    assert FAR_S <= reached_s < FAR_S + WAIT_S
    assert bool(audio(page, "paused")) is paused


def test_the_recordings_of_a_transfer_are_one_call(page: Page, stack: Stack) -> None:
    """In the list they stand together in order, and the player leads from one to the next."""
    sign_in(page, stack)
    calls = transfers(stack)
    assert len(calls) == 2
    for first, second in calls:
        call = page.locator(".call", has=page.locator(f'[data-id="{first}"]'))
        expect(call).to_contain_text("2 recordings")
        found = [element.get_attribute("data-id") for element in call.locator("[data-id]").all()]
        assert found == [first, second]

    row(page, calls[0][0]).click()
    part(page, 2).click()

    expect(row(page, calls[0][1])).to_have_attribute("aria-current", "true")
    expect(part(page, 2)).to_have_attribute("aria-current", "true")


def test_who_may_hear_nothing_finds_nothing(page: Page, stack: Stack) -> None:
    """Neither in the list nor by a link, and the page says what to do."""
    recording_id = stack.recordings()[0]["id"]

    sign_in(page, stack, "visitor", fragment=f"#recording={recording_id}")

    expect(page.locator("#status")).to_contain_text("You may not listen here")
    expect(rows(page)).to_have_count(0)
    expect(page.locator("ringvault-player").get_by_role("slider")).to_have_count(0)
    assert "Recording" in (page.locator("#heard-people").text_content() or "")


def test_an_agent_finds_their_own_recordings_only(page: Page, stack: Stack) -> None:
    """A link to another's leads nowhere, and nobody's plays are shown."""
    own = stack.recordings_of_agent()
    others = next(r for r in stack.recordings() if r not in own)
    assert own

    sign_in(page, stack, "agent", fragment=f"#recording={others['id']}")

    expect(rows(page)).to_have_count(len(own))
    assert set(shown_ids(page)) == {recording["id"] for recording in own}
    expect(page.locator("ringvault-player")).to_contain_text("no such recording, or you may not")
    expect(page.get_by_text("Who listened")).to_be_hidden()


def test_who_listened_is_told_to_those_who_hear_all(page: Page, stack: Stack) -> None:
    """The play that was just asked for is on record."""
    sign_in(page, stack)
    rows(page).nth(1).click()
    wait_until_past(page, 0.1)

    page.get_by_text("Who listened").click()

    expect(page.locator("#plays-list li").first).to_contain_text("listener played it")


def test_the_keyboard_is_enough(page: Page, stack: Stack) -> None:
    """From the sign-in to a recording that plays and pauses, and back to the list."""
    page.goto(stack.page_url)
    press_until_focused(page, "Sign in")
    page.keyboard.press("Enter")
    page.wait_for_url("**/authorize*")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(rows(page).first).to_be_visible()

    page.keyboard.press("/")
    expect(page.get_by_label("Phone or extension")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#results")).not_to_have_attribute("aria-busy", "true")
    page.get_by_role("button", name="Search", exact=True).focus()
    page.keyboard.press("Tab")
    expect(rows(page).first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    expect(rows(page).nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    wait_until_past(page, 0.2)
    page.keyboard.press("Space")
    wait_for(page, lambda: bool(audio(page, "paused")))
    page.keyboard.press("Escape")

    expect(rows(page).nth(1)).to_be_focused()


def press_until_focused(page: Page, name: str) -> None:
    """Go on with the Tab key until a button has the focus."""
    button = page.get_by_role("button", name=name)
    expect(button).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"the Tab key does not lead to {name}")


def test_a_search_stands_in_the_address_behind_the_hash(page: Page, stack: Stack) -> None:
    """It can be shared, with the recording that plays, and no server sees it in a page's URL."""
    number = stack.recordings()[2]["from"]["phoneNumber"]
    found = {recording["id"] for recording in stack.recordings(phoneNumber=number)}
    sign_in(page, stack)

    page.get_by_label("Phone or extension").fill(number)
    page.get_by_label("Direction").select_option("Inbound")
    search(page)
    page.get_by_label("Direction").select_option("")
    search(page)

    expect(rows(page)).to_have_count(len(found))
    assert set(shown_ids(page)) == found
    rows(page).first.click()
    before_hash, _, fragment = page.url.partition("#")
    assert before_hash == stack.page_url
    page.goto("about:blank")
    page.goto(f"{stack.page_url}#{fragment}")
    expect(rows(page)).to_have_count(len(found))
    expect(page.get_by_label("Phone or extension")).to_have_value(number)
    expect(page.locator("#results [aria-current]")).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(rows(page)).to_have_count(len(stack.recordings()))


def test_a_deep_link_survives_the_sign_in(page: Page, stack: Stack) -> None:
    """The address names the recording, before the sign-in and after it."""
    recording_id = archived_id(stack)

    sign_in(page, stack, fragment=f"#recording={recording_id}")

    expect(page.locator("#heard-people")).to_contain_text("→")
    expect(row(page, recording_id)).to_have_attribute("aria-current", "true")
    assert page.url.endswith(f"#recording={recording_id}")


def test_a_link_writes_no_play_into_the_audit(page: Page, stack: Stack) -> None:
    """The recording is shown; its URL is asked for when the person plays, and not before.

    Else anybody could make a colleague a listener of record by a link.
    """
    recording_id = archived_id(stack)
    urls = playback_urls_asked_for(page)
    sign_in(page, stack, fragment=f"#recording={recording_id}")
    expect(page.locator("#heard-people")).to_contain_text("→")
    expect(page.get_by_role("slider", name="Position")).to_be_visible()
    # The same by an opener's script, in a page that is there already.
    other_id = next(r["id"] for r in stack.recordings() if r["id"] != recording_id)
    page.evaluate("hash => { location.hash = hash; }", f"#recording={other_id}")
    expect(row(page, other_id)).to_have_attribute("aria-current", "true")
    expect(page.locator("#heard-when")).to_contain_text("·")
    assert urls == []

    page.locator("ringvault-player").get_by_role("button", name="Play").click()

    wait_until_past(page, 0.1)
    assert len(urls) == 1
    assert f"/recordings/{other_id}/" in urls[0]


def archived_id(stack: Stack) -> str:
    """Return the id of a recording that plays."""
    return str(stack.recordings(state="ARCHIVED")[-1]["id"])


def playback_urls_asked_for(page: Page) -> list[str]:
    """Return a list that gets what the page asks the API for to play something."""
    urls: list[str] = []
    page.on("request", lambda it: urls.append(it.url) if "/playback-url" in it.url else None)
    return urls


@pytest.mark.parametrize("query", ["code=x&state=y", "error=access_denied&state=y", "code=x"])
def test_a_strangers_answer_signs_nobody_out(page: Page, stack: Stack, query: str) -> None:
    """An answer to a sign-in that this tab did not begin is taken out of the address, no more."""
    sign_in(page, stack)

    page.goto(f"{stack.page_url}?{query}#direction=Inbound")

    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(rows(page).first).to_be_visible()
    assert page.url == f"{stack.page_url}#direction=Inbound"


def test_a_strangers_answer_ends_no_sign_in_under_way(page: Page, stack: Stack) -> None:
    """It signs no one in either; the sign-in that this tab began goes on."""
    page.goto(stack.page_url)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/authorize*")
    sign_in_page = page.url
    page.goto(f"{stack.page_url}?code=x&state=y")
    expect(page.locator("#welcome-words")).to_contain_text("not begun in this tab")

    page.goto(sign_in_page)
    page.get_by_role("button", name="listener").click()

    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_load_more_goes_on_where_the_list_ended(page: Page, stack: Stack) -> None:
    """Each page is added below, none is shown twice, and the button goes when all are there."""
    page.route("**/recordings?*", lambda route: route.continue_(url=f"{route.request.url}&limit=4"))
    sign_in(page, stack)
    expect(rows(page)).to_have_count(4)

    page.get_by_role("button", name="Load more").click()
    expect(rows(page)).to_have_count(8)
    page.get_by_role("button", name="Load more").click()

    expect(rows(page)).to_have_count(9)
    expect(page.get_by_role("button", name="Load more")).to_be_hidden()
    expect(page.locator("#status")).to_contain_text("That is all: 9 recordings.")
    assert set(shown_ids(page)) == {recording["id"] for recording in stack.recordings()}


def test_empty_pages_are_passed_over_but_not_for_ever(page: Page, stack: Stack) -> None:
    """After ten of them the listener is asked whether to go on."""
    asked: list[str] = []

    def empty(route: Route) -> None:
        asked.append(route.request.url)
        found = [WAITING] if len(asked) == 12 else []
        route.fulfill(json={"recordings": found, "cursor": f"after-{len(asked)}"})

    page.route("**/recordings?*", empty)
    sign_in(page, stack)
    expect(page.locator("#status")).to_contain_text("Nothing found so far")
    assert len(asked) == 10

    page.get_by_role("button", name="Continue searching").click()

    expect(rows(page)).to_have_count(1)
    assert len(asked) == 12
    assert "cursor=after-11" in asked[-1]


def test_a_sign_in_that_ended_is_told(page: Page, stack: Stack) -> None:
    """The page says so, and signing in again goes on."""
    page.route("**/recordings?*", lambda route: route.fulfill(status=401, json={}), times=1)
    page.goto(stack.page_url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="listener").click()

    expect(page.locator("#welcome-words")).to_contain_text("Your sign-in has ended")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="listener").click()

    expect(rows(page).first).to_be_visible()


def test_a_bad_span_is_explained(page: Page, stack: Stack) -> None:
    """What the API says of a parameter is what the listener reads."""
    sign_in(page, stack)
    page.get_by_label("From").fill("2026-02-01")
    page.get_by_label("To", exact=True).fill("2026-01-01")
    search(page)

    expect(page.locator("#status")).to_contain_text('from must be before "to"')
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()


def test_nothing_found_says_what_to_do(page: Page, stack: Stack) -> None:
    """An empty span is no error."""
    sign_in(page, stack, fragment="#from=2001-01-01&to=2001-01-31")

    expect(page.locator("#status")).to_contain_text("Change what you search for")
    expect(rows(page)).to_have_count(0)


def test_a_lost_connection_can_be_tried_again(page: Page, stack: Stack) -> None:
    """The page says so, and a button asks once more."""
    page.route("**/recordings?*", lambda route: route.abort(), times=1)
    sign_in(page, stack)
    expect(page.locator("#status")).to_contain_text("can't be reached")

    page.get_by_role("button", name="Try again").click()

    expect(rows(page).first).to_be_visible()


def test_what_is_not_archived_shows_its_state(
    page: Page, stack: Stack, complaints: list[str]
) -> None:
    """And its reason; what others wrote stays text."""
    listing = {"recordings": [WAITING, FAILED], "cursor": None}
    page.route("**/recordings?*", lambda route: route.fulfill(json=listing))
    sign_in(page, stack)

    expect(row(page, "1")).to_contain_text("Waiting")
    expect(row(page, "1")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(row(page, "2")).to_contain_text("not audio")
    assert complaints == []


@pytest.mark.parametrize("is_allowed", [True, False], ids=["allowed", "unknown"])
def test_only_sites_that_may_embed_the_player_play(
    page: Page, stack: Stack, *, is_allowed: bool
) -> None:
    """From another origin the file, the API and the audio are had by CORS, or not at all."""
    recording_id = stack.recordings()[1]["id"]
    embedding = (
        f'<script type="module" src="{stack.page_url}web/ringvault-player.js"></script>'
        f'<ringvault-player recording-id="{recording_id}"></ringvault-player>'
    )
    with site(embedding, port=stack.embedding_port if is_allowed else 0) as origin:
        page.goto(origin)
        player = page.locator("ringvault-player")
        player.evaluate("(player, token) => { player.token = token; }", stack.token())

        if is_allowed:
            player.get_by_role("button", name="Play").click()
            wait_until_past(page, 0.2)
        else:
            expect(player.locator("*")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, stack: Stack, scheme: Any) -> None:
    """Signed out, listing, playing and empty; axe comes with a package, not by network."""
    context = browser.new_context(viewport=DESKTOP, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(stack.page_url)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    found = serious_findings(page)
    sign_in(page, stack)
    row(page, transfers(stack)[0][0]).click()
    wait_until_past(page, 0.1)
    expect(part(page, 2)).to_be_visible()
    found += serious_findings(page)
    page.get_by_label("Phone or extension").fill("999")
    search(page)
    expect(page.locator("#status")).to_contain_text("Nothing found")
    found += serious_findings(page)
    context.close()
    assert found == []


def serious_findings(page: Page) -> list[str]:
    """Return what axe finds, by rule and place."""
    page.evaluate(AXE)
    results = page.evaluate("() => axe.run()")
    return [
        f"{violation['id']} at {node['target']}: {node['failureSummary']}"
        for violation in results["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_its_screen(
    browser: Browser, stack: Stack, viewport: ViewportSize, scheme: Any, request: Any
) -> None:
    """Nothing is wider than the screen, whatever the page shows; pictures to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = f"{request.node.callspec.id.replace('-', '_')}.png"
    context = browser.new_context(viewport=viewport, color_scheme=scheme, locale="en-GB")
    page = context.new_page()

    page.goto(stack.page_url)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    fits(page, SCREENSHOTS / f"sign_in_{name}")
    sign_in(page, stack)
    expect(rows(page)).to_have_count(9)
    fits(page, SCREENSHOTS / f"list_{name}")
    row(page, transfers(stack)[0][0]).click()
    wait_until_past(page, 0.2)
    expect(part(page, 2)).to_be_visible()
    fits(page, SCREENSHOTS / f"playing_{name}")
    page.goto(f"{stack.page_url}#phoneNumber=999")
    expect(page.locator("#status")).to_contain_text("Nothing found")
    fits(page, SCREENSHOTS / f"empty_{name}")
    page.route("**/recordings?*", lambda route: route.abort())
    search(page)
    expect(page.locator("#status")).to_contain_text("can't be reached")
    fits(page, SCREENSHOTS / f"error_{name}")
    context.close()


def fits(page: Page, picture: Path) -> None:
    """Take a picture, and check that nothing sticks out sideways."""
    page.screenshot(path=picture)
    width = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]
