"""The smallest client that speaks to the simulator, and a clock that tests move."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from local.ringcentral.http.server import Simulator
from local.ringcentral.limits.access_tokens import JWT_GRANT

LONG_AGO = "2026-01-01T00:00:00Z"
DEADLINE_S = 30


class Clock:
    """An instant that moves when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the instant."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += timedelta(seconds=seconds)


class Client:
    """Speaks to one simulator over one connection."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.options = simulator.options
        self.account_url = f"{simulator.base_url}/restapi/v1.0/account/~"
        self.session = requests.Session()

    def mint(self, **form: str) -> requests.Response:
        """Ask for a token; `form` replaces or adds fields, an empty one leaves a field out."""
        fields = {"grant_type": JWT_GRANT, "assertion": self.options.jwts[0], **form}
        return self.session.post(
            f"{self.simulator.base_url}/restapi/oauth/token",
            data={name: value for name, value in fields.items() if value},
            auth=(self.options.client_id, self.options.client_secret),
            timeout=DEADLINE_S,
        )

    def sign_in(self, **form: str) -> "Client":
        """Use a new token from now on."""
        token = self.mint(**form).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        return self

    def get(
        self, path: str, *, headers: dict[str, str] | None = None, **query: Any
    ) -> requests.Response:
        """Get a path below the account, or an absolute URI."""
        url = path if path.startswith("http") else self.account_url + path
        return self.session.get(url, params=query, headers=headers, timeout=DEADLINE_S)

    def content(
        self, recording_id: str, *, headers: dict[str, str] | None = None
    ) -> requests.Response:
        """Get a recording's audio."""
        return self.get(f"/recording/{recording_id}/content", headers=headers)

    def call_log(self, **query: Any) -> dict[str, Any]:
        """Return one page since long ago; `query` may say otherwise."""
        response = self.get("/call-log", **{"dateFrom": LONG_AGO, **query})
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json()
        return document

    def pages(self, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield all pages, by `navigation.nextPage`."""
        page = self.call_log(**query)
        yield page
        while "nextPage" in page["navigation"]:
            page = self.get(page["navigation"]["nextPage"]["uri"]).json()
            yield page

    def records(self, **query: Any) -> list[dict[str, Any]]:
        """Return the records of all pages."""
        return [record for page in self.pages(**query) for record in page["records"]]


def recording_ids(records: list[dict[str, Any]]) -> list[str]:
    """Return the ids of the recordings that records and legs name, as often as they do."""
    parts = [part for record in records for part in (record, *record.get("legs", ()))]
    return [part["recording"]["id"] for part in parts if "recording" in part]
