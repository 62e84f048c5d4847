"""What counts as this machine, and as a page of somebody else."""

import pytest

from local.own_machine import is_from_foreign_page, is_own_host

OWN = "localhost:5000"


@pytest.mark.parametrize("host", ["localhost", OWN, "127.0.0.1:8080", "LocalHost:1", "127.0.0.1"])
def test_this_machine_has_two_names(host: str) -> None:
    """With a port or without."""
    assert is_own_host(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example:5000",
        "localhost.evil.example",
        "localhost:5000.evil.example",
        "evil.example:localhost",
        "localhost@evil.example",
        "localhost,evil.example",
        "localhost:",
        "localhost:\u0661",
        "localhost\n",
        "127.0.0.1.nip.io",
        "bucket.localhost:5000",
        "0.0.0.0:5000",
        "127.1",
    ],
)
def test_any_other_name_may_be_rebound(host: str | None) -> None:
    """Also names that contain one of this machine's, or lead to it."""
    assert not is_own_host(host)


@pytest.mark.parametrize(
    ("origin", "sec_fetch_site"),
    [(None, None), (f"http://{OWN}", "same-origin"), (None, "none"), (f"http://{OWN}", None)],
)
def test_programs_and_the_servers_own_page_are_not_foreign(
    origin: str | None, sec_fetch_site: str | None
) -> None:
    """Nor is an address that somebody types in."""
    assert not is_from_foreign_page(host=OWN, origin=origin, sec_fetch_site=sec_fetch_site)


@pytest.mark.parametrize(
    ("origin", "sec_fetch_site"),
    [
        ("https://evil.example", None),
        ("null", None),
        ("http://localhost:8080", "same-site"),
        ("https://localhost:5000", None),
        (None, "cross-site"),
        (None, "same-site"),
        (None, "anything new"),
    ],
)
def test_what_a_browser_sends_for_another_page_is_foreign(
    origin: str | None, sec_fetch_site: str | None
) -> None:
    """Another port of this machine is another origin, and an image sends no Origin at all."""
    assert is_from_foreign_page(host=OWN, origin=origin, sec_fetch_site=sec_fetch_site)
