"""Tokens of a listener, as an identity provider would issue them, for this machine only."""

import contextlib
import os
import secrets
import tempfile
import time
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.places import STATE_FOLDER

# A name, not an address: it stays the same whatever port the stack listens on.
ISSUER = "http://localhost/local-issuer"
AUDIENCE = "ringvault"
LISTENER = "listener"
LISTENERS_ALL = "ringvault-listeners-all"
_LIFETIME_S = 12 * 3600
_KEY_FILE = "token-key.pem"


def issue_token(*, user: str = LISTENER, group: str = LISTENERS_ALL) -> str:
    """Return a token that the local API accepts for twelve hours."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": user,
        "username": user,
        "cognito:groups": [group],
        "token_use": "id",
        "iat": now,
        "exp": now + _LIFETIME_S,
        "jti": secrets.token_hex(16),
    }
    return jwt.encode(claims, signing_key(), algorithm="RS256")


def signing_key(folder: Path = STATE_FOLDER) -> rsa.RSAPrivateKey:
    """Return this machine's key; it is made at the first call, for its owner's eyes only."""
    path = folder / _KEY_FILE
    if not path.exists():
        _make_key(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} is not an RSA key; delete it and a new one is made")
    return key


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # mkstemp gives mode 0600, and a link lets only the first of several makers win.
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    Path(draft).unlink()
