"""Made-up recordings, any number, each made on request.

Recording 0 is the newest. Few numbers and extensions share all recordings, so that a search finds
two pages among a thousand, and among a million a large part of the whole.
"""

from datetime import UTC, datetime, timedelta
from math import lcm

from ringvault.core.catalogue.item import State
from ringvault.core.catalogue.recording import Recording

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
# Groups of recordings start together: the order within a millisecond is tested as well.
TIED, APART = 3, timedelta(seconds=30)
EXTENSIONS, NUMBERS, FAILED_OF, OUTBOUND_OF = 2, 3, 7, 4
# Recordings at this distance differ in id and start only.
PERIOD = lcm(EXTENSIONS, NUMBERS, FAILED_OF, OUTBOUND_OF)

_OLDEST_ID = 1_000_000_000


def recording(number: int) -> Recording:
    """Return recording `number`."""
    is_outbound = number % OUTBOUND_OF == 0
    inside = {"extensionNumber": f"10{number % EXTENSIONS}"}
    outside = {"phoneNumber": phone_number(number)}
    recording_id = recording_id_of(number)
    return Recording(
        recording_id=recording_id,
        account_id="37000001",
        content_uri=f"https://media.example/account/37000001/recording/{recording_id}/content",
        started_at=started_at(number),
        duration_s=61,
        extension_id=extension_id(number),
        call_record={
            "id": f"call-{number}",
            "direction": "Outbound" if is_outbound else "Inbound",
            "telephonySessionId": f"s-{number}",
            "from": inside if is_outbound else outside,
            "to": outside if is_outbound else inside,
        },
    )


def started_at(number: int) -> datetime:
    """Return when the call of recording `number` began."""
    return NOW - APART * (number // TIED + 1)


def state(number: int) -> State:
    """Return the state of recording `number`."""
    return State.FAILED if number % FAILED_OF == 0 else State.ARCHIVED


def extension_id(number: int) -> str:
    """Return the extension of recording `number`."""
    return f"66457300{number % EXTENSIONS}"


def phone_number(number: int) -> str:
    """Return the phone number in the call of recording `number`."""
    return f"+1650555010{number % NUMBERS}"


def recording_id_of(number: int) -> str:
    """Return an id; those of newer recordings are higher, as numbers and as text."""
    return str(2 * _OLDEST_ID - number)


def number_of(recording_id: str) -> int:
    """Return the number of a recording by its id."""
    return 2 * _OLDEST_ID - int(recording_id)
