"""The sample users of this machine, and the claims of their tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

LISTENERS_ALL = "ringvault-listeners-all"
# RingCentral's id of extension 108, which takes part in the simulated account's calls.
AGENT_EXTENSION_ID = "600000108"


@dataclass(frozen=True, slots=True)
class User:
    """A user who signs in without a password; `may` describes what they hear."""

    name: str
    may: str
    claims: Mapping[str, object] = field(default_factory=dict)


USERS = {
    user.name: user
    for user in (
        User("listener", "hears every recording", {"cognito:groups": [LISTENERS_ALL]}),
        User(
            "agent",
            "hears the recordings of extension 108 only",
            {"custom:extension_id": AGENT_EXTENSION_ID},
        ),
        User("visitor", "may hear nothing"),
    )
}
