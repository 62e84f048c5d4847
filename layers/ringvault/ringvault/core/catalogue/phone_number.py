"""The numbers that take part in a call, and how they are compared.

A phone number is compared in E.164 form, `+` and country code included. An extension number is
digits alone, so it never equals a phone number.
"""

import re
from collections.abc import Callable, Iterator
from hashlib import sha256

from ringvault.core.catalogue.call_record import Call, Leg, Party, normalised
from ringvault.core.catalogue.recording import CallLogRecord, Recording

# Reads a phone number as people write it: E.164, None if its reading is not certain.
ReadNumber = Callable[[str], str | None]

# What people and RingCentral put between digits. A masked number, +3351234XXXX, is none.
_WRITTEN = re.compile(r"\+?[0-9\s().\-/\u00ad\u2010-\u2015]{1,40}")
_NOT_DIGITS = re.compile(r"[^0-9]")
_TRUNK_ZERO = re.compile(r"\(0\)")
# The international prefixes used in place of a plus: everywhere, and from North America.
_INTERNATIONAL_PREFIX = re.compile(r"(?:00|011)([1-9][0-9]{7,})")
# North America's code, 1, is left out as often as not: eleven digits and ten are the same number.
_NORTH_AMERICAN = re.compile(r"1?([2-9][0-9]{2}[2-9][0-9]{6})")
# E.164: 15 digits at most. The shortest in use, country code included, have 7 (Saint Helena).
_E164 = re.compile(r"[1-9][0-9]{6,14}")
# With this many digits a number has its country code: North American national numbers have 10.
_HAS_COUNTRY_CODE_FROM = 11
# A prefix may precede the 15 digits of E.164.
MAX_DIGITS = 20
# RingCentral's extension numbers and the short codes of carriers have at most 6 digits.
MAX_SHORT_DIGITS = 6
# Extension numbers with a site code have one more; a local number without area code as many.
MAX_EXTENSION_DIGITS = 7

# One call with 300 recorded legs had 14,232 entries in the index. These two keep an ordinary call
# complete (two parties and a transfer have 6 numbers), and bound the sum over a call's recordings.
MAX_NUMBERS_OF_A_RECORDING = 12
MAX_NUMBERS_OF_A_CALL = 240
# From and to of the call, for any number of recordings.
MIN_NUMBERS_OF_A_RECORDING = 2


def read_north_american(written: str) -> str | None:
    """Read a number without the numbering plans of other countries.

    A number without a country code is North American, with ten digits. A trunk zero is only
    recognised in brackets.
    """
    digits = digits_of(written)
    if written.startswith("+"):
        return _e164(digits)
    if match := _NORTH_AMERICAN.fullmatch(digits):
        return f"+1{match[1]}"
    if match := _INTERNATIONAL_PREFIX.fullmatch(digits):
        return _e164(match[1])
    return _e164(digits) if len(digits) >= _HAS_COUNTRY_CODE_FROM else None


def digits_of(written: str) -> str:
    """Return the digits of a number as written, without a trunk zero in brackets."""
    return _NOT_DIGITS.sub("", _TRUNK_ZERO.sub("", written))


def normalised_number(written: str, read: ReadNumber = read_north_american) -> str | None:
    """Return the same text for every usual way of writing a number, None if it is not one.

    `+1 (650) 555-0100`, `16505550100` and `650.555.0100` are `+16505550100` where `read` reads as
    North America does. Up to 6 digits without a plus stay as they are: an extension number or a
    short code. So do 7 that are not a phone number. Words and masked numbers are not numbers.
    """
    written = written.strip()
    if not _WRITTEN.fullmatch(written):
        return None
    digits = digits_of(written)
    if not 1 <= len(digits) <= MAX_DIGITS:
        return None
    if written.startswith("+"):
        return read(written)
    if len(digits) <= MAX_SHORT_DIGITS:
        return digits
    return read(written) or (digits if len(digits) <= MAX_EXTENSION_DIGITS else None)


def numbers_of(record: CallLogRecord, read: ReadNumber = read_north_american) -> frozenset[str]:
    """Return the normalised numbers of everyone in a call, its legs included.

    Numbers that can't be read are left out: a recording that is found by fewer numbers is better
    than one that is lost.
    """
    return frozenset(_numbers_in(normalised(record).call.parts(), read))


def indexed_numbers(
    recording: Recording, read: ReadNumber = read_north_american
) -> tuple[str, ...]:
    """Return the numbers of a recording for the index: 12 at most, fewer in a large call.

    Those of the call come first, then those of the recording's own leg, then of the other legs.
    They depend on recording and record alone, so removing finds every entry that adding wrote.
    """
    call = recording.call
    recorded = sum(part.recording is not None for part in call.parts())
    share = MAX_NUMBERS_OF_A_CALL // max(1, recorded)
    limit = min(MAX_NUMBERS_OF_A_RECORDING, max(MIN_NUMBERS_OF_A_RECORDING, share))
    found: dict[str, None] = {}
    for number in _numbers_in(_nearest_first(call, recording.recording_id), read):
        found[number] = None
        if len(found) == limit:
            break
    return tuple(found)


def number_key(number: str, *, extension_id: str | None) -> str:
    """Return the index key of a number, which does not show the number.

    Without `extension_id` it lists all recordings; with it, those of this extension only.
    """
    scope = "" if extension_id is None else f"@{extension_id}"
    return sha256(f"{number}{scope}".encode()).hexdigest()


def _e164(digits: str) -> str | None:
    return f"+{digits}" if _E164.fullmatch(digits) else None


def _nearest_first(call: Call, recording_id: str) -> Iterator[Leg]:
    yield call.own
    yield from (leg for leg in call.legs if _is_of(leg, recording_id))
    yield from (leg for leg in call.legs if not _is_of(leg, recording_id))


def _is_of(leg: Leg, recording_id: str) -> bool:
    return leg.recording is not None and leg.recording.recording_id == recording_id


def _numbers_in(parts: Iterator[Leg], read: ReadNumber) -> Iterator[str]:
    for part in parts:
        for party in (part.from_party, part.to_party, part.extension):
            if party.phone_number and (number := normalised_number(party.phone_number, read)):
                yield number
        for party in (part.from_party, part.to_party, part.extension):
            if number := _extension_number(party):
                yield number


def _extension_number(party: Party) -> str | None:
    written = (party.extension_number or "").strip()
    digits = digits_of(written)
    is_number = _WRITTEN.fullmatch(written) and 1 <= len(digits) <= MAX_DIGITS
    return digits if is_number else None
