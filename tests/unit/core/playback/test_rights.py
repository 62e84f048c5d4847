"""The rules of finding one recording."""

import pytest

from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.errors import UnreadableItemError
from ringvault.core.playback.rights import UnknownRecordingError, find_recording
from tests.support.catalogued import ALL, EIGHT, NINE, FakeCatalogue, recorded


def test_a_recording_is_found_in_any_state() -> None:
    """What is not archived can be looked up all the same."""
    item = recorded(State.PENDING)

    assert find_recording("77", listener=NINE, catalogue=FakeCatalogue(item)) is item


def test_an_unlisted_id_is_unknown() -> None:
    """An id that RingCentral never listed is no recording."""
    with pytest.raises(UnknownRecordingError):
        find_recording("78", listener=ALL, catalogue=FakeCatalogue(recorded()))


def test_another_extensions_recording_is_unknown() -> None:
    """With the very words of one that was never listed."""
    with pytest.raises(UnknownRecordingError) as forbidden:
        find_recording("77", listener=EIGHT, catalogue=FakeCatalogue(recorded()))
    with pytest.raises(UnknownRecordingError) as unlisted:
        find_recording("78", listener=EIGHT, catalogue=FakeCatalogue(recorded()))

    assert str(forbidden.value) == str(unlisted.value)


@pytest.mark.parametrize("malformed", ["", "../77", "7 7", "7" * 65, "77.mp3"])
def test_a_malformed_id_is_unknown_without_a_look_up(malformed: str) -> None:
    """What cannot be an id never reaches the catalogue."""
    catalogue = FakeCatalogue(recorded())

    with pytest.raises(UnknownRecordingError):
        find_recording(malformed, listener=ALL, catalogue=catalogue)
    assert catalogue.asked == []


def test_a_damaged_item_is_told_only_to_who_hears_all() -> None:
    """Nobody knows whose it is: for others there is no such recording."""

    class Damaged(FakeCatalogue):
        def find(self, recording_id: str) -> CatalogueItem | None:
            raise UnreadableItemError(recording_id, "an attribute is damaged")

    with pytest.raises(UnreadableItemError):
        find_recording("77", listener=ALL, catalogue=Damaged(recorded()))
    with pytest.raises(UnknownRecordingError) as refused:
        find_recording("77", listener=NINE, catalogue=Damaged(recorded()))
    assert isinstance(refused.value.__cause__, UnreadableItemError)
