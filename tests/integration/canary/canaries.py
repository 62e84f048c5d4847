"""Values that must never be seen again, and how they are found in whatever came out."""

import re
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

# Each kind of what docs/security.md protects. All but a number and a name could pass for a word, as
# error codes and groups are; the others have a form that could.
CLIENT_SECRET = "canarySecretZq7xW"
JWT = "canaryJwtVk3pL"
ACCESS_TOKEN = "canaryTokenWp9sM"
SIGNATURE = "canarySignatureHb5tR"
NAME = "Canary Quillfeather"
NUMBER = "+15550107733"
KINDS: Mapping[str, tuple[str, ...]] = {
    "client secret": (CLIENT_SECRET,),
    "JWT": (JWT,),
    "access token": (ACCESS_TOKEN,),
    "presigned URL": (SIGNATURE,),
    "name": (NAME, "Quillfeather"),
    "phone number": (NUMBER, NUMBER.removeprefix("+1")),
}
PEOPLE = frozenset({"name", "phone number"})
WORDS = tuple(forms[-1] for forms in KINDS.values())
_BETWEEN_DIGITS = re.compile(r"[\s().-]+")


def kinds_in(text: str) -> set[str]:
    """Return the kinds of which a value is in the text: plain, in a URL, in base64, in any case."""
    return {kind for kind, values in KINDS.items() if any(is_in(text, it) for it in values)}


def is_in(text: str, value: str) -> bool:
    """Whether a value is in the text in any of these forms."""
    plain = text.casefold()
    forms = {value.casefold(), quote(value, safe="").casefold()}
    return (
        any(form in plain for form in forms)
        or any(form in text for form in _in_base64(value))
        or _is_number_in(plain, value)
    )


def _is_number_in(text: str, value: str) -> bool:
    digits = value.removeprefix("+")
    return digits.isdigit() and digits in _BETWEEN_DIGITS.sub("", text)


def _in_base64(value: str) -> set[str]:
    """Return what base64 makes of a value wherever it begins, without what depends on others."""
    content = value.encode()
    return {
        b64encode(bytes(before) + content).decode()[
            -(-before * 4 // 3) : (before + len(content)) * 4 // 3
        ]
        for before in range(3)
    }
