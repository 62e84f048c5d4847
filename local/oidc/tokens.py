"""ID tokens of the sample users, and the key of this machine that signs them."""

import contextlib
import hashlib
import os
import secrets
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local.errors import SetupError
from local.oidc.users import USERS
from local.places import STATE_FOLDER

CLIENT_ID = "ringvault"
ID_TOKEN_LIFETIME_S = 4 * 3600
_KEY_FILE = "token-key.pem"
_ANSWERS_WITHIN_S = 20


def issue_token(*, user: str = "listener", issuer: str, nonce: str | None = None) -> str:
    """Return an ID token of a sample user, signed by the issuer at that URL, for four hours.

    Any stack on this machine that trusts the issuer accepts it: all of them share one key.
    """
    now = int(time.time())
    claims = {
        **USERS[user].claims,
        "iss": issuer,
        "aud": CLIENT_ID,
        "sub": user,
        "cognito:username": user,
        "token_use": "id",
        "iat": now,
        "exp": now + ID_TOKEN_LIFETIME_S,
        "jti": secrets.token_hex(16),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    key = signing_key()
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": key_id(key.public_key())})


def issuer_of(page_url: str) -> str:
    """Return the issuer of the stack with that page.

    Raises:
        SetupError: no stack answers there.
    """
    try:
        answer = requests.get(f"{page_url.rstrip('/')}/sign-in.json", timeout=_ANSWERS_WITHIN_S)
        answer.raise_for_status()
        parts = urlsplit(answer.json()["tokenEndpoint"])
    except (requests.RequestException, KeyError) as error:
        raise SetupError(f"no stack at {page_url}: start one, or give its --port") from error
    return f"{parts.scheme}://{parts.netloc}"


def public_keys() -> dict[str, Any]:
    """Return the keys for checking tokens, as a JSON Web Key Set."""
    public = signing_key().public_key()
    jwk = RSAAlgorithm.to_jwk(public, as_dict=True)
    return {"keys": [jwk | {"kid": key_id(public), "use": "sig", "alg": "RS256"}]}


def key_id(key: rsa.RSAPublicKey) -> str:
    """Return the id of a key, which is unique."""
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()[:16]


def signing_key(folder: Path = STATE_FOLDER) -> rsa.RSAPrivateKey:
    """Return this machine's key; the first call makes it, readable by its owner only."""
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
    # mkstemp gives mode 0600, and a link lets only the first of several makers succeed.
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    Path(draft).unlink()
