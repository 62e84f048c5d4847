"""What the parameters of a search mean, and which are refused."""

from datetime import UTC, datetime, timedelta

import pytest

from ringvault.api.search_parameters import format_cursor, read_search
from ringvault.core.catalogue.indexes import Position
from ringvault.core.catalogue.item import State
from ringvault.core.errors import InvalidParameterError

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STARTED_AT = datetime(2026, 11, 20, 9, 30, 0, 500_000, tzinfo=UTC)
POSITION = Position(STARTED_AT, "77")


def test_a_search_without_parameters_is_the_last_year() -> None:
    """Without parameters: the 366 days before now, fifty at a time, from the newest."""
    search = read_search({}, now=NOW)

    assert (search.from_at, search.before_at) == (NOW - timedelta(days=366), NOW)
    assert (search.limit, search.after) == (50, None)
    assert (search.number, search.extension_id, search.direction, search.state) == (None,) * 4


def test_dates_mean_whole_utc_days() -> None:
    """A date in `from` begins with its day, a date in `to` includes its day."""
    search = read_search({"from": "2026-11-01", "to": "2026-11-02"}, now=NOW)

    assert search.from_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert search.before_at == datetime(2026, 11, 3, tzinfo=UTC)


def test_filters_are_read_as_the_catalogue_has_them() -> None:
    """A number is normalised, a state is one of the catalogue's, the rest stands as it is."""
    parameters = {
        "phoneNumber": "+1 (650) 555-0100",
        "extension": "664573005",
        "direction": "Outbound",
        "state": "ABSENT",
    }
    search = read_search(parameters, now=NOW)

    assert (search.number, search.extension_id) == ("+16505550100", "664573005")
    assert (search.direction, search.state) == ("Outbound", State.ABSENT)


def test_instants_are_taken_as_they_stand() -> None:
    """An instant brings its zone; `to` is not included, so nothing is added to it."""
    search = read_search(
        {"from": "2026-11-01T10:00:00+02:00", "to": "2026-11-01T09:00:00.5Z"}, now=NOW
    )

    assert search.from_at == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert search.before_at == datetime(2026, 11, 1, 9, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("parameters", "at_fault"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": ""}, "from"),
        ({"from": "2026-11-01T10:00:00"}, "from"),
        ({"from": "2026-11-01T10:00:00 02:00"}, "from"),
        ({"from": "2026-02-30"}, "from"),
        ({"from": "0001-01-01T00:00:00+14:00", "to": "2026-11-01"}, "from"),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "from"),
        ({"from": "2026-11-23"}, "from"),
        ({"from": "2010-01-01", "to": "2026-11-01"}, "from"),
        ({"to": "9999-12-31"}, "to"),
        ({"to": "0001-01-01"}, "to"),
        ({"to": "tomorrow"}, "to"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1.5"}, "limit"),
        ({"limit": "1,2"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "not base64 at all"}, "cursor"),
        ({"cursor": "WyJ4IiwgIjEiXQ"}, "cursor"),
        ({"cursor": "e30"}, "cursor"),
        ({"cursor": "MQ"}, "cursor"),
        ({"cursor": "WzEsMl0"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"cursor": format_cursor(Position(NOW, "../1"))}, "cursor"),
        ({"cursor": format_cursor(Position(NOW, "1"))}, "cursor"),
        ({"cursor": format_cursor(Position(STARTED_AT, "1")), "from": "2026-11-21"}, "cursor"),
        ({"cursor": format_cursor(Position(STARTED_AT.replace(year=1999), "1"))}, "from"),
        ({"form": "2026-11-01"}, "form"),
        ({"phoneNumber": ""}, "phoneNumber"),
        ({"phoneNumber": "Ann"}, "phoneNumber"),
        ({"phoneNumber": "+3351234XXXX"}, "phoneNumber"),
        ({"extension": ""}, "extension"),
        ({"extension": "9 or 1"}, "extension"),
        ({"direction": "inbound"}, "direction"),
        ({"direction": ""}, "direction"),
        ({"state": "archived"}, "state"),
        ({"state": "GONE"}, "state"),
        ({"state": "ARCHIVED,ABSENT"}, "state"),
    ],
)
def test_a_bad_parameter_is_named(parameters: dict[str, str], at_fault: str) -> None:
    """Whatever is malformed, out of bounds or misspelt is refused under its own name."""
    with pytest.raises(InvalidParameterError) as refused:
        read_search(parameters, now=NOW)
    assert refused.value.parameter == at_fault


@pytest.mark.parametrize(("text", "limit"), [("1", 1), ("100", 100)])
def test_limit_is_taken_to_its_bounds(text: str, limit: int) -> None:
    """One and a hundred are both allowed."""
    assert read_search({"limit": text}, now=NOW).limit == limit


def test_a_search_has_whole_milliseconds() -> None:
    """The catalogue's instants have them, so a span that has more would miss its own cursor."""
    now = NOW.replace(microsecond=999_999)
    parameters = {"from": "2026-11-20T09:30:00.500999Z", "cursor": format_cursor(POSITION)}
    search = read_search(parameters, now=now)

    assert (search.from_at, search.before_at) == (STARTED_AT, now.replace(microsecond=999_000))


def test_a_cursor_leads_back_to_its_position() -> None:
    """What a page ends with is where the next begins."""
    assert read_search({"cursor": format_cursor(POSITION)}, now=NOW).after == POSITION


def test_paging_goes_on_past_a_span_that_moves_with_now() -> None:
    """A cursor at the edge of the last year stays good while the year moves on."""
    edge = Position(NOW - timedelta(days=366), "77")

    search = read_search({"cursor": format_cursor(edge)}, now=NOW + timedelta(hours=1))

    assert (search.from_at, search.after) == (edge.started_at, edge)
