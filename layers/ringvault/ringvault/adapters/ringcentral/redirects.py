"""Checks where a redirect leads: URLs from RingCentral are untrusted input."""

import ipaddress
import socket
from enum import Enum, auto
from urllib.parse import SplitResult, urlsplit

from ringvault.core.errors import RedirectRefusedError, ServiceUnavailableError


class HostReach(Enum):
    """The kind of an address."""

    PUBLIC = auto()
    PRIVATE = auto()
    LOOPBACK = auto()
    OTHER = auto()  # link-local, with the instance metadata, and invalid addresses


class ForeignHosts:
    """Checks hosts other than RingCentral's configured ones.

    They must have https and public addresses, so that no redirect leads into the account's own
    network or to the instance metadata. Where the configured RingCentral has plain http, or a
    private or loopback address, it is a simulator: then other hosts may have the same, and
    nothing else. Link-local addresses are always refused.
    """

    def __init__(self, *, configured_urls: tuple[str, ...]) -> None:
        self._configured_urls = configured_urls
        self._allowed: set[tuple[str, HostReach]] | None = None

    def check(self, url: str) -> None:
        """Raise RedirectRefusedError where `url` must not be followed."""
        try:
            parts = urlsplit(url)
            host, has_user = parts.hostname, parts.username is not None
        except ValueError:
            raise RedirectRefusedError("a redirect leads to a malformed URL") from None
        if not host or has_user or parts.scheme not in {"http", "https"}:
            raise RedirectRefusedError(
                f"a redirect leads to {str(host)[:100]!r} by a URL that is not plain http or https"
            )
        if not _ways(parts) <= self._allowed_ways():
            raise RedirectRefusedError(
                f"a redirect leads to {host[:100]!r}, which is not public https"
            )

    def _allowed_ways(self) -> set[tuple[str, HostReach]]:
        if self._allowed is None:
            configured = (_ways(urlsplit(url)) for url in self._configured_urls)
            never = {(scheme, HostReach.OTHER) for scheme in ("http", "https")}
            self._allowed = {("https", HostReach.PUBLIC)}.union(*configured) - never
        return self._allowed


def _ways(parts: SplitResult) -> set[tuple[str, HostReach]]:
    """Return the scheme and the kind of each address of a URL's host."""
    try:
        found = socket.getaddrinfo(parts.hostname, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ServiceUnavailableError(f"a host has no address: {type(error).__name__}") from error
    return {(parts.scheme, _reach(str(entry[4][0]))) for entry in found}


def _reach(address: str) -> HostReach:
    ip = ipaddress.ip_address(address)
    if ip.is_global:
        return HostReach.PUBLIC
    if ip.is_loopback:
        return HostReach.LOOPBACK
    if ip.is_private and not ip.is_link_local and not ip.is_unspecified:
        return HostReach.PRIVATE
    return HostReach.OTHER
