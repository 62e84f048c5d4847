"""The page on which a person chooses a user."""

from collections.abc import Iterable
from html import escape

from local.oidc.users import User

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { display: grid; place-items: center; min-height: 90vh; margin: 0 1rem; }
main { width: min(100%, 24rem); }
h1 { font-size: 1.4rem; margin: 0; }
button { display: block; width: 100%; margin: .75rem 0; padding: .75rem 1rem; font: inherit;
  text-align: left; border: 1px solid #8888; border-radius: .5rem; cursor: pointer; }
strong, small { display: block; }
"""


def sign_in_page(users: Iterable[User]) -> str:
    """Return a page with a button for each user, which posts their name to its own address."""
    return _page(
        "Sign in",
        "<p>This sign-in is for this machine only: choose who you are, there is no password.</p>"
        f'<form method="post">{"".join(map(_button, users))}</form>',
    )


def fault_page(fault: str) -> str:
    """Return a page with the reason why the sign-in failed."""
    return _page("This sign-in can't go on", f"<p>{escape(fault)}</p>")


def _button(user: User) -> str:
    return (
        f'<button name="user" value="{escape(user.name)}"><strong>{escape(user.name)}</strong>'
        f"<small>{escape(user.may)}</small></button>"
    )


def _page(heading: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(heading)}</h1>{body}</main></body></html>"
    )
