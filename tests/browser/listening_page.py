"""The page as a person uses it: signs in, looks at the list, works the player."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.stack import Stack
from tests.browser.waiting import wait_for


def sign_in(page: Page, stack: Stack, user: str = "listener", *, fragment: str = "") -> None:
    """Open the page, and go through the sign-in page and back."""
    page.goto(stack.page_url + fragment)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=user).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def rows(page: Page) -> Locator:
    """Return the recordings that the page shows."""
    return page.locator("#results [data-id]")


def row(page: Page, recording_id: str) -> Locator:
    """Return one recording that the page shows."""
    return page.locator(f'#results [data-id="{recording_id}"]')


def shown_ids(page: Page) -> list[str | None]:
    """Return the ids of the recordings that the page shows, from top to bottom."""
    return [element.get_attribute("data-id") for element in rows(page).all()]


def audio(page: Page, member: str) -> float:
    """Return a number of the audio element in the player."""
    script = f"player => player.shadowRoot.querySelector('audio').{member}"
    return float(page.locator("ringvault-player").evaluate(script))


def seek(page: Page, position_s: float) -> None:
    """Move the player to a position."""
    page.locator("ringvault-player").evaluate(f"player => {{ player.currentTime = {position_s}; }}")


def wait_until_past(page: Page, position_s: float) -> float:
    """Wait until the audio has data beyond a position, and return where it is."""
    wait_for(
        page,
        lambda: audio(page, "currentTime") > position_s and audio(page, "readyState") > 1,
        page.locator("ringvault-player").inner_text,
    )
    return audio(page, "currentTime")
