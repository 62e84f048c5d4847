"""Recording content: ranges, lengths, types, and 1 GB that nobody holds."""

import hashlib
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from local.ringcentral.account.options import Options
from local.ringcentral.media.ranges import UnsatisfiableRangeError, asked_range
from tests.integration.local.ringcentral.client import Client
from tests.integration.local.ringcentral.conftest import AMPLE

Start = Callable[[Options], Client]
GIGABYTE = 1_000_000_000


def _books(client: Client) -> list[dict[str, Any]]:
    books: Any = client.simulator.books()
    rows: list[dict[str, Any]] = books["recordings"]
    return rows


def test_content_is_what_the_books_say(client: Client) -> None:
    """Size, type, checksum and count of bytes agree with what arrives."""
    for row in _books(client)[:6]:
        response = client.content(row["id"])
        assert response.status_code == 200
        assert response.headers["Content-Type"] == row["contentType"]
        assert int(response.headers["Content-Length"]) == len(response.content) == row["size"]
        assert hashlib.sha256(response.content).hexdigest() == row["sha256"]
    assert [row["servedBytes"] for row in _books(client)[:6]] == [
        row["size"] for row in _books(client)[:6]
    ]


@pytest.mark.parametrize("parity", [0, 1], ids=["first", "second"])
def test_ranges_are_slices_of_the_whole(client: Client, parity: int) -> None:
    """Each kind of range gives 206 with exactly those bytes and says which."""
    recording_id = list(client.simulator.account.recordings)[parity]
    whole = client.content(recording_id).content
    size = len(whole)
    for header, start, stop in (
        ("bytes=0-0", 0, 1),
        ("bytes=10-99", 10, 100),
        ("bytes=40-20000", 40, 20_001),
        ("bytes=31999-", 31_999, size),
        ("bytes=-1000", size - 1000, size),
        (f"bytes=-{size * 2}", 0, size),
        (f"bytes={size - 5}-{size + 5}", size - 5, size),
    ):
        response = client.content(recording_id, headers={"Range": header})
        assert response.status_code == 206
        assert response.content == whole[start:stop]
        assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"


@pytest.mark.parametrize("header", ["bytes={size}-", "bytes=-0", "bytes={size}-{size}"])
def test_range_beyond_the_end(client: Client, header: str) -> None:
    """416 CMN-107 tells the size."""
    recording_id, recording = next(iter(client.simulator.account.recordings.items()))
    size = recording.audio.size_bytes
    response = client.content(recording_id, headers={"Range": header.format(size=size)})
    assert (response.status_code, response.json()["errorCode"]) == (416, "CMN-107")
    assert response.headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize(
    "header", [None, "bytes=-", "bytes=a-b", "bytes=9-3", "bytes=0-1,4-5", "items=0-1"]
)
def test_other_range_headers_ask_for_the_whole(header: str | None) -> None:
    """What is malformed, or several ranges, is ignored."""
    assert asked_range(header, size_bytes=10) is None


def test_nothing_lies_within_an_empty_file() -> None:
    """No range of an empty file can be satisfied."""
    with pytest.raises(UnsatisfiableRangeError):
        asked_range("bytes=0-", size_bytes=0)


def test_if_range_of_another_file_gives_the_whole(client: Client) -> None:
    """A range is served only while the ETag is still the file's."""
    recording_id = next(iter(client.simulator.account.recordings))
    etag = client.content(recording_id).headers["ETag"]
    asked = {"Range": "bytes=0-1"}
    assert client.content(recording_id, headers={**asked, "If-Range": etag}).status_code == 206
    assert client.content(recording_id, headers={**asked, "If-Range": '"x"'}).status_code == 200


def test_metadata(client: Client) -> None:
    """The metadata has the four fields of the schema, and leads to the content."""
    recording_id, recording = next(iter(client.simulator.account.recordings.items()))
    document = client.get(f"/recording/{recording_id}").json()
    assert sorted(document) == ["contentType", "contentUri", "duration", "id"]
    assert document["duration"] == recording.audio.duration_s
    assert client.get(document["contentUri"]).status_code == 200


@pytest.mark.parametrize("path", ["/recording/404", "/recording/404/content"])
def test_unknown_recording(client: Client, path: str) -> None:
    """An id that nobody has is 404 CMN-102."""
    response = client.get(path)
    assert (response.status_code, response.json()["errorCode"]) == (404, "CMN-102")


def test_disposition(client: Client) -> None:
    """The download's file name is the one asked for."""
    recording_id = next(iter(client.simulator.account.recordings))
    response = client.get(
        f"/recording/{recording_id}/content",
        contentDisposition="Attachment",
        contentDispositionFilename="call 1.mp3",
    )
    assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''call%201.mp3"


def test_end_of_a_gigabyte_costs_no_memory(start: Start) -> None:
    """The last bytes of 1 GB arrive at once, and neither side holds the rest."""
    client = start(Options(recordings=1, quotas=AMPLE, add_wav_bytes=(GIGABYTE,))).sign_in()
    (row,) = (
        recording
        for recording in client.simulator.account.recordings.values()
        if recording.audio.size_bytes == GIGABYTE
    )
    tracemalloc.start()
    try:
        response = client.content(row.id, headers={"Range": "bytes=-1000000"})
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert response.headers["Content-Range"] == f"bytes 999000000-999999999/{GIGABYTE}"
    assert response.content == b"".join(row.audio.slice(GIGABYTE - 1_000_000, GIGABYTE))
    assert peak_bytes < 8_000_000
