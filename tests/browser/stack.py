"""What the tests of the page know of the running stack."""

from dataclasses import dataclass
from typing import Any

import requests


@dataclass(frozen=True, slots=True)
class Stack:
    """Where the page is, and a listener's token."""

    page_url: str
    token: str

    @property
    def signed_in_url(self) -> str:
        """Return the page's address with the token, as `python -m local up` prints it."""
        return f"{self.page_url}#access_token={self.token}"

    def recordings(self) -> list[dict[str, Any]]:
        """Return what the API lists."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.get(f"{self.page_url}recordings", headers=headers, timeout=10)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["recordings"]
        return found
