"""What anybody is served: the page, its files, and the contract."""

import pytest
import yaml

from local.places import ROOT
from tests.integration.playback_api.site import Site, answered, event


def test_the_page_allows_audio_from_the_vault_only(site: Site) -> None:
    """Nothing inline, nothing foreign: scripts from here, audio from where URLs lead."""
    answer = answered(event("page"))

    policy = answer["headers"]["content-security-policy"].split("; ")
    assert (answer["status"], answer["headers"]["content-type"]) == (
        200,
        "text/html; charset=utf-8",
    )
    assert policy[:2] == ["default-src 'none'", "script-src 'self'"]
    assert f"media-src {site.cloud.url}" in policy
    assert "unsafe" not in answer["headers"]["content-security-policy"]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("file_name", "content_type"),
    [
        ("page.js", "text/javascript; charset=utf-8"),
        ("page.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_the_pages_files_come_with_their_types(file_name: str, content_type: str) -> None:
    """With nosniff a wrong type is a page that does not work."""
    answer = answered(event("page_file", rawPath=f"/web/{file_name}"))

    assert (answer["status"], answer["headers"]["content-type"]) == (200, content_type)
    expected = ROOT / "functions/playback_api/web" / file_name
    assert answer["body"] == expected.read_text(encoding="utf-8")


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("file_name", ["none.js", "..", "../handler.py", "handler.py", "%2e%2e"])
def test_no_other_file_is_served(file_name: str) -> None:
    """Only what lies in the page's folder, by its exact name."""
    assert answered(event("page_file", rawPath=f"/web/{file_name}"))["status"] == 404


@pytest.mark.usefixtures("site")
def test_every_file_that_the_page_names_is_served() -> None:
    """A file that is renamed in one place only is found here."""
    html = answered(event("page"))["body"]
    named = {part.split('"')[0] for part in html.split('"web/')[1:]}

    assert named
    for file_name in named:
        assert answered(event("page_file", rawPath=f"/web/{file_name}"))["status"] == 200


@pytest.mark.usefixtures("site")
def test_the_contract_is_served_as_it_is() -> None:
    """Anybody can read what the API promises."""
    answer = answered(event("page", rawPath="/openapi.yaml"))

    assert (answer["status"], answer["headers"]["content-type"]) == (200, "application/yaml")
    assert yaml.safe_load(answer["body"])["openapi"].startswith("3.")
