"""Reads phone numbers by the numbering plans of all countries (libphonenumber's).

The library takes 0.2 s to load and read its first number, so it is loaded only for a number that
can't be read without it: in North America's ten digits, and behind most country codes, it has no
part.
"""

import re

from ringvault.core.catalogue.phone_number import ReadNumber, digits_of, read_north_american

# Where ten digits are a national number and RingCentral offers accounts; the other countries of
# code 1 are read by the library.
_NORTH_AMERICA = frozenset({"US", "CA"})
_TEN_DIGITS = re.compile(r"1?[2-9][0-9]{2}[2-9][0-9]{6}")
# A country code has at most three digits, so a trunk zero is among the second to fourth. Neither
# code 1 nor the numbers behind it know one.
_NO_TRUNK_ZERO = re.compile(r"1[0-9]*|[1-9][1-9]{3}[0-9]*")
_PREFIX = re.compile(r"^00(?=[1-9])")


def number_reader(region: str) -> ReadNumber:
    """Return what reads numbers, those without a country code as `region` writes them.

    `region` is an ISO 3166 code of two letters.
    """

    def read(written: str) -> str | None:
        return _read(written, region)

    return read


def _read(written: str, region: str) -> str | None:
    if _is_plain(written, region):
        return read_north_american(written)
    if written.startswith("+"):
        return _valid(written, None) or read_north_american(written)
    digits = digits_of(written)
    found = _valid(written, region) or _valid(f"+{_PREFIX.sub('', digits)}", None)
    has_prefix = digits.startswith("00" if region not in _NORTH_AMERICA else ("00", "011"))
    return read_north_american(written) if found is None and has_prefix else found


def _is_plain(written: str, region: str) -> bool:
    """Whether no numbering plan has to be known."""
    if written.startswith("+"):
        return "(0)" not in written and _NO_TRUNK_ZERO.fullmatch(digits_of(written)) is not None
    return region in _NORTH_AMERICA and _TEN_DIGITS.fullmatch(digits_of(written)) is not None


def _valid(written: str, region: str | None) -> str | None:
    import phonenumbers as plans  # noqa: PLC0415 - 0.1 s that most numbers do not need

    try:
        number = plans.parse(written, region)
    except plans.NumberParseException:
        return None
    if not plans.is_valid_number(number):
        return None
    return plans.format_number(number, plans.PhoneNumberFormat.E164)
