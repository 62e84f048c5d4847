"""An issuer's keys, found as API Gateway does: by discovery, then its key set."""

from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import InvalidKeyError, PyJWK

_ANSWERS_WITHIN_S = 2


class IssuerKeys:
    """An issuer's RSA keys by id; read again only if a token names an unknown one."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._keys: dict[str, RSAPublicKey] = {}

    def __call__(self, key_id: str) -> RSAPublicKey | None:
        """Return a key; None if the issuer has none of this id, or can't be reached."""
        if key_id not in self._keys:
            self._keys = self._fetched()
        return self._keys.get(key_id)

    def _fetched(self) -> dict[str, RSAPublicKey]:
        try:
            discovery = _get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if discovery["issuer"] != self._issuer:
                return {}
            return dict(filter(None, map(_rsa_key, _get(discovery["jwks_uri"])["keys"])))
        except (requests.RequestException, KeyError):
            return {}


def _get(url: str) -> dict[str, Any]:
    answer = requests.get(url, timeout=_ANSWERS_WITHIN_S)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _rsa_key(jwk: dict[str, Any]) -> tuple[str, RSAPublicKey] | None:
    try:
        key = PyJWK(jwk).key
    except InvalidKeyError:
        return None
    return (jwk["kid"], key) if isinstance(key, RSAPublicKey) else None
