"""The waveform that a recording's answer carries."""

from base64 import b64encode

import pytest

from tests.integration.playback_api.site import Site, answered, event, event_for
from tests.support.recordings import archived_of


@pytest.mark.parametrize("waveform", [bytes(range(256)), None])
def test_one_recording_has_its_waveform_and_a_list_has_none(
    site: Site, waveform: bytes | None
) -> None:
    """Base64 of one byte a peak, absent where it is not known."""
    recording = site.list_recording("77")
    site.catalogue.set_archived("77", archived_of(recording, waveform=waveform))
    expected = b64encode(waveform).decode() if waveform else None

    assert answered(event_for("77", "recording"))["body"].get("waveform") == expected
    [listed] = answered(event("recordings"))["body"]["recordings"]
    assert "waveform" not in listed
