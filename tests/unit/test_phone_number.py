"""Which ways of writing a number mean the same, and which numbers a call has."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringvault.core.phone_number import normalised_number, number_key, numbers_of

DIGITS = st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True)


@pytest.mark.parametrize(
    "written",
    [
        "+16505550100",
        "16505550100",
        "+1 (650) 555-0100",
        "1-650-555-0100",
        "(650) 555-0100",
        "650.555.0100",
        "6505550100",
        " 16505550100",
        "0016505550100",
        "011 1 650 555 0100",
        "+1\u00a0650\u2011555\u20110100",
    ],
)
def test_one_number_however_it_is_written(written: str) -> None:
    """Plus, prefix, brackets, dots, dashes and North America's 1 make no difference."""
    assert normalised_number(written) == normalised_number("+16505550100")


@pytest.mark.parametrize("written", ["+442079460000", "+44 (0)20 7946 0000", "0044 20 79460000"])
def test_a_number_of_another_country(written: str) -> None:
    """The country code stays, however it is introduced; a trunk zero in brackets goes."""
    assert normalised_number(written) == "442079460000"


@pytest.mark.parametrize("number", ["0", "101", "0101", "00123", "1234567"])
def test_an_extension_number_stays_as_it_is(number: str) -> None:
    """Short numbers have no prefix: a leading zero is part of them."""
    assert normalised_number(number) == number


@pytest.mark.parametrize(
    "written",
    ["", " ", "+", "anonymous", "+3351234XXXX", "1-800-FLOWERS", "٣٤٥", "6" * 21, "-" * 60, "1;2"],
)
def test_what_is_no_number(written: str) -> None:
    """A word, a masked number and what is too long are not guessed at."""
    assert normalised_number(written) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+16505550100", "+16505550101"),
        ("+442079460000", "+12079460000"),
        ("101", "1010"),
        ("+11505550100", "1505550100"),
    ],
)
def test_different_numbers_stay_different(one: str, other: str) -> None:
    """A 1 is left out where North American numbers allow it, and nowhere else."""
    assert normalised_number(one) != normalised_number(other)


@given(DIGITS)
def test_plus_or_not_is_the_same(digits: str) -> None:
    """Any number with a country code is found with its plus and without."""
    assert normalised_number(digits) == normalised_number(f"+{digits}")


@given(DIGITS, st.lists(st.tuples(st.integers(1, 14), st.sampled_from(" .-/()")), max_size=6))
def test_what_stands_between_digits_means_nothing(
    digits: str, signs: list[tuple[int, str]]
) -> None:
    """Separators may stand anywhere; only a zero in brackets has a meaning."""
    written = digits
    for at, sign in signs:
        written = written[:at] + sign + written[at:]
    if "(0)" not in written:
        assert normalised_number(written) == normalised_number(digits)


@given(DIGITS)
def test_a_normalised_number_is_normal(digits: str) -> None:
    """What was normalised once does not change again."""
    normal = normalised_number(digits)

    assert normal is not None
    assert normalised_number(normal) == normal


def test_everybody_in_a_call_has_numbers() -> None:
    """Both sides and every leg, by phone number and by extension number, each once."""
    record: dict[str, Any] = {
        "from": {"phoneNumber": "+1 (650) 555-0100", "name": "Ann"},
        "to": {"phoneNumber": "+16505550101", "extensionNumber": "101"},
        "legs": [
            {"from": {"phoneNumber": "6505550100"}, "to": {"extensionNumber": 102}},
            {"extension": {"id": 9, "extensionNumber": "103"}},
        ],
    }

    assert numbers_of(record) == {"6505550100", "6505550101", "101", "102", "103"}


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"from": None, "to": "nobody", "legs": None},
        {"from": {"phoneNumber": "anonymous"}, "legs": {"to": 1}},
        {"from": [], "legs": ["leg", None]},
        {"from": {"phoneNumber": {"digits": 1}}},
    ],
)
def test_a_call_may_lack_numbers(record: dict[str, Any]) -> None:
    """What is missing or not shaped as documented gives no number, and no error."""
    assert numbers_of(record) == frozenset()


def test_a_key_shows_no_number() -> None:
    """A key is of one number and one scope, and none of it can be read from it."""
    keys = {
        number_key(number, extension_id=extension_id)
        for number in ("6505550100", "101")
        for extension_id in (None, "101", "9")
    }

    assert len(keys) == 6
    assert not [key for key in keys if "6505550100" in key]
