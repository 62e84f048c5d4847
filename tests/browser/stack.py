"""What the tests of the page know of the running stack."""

from dataclasses import dataclass
from typing import Any

import requests

from local.oidc.tokens import issue_token, issuer_of
from local.oidc.users import AGENT_EXTENSION_ID


@dataclass(frozen=True, slots=True)
class Stack:
    """Where the page is, and the port of a site on this machine that may embed the player."""

    page_url: str
    embedding_port: int

    def token(self, user: str = "listener") -> str:
        """Return an ID token of a ready-made user."""
        return issue_token(user=user, issuer=issuer_of(self.page_url))

    def recordings(self, **filters: str) -> list[dict[str, Any]]:
        """Return what the API lists for the user who hears all, newest first."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        answer = requests.get(
            f"{self.page_url}recordings", params=filters, headers=headers, timeout=10
        )
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["recordings"]
        return found

    def recordings_of_agent(self) -> list[dict[str, Any]]:
        """Return those that the agent may hear."""
        return self.recordings(extension=AGENT_EXTENSION_ID)
