"""Where a redirect may lead: URLs from RingCentral are hostile input."""

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from ringvault.core.errors import ForeignHostError, ServiceUnavailableError


class ForeignHosts:
    """Judges hosts that are not RingCentral's configured ones.

    They have to speak https and to be on public addresses, so that nobody is led into the
    account's own network or to the instance metadata. A configured RingCentral that is itself on
    http, or on an address that is not public, is a simulator: then others may be as well.
    """

    def __init__(self, *, configured_urls: tuple[str, ...]) -> None:
        self._configured_urls = configured_urls
        self._is_simulated: bool | None = None

    def check(self, url: str) -> None:
        """Raise ForeignHostError when `url` must not be followed."""
        try:
            parts = urlsplit(url)
            host, has_user = parts.hostname, parts.username is not None
        except ValueError:
            raise ForeignHostError("a redirect leads to a malformed URL") from None
        if not host or has_user or parts.scheme not in {"http", "https"}:
            raise ForeignHostError(f"a redirect leads to {str(host)[:100]!r} in a way of its own")
        if self._is_safe(parts) or self._is_configured_as_simulator():
            return
        raise ForeignHostError(f"a redirect leads to {host[:100]!r}, which is not public https")

    def _is_safe(self, parts: SplitResult) -> bool:
        return parts.scheme == "https" and _is_public(str(parts.hostname))

    def _is_configured_as_simulator(self) -> bool:
        if self._is_simulated is None:
            self._is_simulated = not all(
                self._is_safe(urlsplit(url)) for url in self._configured_urls
            )
        return self._is_simulated


def _is_public(host: str) -> bool:
    """Whether every address of the host is one of the public internet."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ServiceUnavailableError(f"a host has no address: {type(error).__name__}") from error
    return all(ipaddress.ip_address(str(entry[4][0])).is_global for entry in found)
