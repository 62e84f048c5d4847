"""Damaged pages of the call log, each as a function of the whole page."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from local.ringcentral.http.answers import Json

# A parameter that RingCentral doesn't know and ignores: the address differs, the page does not.
_AGAIN = "again"


def _empty_with_next(page: Any) -> Json:  # noqa: ANN401 - JSON
    """Return a page without records whose next page has them."""
    following = {"uri": _another_address(page["uri"])}
    navigation = {**page["navigation"], "nextPage": following}
    paging = {name: page["paging"][name] for name in ("page", "perPage")}
    return {**page, "records": [], "paging": paging, "navigation": navigation}


def _cyclic(page: Any) -> Json:  # noqa: ANN401 - JSON
    """Return a page whose next page is itself."""
    return {**page, "navigation": {**page["navigation"], "nextPage": {"uri": page["uri"]}}}


def _repeated(page: Any) -> Json:  # noqa: ANN401 - JSON
    """Return a page that has its first record twice, as if it had moved while it was read."""
    return {**page, "records": [*page["records"][:1], *page["records"]]}


def _another_address(uri: str) -> str:
    parts = urlsplit(uri)
    query = parse_qs(parts.query)
    again = int(query.get(_AGAIN, ["0"])[0]) + 1
    return parts._replace(query=urlencode({**query, _AGAIN: [again]}, doseq=True)).geturl()


PAGE_DAMAGES: Mapping[str, Callable[[Json], Json]] = {
    "page-empty-with-next": _empty_with_next,
    "page-cyclic": _cyclic,
    "page-repeated": _repeated,
}
