"""Which numbers take part in a call, and how they are compared."""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from ringvault.core.recording import CallLogRecord

# What people and RingCentral put between digits. A masked number, +3351234XXXX, is none.
_WRITTEN = re.compile(r"\+?[0-9\s().\-/\u00ad\u2010-\u2015]{1,40}")
_NOT_DIGITS = re.compile(r"[^0-9]")
_TRUNK_ZERO = re.compile(r"\(0\)")
# Dialled in front of a country code where no plus is written: everywhere, and from North America.
_INTERNATIONAL_PREFIX = re.compile(r"^(?:00|011)(?=[1-9][0-9]{7})")
# North America's code, 1, is left out as often as not: eleven digits and ten are the same number.
_NORTH_AMERICAN = re.compile(r"1([2-9][0-9]{2}[2-9][0-9]{6})")
# E.164 permits 15 digits; a prefix may stand before them.
_MOST_DIGITS = 20

_PARTIES = ("from", "to", "extension")
_NUMBERS = ("phoneNumber", "extensionNumber")


def normalised_number(written: str) -> str | None:
    """Return what is the same for every usual way of writing a number, None where it is none.

    `+1 (650) 555-0100`, `16505550100` and `650.555.0100` are one number. An extension number
    stays as it is.
    """
    written = written.strip()
    if not _WRITTEN.fullmatch(written):
        return None
    digits = _NOT_DIGITS.sub("", _TRUNK_ZERO.sub("", written))
    if not 1 <= len(digits) <= _MOST_DIGITS:
        return None
    if not written.startswith("+"):
        digits = _INTERNATIONAL_PREFIX.sub("", digits)
    north_american = _NORTH_AMERICAN.fullmatch(digits)
    return north_american[1] if north_american else digits


def numbers_of(record: CallLogRecord) -> frozenset[str]:
    """Return the normalised numbers of everybody in a call, its legs included.

    What is not shaped as RingCentral documents it is left out: a recording that is found by fewer
    numbers is better than one that is lost.
    """
    written = {number for part in _record_and_legs(record) for number in _numbers_in(part)}
    return frozenset(number for number in map(normalised_number, written) if number)


def number_key(number: str, *, extension_id: str | None) -> str:
    """Return the key under which recordings with a number are listed, which does not show it.

    Without `extension_id` all recordings are; with it, those of this extension only.
    """
    scope = "" if extension_id is None else f"@{extension_id}"
    return sha256(f"{number}{scope}".encode()).hexdigest()


def _record_and_legs(record: CallLogRecord) -> Iterator[Mapping[str, Any]]:
    yield record
    legs = record.get("legs")
    if isinstance(legs, list):
        yield from (leg for leg in legs if isinstance(leg, Mapping))


def _numbers_in(part: Mapping[str, Any]) -> Iterator[str]:
    for party in map(part.get, _PARTIES):
        if isinstance(party, Mapping):
            yield from (str(party[name]) for name in _NUMBERS if party.get(name))
