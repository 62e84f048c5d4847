"""Whom the servers of the local stack answer: this machine by its own names, no foreign page.

They listen on loopback, which does not keep web pages out. A page whose name is rebound to
127.0.0.1 shares its origin with a server here and reads whatever it answers, so the Host header
has to name this machine. A page of any other origin can't read answers, but its simple requests
arrive all the same, so changing requests are accepted only from the server's own page.
"""

import re
from http.server import BaseHTTPRequestHandler

MISDIRECTED_REQUEST = 421
FORBIDDEN = 403
_OWN_HOST = re.compile(r"(localhost|127\.0\.0\.1)(:[0-9]{1,5})?", re.IGNORECASE)
# A browser's values for a request that was typed in, and of one that the server's own page makes.
_OWN_FETCH_SITES = (None, "none", "same-origin")
# A client whose body is not read may see a broken connection in place of the answer.
_MAX_DRAINED_BYTES = 1024 * 1024


def is_own_host(host: str | None) -> bool:
    """Whether a Host header names this machine; a request without one does not."""
    return host is not None and _OWN_HOST.fullmatch(host) is not None


def is_from_foreign_page(
    *, host: str | None, origin: str | None, sec_fetch_site: str | None
) -> bool:
    """Whether a browser sends a request for a page that is not the server's own.

    Each argument is the header of that name, None if it was not sent. Programs send neither
    Origin nor Sec-Fetch-Site.
    """
    has_own_origin = origin is None or origin.lower() == f"http://{host}".lower()
    return not has_own_origin or sec_fetch_site not in _OWN_FETCH_SITES


class OwnMachineHandler(BaseHTTPRequestHandler):
    """Answers 421 to requests for another host, and 403 to pages of another origin.

    A handler for such pages sets `answers_foreign_pages`.
    """

    answers_foreign_pages = False

    def parse_request(self) -> bool:
        """Read the head of a request; False if it has been refused already."""
        if not super().parse_request():
            return False
        status = self._refusal()
        if status is not None:
            self._refuse(status)
        return status is None

    def _refusal(self) -> int | None:
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not is_own_host(hosts[0]):
            return MISDIRECTED_REQUEST
        is_foreign = is_from_foreign_page(
            host=hosts[0],
            origin=self.headers.get("Origin"),
            sec_fetch_site=self.headers.get("Sec-Fetch-Site"),
        )
        return FORBIDDEN if is_foreign and not self.answers_foreign_pages else None

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        length = self.headers.get("Content-Length", "")
        self.rfile.read(min(int(length), _MAX_DRAINED_BYTES) if length.isdecimal() else 0)
        self.send_response_only(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
