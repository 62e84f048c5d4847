"""Which ways of writing a number mean the same, and which numbers a call has."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringvault.adapters.numbering_plans import number_reader
from ringvault.core.catalogue.call_record import normalised
from ringvault.core.catalogue.phone_number import (
    indexed_numbers,
    normalised_number,
    number_key,
    numbers_of,
    read_north_american,
)
from ringvault.core.catalogue.recording import Recording, read_record
from tests.support.recordings import recording_of

# With a country code, and longer than any national number of North America.
DIGITS = st.from_regex(r"[1-9][0-9]{10,14}", fullmatch=True)
READERS = [read_north_american, number_reader("US")]


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
    for read in READERS:
        assert normalised_number(written, read) == "+16505550100"


@pytest.mark.parametrize(
    ("abroad", "american"),
    [
        ("+32 3 234 56 78", "+1 (323) 234-5678"),
        ("+47 52 34 56 78", "+1 475 234 5678"),
        ("+45 82 12 34 56", "+1 458 212 3456"),
        ("+65 6555 0100", "+1 656 555 0100"),
        ("0032 3 234 56 78", "(323) 234-5678"),
        ("011 32 3 234 56 78", "3232345678"),
    ],
)
def test_numbers_of_two_countries_are_two(abroad: str, american: str) -> None:
    """The country code is part of a number, however many digits the rest has."""
    for read in READERS:
        numbers = [normalised_number(written, read) for written in (abroad, american)]
        assert numbers[0] != numbers[1]
        assert None not in numbers


@pytest.mark.parametrize(
    ("region", "written", "number"),
    [
        ("GB", "020 7946 0000", "+442079460000"),
        ("GB", "0113 496 0000", "+441134960000"),
        ("BE", "03 234 56 78", "+3232345678"),
        ("BE", "011 23 45 67", "+3211234567"),
        ("BE", "3232345678", "+3232345678"),
        ("AU", "0011 1 650 555 0100", "+16505550100"),
        ("IS", "5451000", "+3545451000"),
        ("US", "+44 020 7946 0000", "+442079460000"),
        ("US", "+39 (0)6 1234 5678", "+390612345678"),
        ("US", "442079460000", "+442079460000"),
        ("US", "+999123456789", "+999123456789"),
        ("GB", "6505550100", None),
        ("US", "020 7946 0000", None),
        ("US", "12345678", None),
        ("US", "55555555555555", None),
        ("ZZ", "6505550100", None),
    ],
)
def test_a_national_number_is_one_of_the_region(
    region: str, written: str, number: str | None
) -> None:
    """Prefixes and trunk zeros are those of its plan; what fits into no plan is no number."""
    assert normalised_number(written, number_reader(region)) == number


@pytest.mark.parametrize("written", ["+442079460000", "+44 (0)20 7946 0000", "0044 20 79460000"])
def test_a_number_of_another_country(written: str) -> None:
    """The country code stays, however it is introduced; a trunk zero in brackets goes."""
    for read in READERS:
        assert normalised_number(written, read) == "+442079460000"


@pytest.mark.parametrize("number", ["0", "101", "0101", "00123", "1234567"])
def test_an_extension_number_stays_as_it_is(number: str) -> None:
    """Short numbers have no prefix: a leading zero is part of them."""
    for read in READERS:
        assert normalised_number(number, read) == number


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
    for read in READERS:
        assert normalised_number(one, read) != normalised_number(other, read)


@given(DIGITS)
def test_plus_or_not_is_the_same(digits: str) -> None:
    """A number with a country code is found with its plus and without, if it has 11 digits."""
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

    assert numbers_of(record) == {"+16505550100", "+16505550101", "101", "102", "103"}


def test_an_extension_number_is_no_phone_number() -> None:
    """The field decides: as many digits as a phone number's do not make it one."""
    record = {"from": {"extensionNumber": "6505550100"}, "to": {"phoneNumber": "6505550100"}}

    assert numbers_of(record) == {"6505550100", "+16505550100"}


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


def conference(recorded: int) -> list[Recording]:
    """Return the recordings of a call with so many recorded legs, each of another number."""
    account = "https://platform.ringcentral.com/restapi/v1.0/account/1"
    record = {
        "startTime": "2026-11-21T12:00:00.000Z",
        "from": {"phoneNumber": "+16505550100"},
        "to": {"phoneNumber": "+16505550101"},
        "legs": [
            {
                "to": {"phoneNumber": f"+165055{number:05}", "extensionNumber": f"{number}"},
                "recording": {"id": str(number), "contentUri": f"{account}/recording/{number}"},
            }
            for number in range(1, recorded + 1)
        ],
    }
    return list(read_record(record).recordings)


@pytest.mark.parametrize(("recorded", "expected"), [(1, 4), (20, 12), (60, 4), (300, 2)])
def test_the_numbers_of_a_call_are_bounded(recorded: int, expected: int) -> None:
    """A recording has 12 at most, and those of a call 240 or two each."""
    recordings = conference(recorded)

    assert len(recordings) == recorded
    assert {len(indexed_numbers(it)) for it in recordings} == {expected}


def test_the_nearest_numbers_are_kept() -> None:
    """Those of the call come first, then those of the recording's own leg, then the others."""
    assert indexed_numbers(conference(20)[9])[:5] == (
        "+16505550100",
        "+16505550101",
        "+16505500010",
        "10",
        "+16505500001",
    )


def test_the_numbers_of_a_recording_do_not_depend_on_how_it_was_read() -> None:
    """A record that went through the catalogue gives the same, so removing finds all of them."""
    recording = conference(60)[59]
    again = recording_of("60", call_record=normalised(dict(recording.call_record)))

    assert indexed_numbers(again) == indexed_numbers(recording)


def test_a_key_shows_no_number() -> None:
    """A key is of one number and one scope, and none of it can be read from it."""
    keys = {
        number_key(number, extension_id=extension_id)
        for number in ("+16505550100", "101")
        for extension_id in (None, "101", "9")
    }

    assert len(keys) == 6
    assert not [key for key in keys if "6505550100" in key]
