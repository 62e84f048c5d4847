"""The player alone, on a page of somebody else under a strict policy."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.player_page import ARCHIVE, RECORDING, SECONDS, PlayerPage, problem, wav
from tests.browser.waiting import wait_for

ANOTHER_PROGRAM = "another program"


@pytest.fixture
def host(browser: Browser) -> Iterator[PlayerPage]:
    """Open no page yet; what the browser complains of fails the test."""
    context = browser.new_context(viewport={"width": 900, "height": 500}, locale="en-GB")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if "Policy" in m.text else None)
    yield PlayerPage(page)
    context.close()
    assert faults == []


def reached(host: PlayerPage, seconds: float) -> None:
    """Wait until the audio plays beyond a second."""
    wait_for(host.page, lambda: host.media("currentTime") > seconds, host.message.text_content)


def test_no_url_is_asked_for_before_somebody_wants_to_hear(host: PlayerPage) -> None:
    """Looking is no play: the length and the waveform come without a URL, and seeking too."""
    host.open()

    host.await_ready()
    assert host.player.locator("path").first.get_attribute("d")
    host.slider.press("PageUp")

    expect(host.slider).to_have_attribute("aria-valuenow", str(SECONDS // 10))
    assert host.urls_asked() == 0


def test_it_plays_from_where_it_was_moved_to_and_says_when_it_ends(host: PlayerPage) -> None:
    """Both may be asked for before the archive has answered; events tell of it and of its end."""
    held: list[Route] = []
    host.on_recording = held.append
    host.open()
    wait_for(host.page, lambda: bool(held))

    host.player.evaluate(f"player => {{ player.currentTime = {SECONDS - 1}; player.play(); }}")
    host.tell_recording(held[0])

    wait_for(host.page, lambda: ["ended", None] in host.heard(), host.message.text_content)
    assert host.heard() == [["recording", None], ["ended", None]]
    assert host.urls_asked() == 1
    expect(host.play_button).to_have_attribute("aria-label", "Play")


def test_the_keys_do_what_the_buttons_do(host: PlayerPage) -> None:
    """Space and k, j and l, arrows, m, speed; each while the focus is within."""
    host.open()
    host.await_ready()
    host.slider.focus()

    host.page.keyboard.press("l")
    host.page.keyboard.press("ArrowRight")
    expect(host.slider).to_have_attribute("aria-valuetext", "15 seconds of 20 seconds")
    host.page.keyboard.press("j")
    expect(host.slider).to_have_attribute("aria-valuenow", "5")
    host.page.keyboard.press("m")
    assert host.media("muted") is True
    host.page.keyboard.press(">")
    host.page.keyboard.press("Space")
    reached(host, 5.2)
    assert host.media("playbackRate") == 1.25
    host.page.keyboard.press("k")
    assert host.media("paused") is True


def test_a_click_on_the_waveform_seeks(host: PlayerPage) -> None:
    """Half of its width is half of the recording."""
    host.open()
    host.await_ready()

    host.slider.click()

    assert host.player.evaluate("player => player.currentTime") == pytest.approx(10, abs=0.2)


def test_a_drag_seeks_where_it_ends(host: PlayerPage) -> None:
    """While it lasts only the picture moves, so that nothing is fetched on the way."""
    host.open()
    host.await_ready()
    box = host.slider.bounding_box()
    assert box is not None

    host.page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 5)
    host.page.mouse.down()
    host.page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 5)
    expect(host.slider).to_have_attribute("aria-valuenow", "15")
    assert host.player.evaluate("player => player.currentTime") == 0
    host.page.mouse.up()

    assert host.player.evaluate("player => player.currentTime") == pytest.approx(15, abs=0.2)


def test_the_position_is_remembered_in_this_tab_only(host: PlayerPage) -> None:
    """After a reload it goes on there; nothing stays for the next person at this computer."""
    host.open()
    host.await_ready()
    host.slider.press("PageUp")
    host.slider.press("PageUp")

    host.page.reload()
    host.set_token()

    expect(host.slider).to_have_attribute("aria-valuenow", "4")
    assert host.page.evaluate("() => localStorage.length") == 0


def test_without_peaks_there_is_a_plain_bar(host: PlayerPage) -> None:
    """It seeks all the same."""
    del host.recording["waveform"]
    host.open()

    expect(host.slider).to_have_class("timeline plain")
    host.slider.press("End")
    expect(host.slider).to_have_attribute("aria-valuenow", str(SECONDS))


def test_it_waits_for_its_token(host: PlayerPage) -> None:
    """Nothing is asked without one; set later, also before the file arrived, it is used."""
    host.open(signed_in=False)
    assert not [url for url in host.asked if "/recordings/" in url]

    host.set_token()

    host.await_ready()


@pytest.mark.parametrize("format_tag", [6, 7], ids=["a-law", "mu-law"])
def test_the_formats_of_telephones_play(host: PlayerPage, format_tag: int) -> None:
    """Chromium decodes both; a browser that does not gets the offer of the next test."""
    host.audio = wav(format_tag)
    host.open()

    host.play_button.click()

    reached(host, 0.3)


def test_what_the_browser_cannot_play_is_offered_as_a_file(host: PlayerPage) -> None:
    """GSM in a WAV file: a second URL is tried, then the player says so and hands out the file."""
    host.audio = wav(49)
    host.open(attributes="download")

    host.play_button.click()

    expect(host.message).to_contain_text(ANOTHER_PROGRAM)
    assert host.urls_asked() == 2
    with host.page.expect_download() as download:
        host.player.get_by_role("button", name="Download").last.click()
    assert download.value.suggested_filename == "1001.wav"


def test_a_content_type_no_browser_knows_is_not_even_fetched(host: PlayerPage) -> None:
    """Without the right to download, nothing is offered that would not work."""
    host.content_type = "audio/x-unheard-of"
    host.open()

    host.play_button.click()

    expect(host.message).to_contain_text("can't play")
    expect(host.message).not_to_contain_text(ANOTHER_PROGRAM)
    assert not [url for url in host.asked if "/audio" in url]


def test_what_is_not_archived_yet_is_asked_for_again(host: PlayerPage) -> None:
    """As soon as the archive said, by itself, until it can be played."""
    host.recording["state"] = "PENDING"
    host.on_playback_url = problem(
        409, "recording-pending", "This recording is not archived yet.", retry_after=2
    )
    host.open()
    expect(host.message).to_contain_text("not archived yet. Asking again in 2 seconds.")
    expect(host.play_button).to_be_hidden()

    host.recording["state"] = "ARCHIVED"

    expect(host.play_button).to_be_visible()
    expect(host.message).to_have_text("")


@pytest.mark.parametrize(
    ("state", "answer", "told"),
    [
        ("ABSENT", problem(410, "recording-absent", "Gone.", reason="deleted"), "Deleted."),
        ("FAILED", problem(409, "recording-failed", "Failed.", reason="not audio"), "Not audio."),
    ],
)
def test_what_will_never_play_says_why(
    host: PlayerPage, state: str, answer: Any, told: str
) -> None:
    """Its reason is told, and there is nothing to press."""
    host.recording["state"] = state
    host.on_playback_url = answer
    host.open()

    expect(host.message).to_contain_text(told)
    expect(host.player.get_by_role("button")).to_have_count(0)


def test_cold_storage_says_how_to_restore(host: PlayerPage) -> None:
    """The waveform stays, for it can be played when it is back."""
    host.on_playback_url = problem(
        409, "recording-in-cold-storage", "Restore it with aws s3api restore-object."
    )
    host.open()

    host.play_button.click()

    expect(host.message).to_contain_text("restore-object")
    expect(host.play_button).to_have_attribute("aria-label", "Play")


def test_what_one_may_not_hear_looks_unknown(host: PlayerPage) -> None:
    """The player says both, for it cannot know."""
    host.on_recording = problem(404, "unknown-recording", "No such recording.")
    host.open()

    expect(host.message).to_contain_text("no such recording, or you may not hear it")
    assert host.heard() == [["error", 404]]


def test_a_lost_connection_is_told_and_mended(host: PlayerPage) -> None:
    """Once the browser is online again the player goes on by itself."""
    host.on_recording = lambda route: route.abort()
    host.open()
    expect(host.message).to_contain_text("Check your connection")

    host.on_recording = None
    host.page.evaluate("() => { dispatchEvent(new Event('online')); }")

    host.await_ready()


def test_another_recording_takes_the_place_of_the_first(host: PlayerPage) -> None:
    """A late answer about the first changes nothing."""
    held: list[Route] = []
    host.on_recording = held.append
    host.open()
    wait_for(host.page, lambda: bool(held))
    host.on_recording = None
    host.recording = {**RECORDING, "id": "1002", "durationSeconds": 7}

    host.player.evaluate("player => player.setAttribute('recording-id', '1002')")
    expect(host.slider).to_have_attribute("aria-valuemax", "7")
    headers = {"Access-Control-Allow-Origin": "*"}
    held[0].fulfill(json=RECORDING, headers=headers)
    host.page.wait_for_timeout(100)

    expect(host.slider).to_have_attribute("aria-valuemax", "7")
    assert [url for url in host.asked if url == f"{ARCHIVE}/recordings/1002"]
