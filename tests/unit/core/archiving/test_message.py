"""What a queue message may say."""

import json

import pytest

from ringvault.core.archiving.message import recording_id_of
from ringvault.core.errors import InvalidMessageError


def test_a_message_names_a_recording() -> None:
    """The id comes out as it went in."""
    assert recording_id_of('{"recording_id": "1662272004"}') == "1662272004"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "[]",
        '"1662272004"',
        "{}",
        '{"recording_id": 1662272004}',
        '{"recording_id": ""}',
        '{"recording_id": "../../etc/passwd"}',
        '{"recording_id": "1", "object_key": "recordings/x"}',
        json.dumps({"recording_id": "1" * 65}),
    ],
)
def test_anything_else_is_refused_with_a_reason(body: str) -> None:
    """A message that ringvault did not write is poison."""
    with pytest.raises(InvalidMessageError, match=r"message|recording_id"):
        recording_id_of(body)
