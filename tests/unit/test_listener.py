"""Who a token's claims are about, and what they may hear."""

import pytest

from ringvault.core.listener import Listener, NotAListenerError, listener_of

GROUPS, EXTENSION = "cognito:groups", "custom:extension_id"


def listener(**claims: object) -> Listener:
    """Return who is meant by claims, given with `_` in place of `:`."""
    named = {name.replace("_", ":", 1) if "_" in name else name: claims[name] for name in claims}
    return listener_of(named, groups_claim=GROUPS, extension_claim=EXTENSION)


@pytest.mark.parametrize(
    "groups",
    ["[staff ringvault-listeners-all]", "[ringvault-listeners-all]", "ringvault-listeners-all"],
)
def test_members_of_the_group_hear_all(groups: str) -> None:
    """As an HTTP API writes arrays, or as a claim that is a text stands."""
    assert listener(sub="ada", cognito_groups=groups) == Listener("ada", True, None)  # noqa: FBT003


@pytest.mark.parametrize("groups", ["[staff]", "[]", ""])
def test_an_extension_is_heard_by_whose_it_is(groups: str) -> None:
    """Whatever other groups somebody belongs to."""
    somebody = listener(sub="nina", cognito_groups=groups, custom_extension_id=" 9 ")

    assert somebody == Listener("nina", False, "9")  # noqa: FBT003


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "ada"},
        {"sub": "ada", "cognito_groups": "[staff]"},
        {"sub": "ada", "cognito_groups": "[ringvault-listeners-all-but-one]"},
        {"sub": "ada", "cognito_groups": "[not-ringvault-listeners-all]"},
        {"sub": "ada", "cognito_groups": 1},
        {"sub": "ada", "groups": "[ringvault-listeners-all]"},
        {"sub": "ada", "custom_extension_id": " "},
        {"sub": "ada", "custom_extension_id": 9},
        {"sub": "", "cognito_groups": "[ringvault-listeners-all]"},
        {"cognito_groups": "[ringvault-listeners-all]"},
        {},
    ],
)
def test_whoever_the_token_says_nothing_of_is_no_listener(claims: dict[str, object]) -> None:
    """Neither group nor extension, or nobody whom the audit could name."""
    with pytest.raises(NotAListenerError):
        listener(**claims)


@pytest.mark.parametrize(
    ("extension_id", "heard"), [("9", True), ("8", False), ("99", False), (None, False)]
)
def test_an_agent_hears_one_extension(*, extension_id: str | None, heard: bool) -> None:
    """A recording that names no extension is nobody's own."""
    agent = listener(sub="nina", custom_extension_id="9")

    assert agent.may_hear(extension_id) is heard
    assert listener(sub="ada", cognito_groups="[ringvault-listeners-all]").may_hear(extension_id)


def test_who_has_no_extension_hears_nothing_of_nobodys() -> None:
    """Two that are missing are not the same."""
    assert not Listener("nina", hears_all=False, extension_id=None).may_hear(None)
