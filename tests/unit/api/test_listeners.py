"""Who a token's claims are about, and what they may hear."""

import json
from base64 import urlsafe_b64encode

import pytest

from ringvault.api.listeners import listener_of
from ringvault.core.playback.rights import Listener, NotAListenerError

ALL = "ringvault-listeners-all"
# What Python takes for whitespace, and an HTTP API never puts between two groups.
OTHER_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2028\u2029\u202f\u205f\u3000"
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
        *({"sub": "ada", "cognito_groups": f"[staff x{it}{ALL}]"} for it in OTHER_SPACES),
        *({"sub": "ada", "cognito_groups": f"{it}{ALL}{it}"} for it in OTHER_SPACES),
        {"sub": "ada", "cognito_groups": f"staff {ALL}"},
        {"sub": "ada", "cognito_groups": f"[{ALL}"},
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


IDENTITY = {"sub": "ada", "iss": "https://issuer.example", "iat": 1_795_348_800, "jti": "1"}


def header(**claims: object) -> str:
    """Return an Authorization header with a token of these claims; nobody signed it."""
    named = {**IDENTITY, **{name.replace("_", ":"): claims[name] for name in claims}}
    payload = urlsafe_b64encode(json.dumps(named).encode()).decode().rstrip("=")
    return f"Bearer e30.{payload}.c2ln"


def asking(authorization: str, *, groups: str) -> Listener:
    """Return who asks with that header, of whose token the authorizer handed that on."""
    claims = {name: str(value) for name, value in IDENTITY.items()} | {GROUPS: groups}
    return listener_of(
        {**claims, EXTENSION: "9"},
        groups_claim=GROUPS,
        extension_claim=EXTENSION,
        authorization=authorization,
    )


@pytest.mark.parametrize("space", " " + OTHER_SPACES)
def test_a_space_in_a_groups_name_makes_no_second_group(space: str) -> None:
    """The token says where one group ends, which the text that was made of it does not."""
    name = f"x{space}{ALL}"

    assert not asking(header(cognito_groups=[name]), groups=f"[{name}]").hears_all
    assert not asking(header(cognito_groups=name), groups=name).hears_all
    assert asking(header(cognito_groups=[name, ALL]), groups=f"[{name} {ALL}]").hears_all


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer  ", ""])
def test_the_token_is_taken_as_the_authorizer_takes_it(scheme: str) -> None:
    """With the scheme in any case, or without one."""
    token = header(cognito_groups=["staff", ALL]).removeprefix("Bearer ")

    assert asking(scheme + token, groups=f"[staff {ALL}]").hears_all


@pytest.mark.parametrize(
    "authorization",
    [
        header(cognito_groups=["staff", ALL], sub="eve"),
        header(cognito_groups=["staff", ALL], jti="2"),
        header(cognito_groups=["staff", ALL], iat=1),
        header(cognito_groups=["staff", ALL], iss="https://other.example"),
        header(cognito_groups=["staff", ALL]) + "," + header(cognito_groups=["staff", ALL]),
        header(cognito_groups=["staff", ALL]) + "\n",
        header(cognito_groups=["staff", ALL], padding="x" * 10_240),
        "Bearer e30.e30.c2ln",
        "Bearer e30.W10.c2ln",
        "Bearer e30.a.c2ln",
        "Bearer e30." + urlsafe_b64encode(b"[" * 6_000).decode() + ".c2ln",
        "Basic YTpi",
        "",
    ],
)
def test_another_token_opens_nothing(authorization: str) -> None:
    """A text that could be one group or two is none then; one that is a single group is plain."""
    assert not asking(authorization, groups=f"[staff {ALL}]").hears_all
    assert asking(authorization, groups=f"[{ALL}]").hears_all


@pytest.mark.parametrize("groups", [None, 1, {ALL: 1}, [[ALL]], [], "staff"])
def test_a_claim_of_another_kind_opens_nothing(groups: object) -> None:
    """Only the name itself is the name."""
    assert not asking(header(cognito_groups=groups), groups=f"[{ALL}]").hears_all
