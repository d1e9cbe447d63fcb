"""Servers that are meant to harm their clients: what a DICOMweb service answers is not believed."""

import asyncio
import gzip
import io
import json
import resource
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from filmless.dicomweb import BlockingClient, Client
from filmless.dicomweb.client.storing import Stored
from filmless.errors import DicomError, DicomWebError, NetworkError
from filmless.server.forwarding.forwarder import _PEERS_WORDS
from filmless.server.logs import make_log
from filmless.server.settings.tree import Logs

from .conftest import instance

Answer = Callable[[httpx.Request], httpx.Response]
URL = "http://peer/dicom-web"
JSON = {"content-type": "application/dicom+json"}


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body as it comes from a socket: nobody has it yet."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


@pytest.fixture(params=["blocking", "asynchronous"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Call a method of either client against answers that a function makes."""

    def blocking(answer: Answer, method: str, *args: Any) -> Any:
        with BlockingClient(URL, transport=httpx.MockTransport(answer), backoff_s=0.0, retries=0) as client:
            found = getattr(client, method)(*args)
            return list(found) if isinstance(found, Iterator) else found

    async def asynchronous(answer: Answer, method: str, *args: Any) -> Any:
        async with Client(URL, transport=httpx.MockTransport(answer), backoff_s=0.0, retries=0) as client:
            found = getattr(client, method)(*args)
            return [one async for one in found] if hasattr(found, "__aiter__") else await found

    if request.param == "blocking":
        return blocking
    return lambda *args: asyncio.run(asynchronous(*args))


def says(content: object, **headers: str) -> Answer:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda _: httpx.Response(200, stream=Stream(body), headers={**JSON, **headers})


@pytest.mark.parametrize(
    "place",
    ["/" + "a" * 70_000, "http://[::1", "//evil/", "http://peer:99999/", "javascript:alert(1)", "http://peer@evil/",
     "file:///etc/passwd", "http://169.254.169.254/"],
)  # fmt: skip
def test_places_that_are_named(call: Callable[..., Any], place: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"location": place})

    for method, argument in (("search_studies", ()), ("retrieve_metadata", ("1.2",)), ("retrieve_bulk_data", (place,))):
        with pytest.raises((DicomWebError, NetworkError)):
            call(answer, method, *argument)
    assert set(asked) <= {"peer"}


def packed(times: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    piece = bytes(1 << 20)
    data = b"".join(packer.compress(piece) for _ in range(100)) + packer.flush()
    for _ in range(times - 1):
        data = gzip.compress(data)
    return data


@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage")
@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "br", "zstd", "x"])
def test_bombs(call: Callable[..., Any], coding: str) -> None:
    body = packed(2 if "," in coding else 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DicomError):
        call(says(body, **{"content-encoding": coding}), "search_studies")
    with pytest.raises(DicomError):
        call(says(body[:-10], **{"content-encoding": coding}), "retrieve_metadata", "1.2")
    del body
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < (200 << 10) + (64 << 10)


def test_what_is_packed_well_is_read(call: Callable[..., Any]) -> None:
    body = json.dumps([{"0020000D": {"vr": "UI", "Value": ["1.2"]}}]).encode()
    for coding, data in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body)), ("identity", body)):
        (found,) = call(says(data, **{"content-encoding": coding}), "retrieve_metadata", "1.2")
        assert found.StudyInstanceUID == "1.2"


@pytest.mark.parametrize(
    "body",
    [{"00081199": {"vr": "LO", "Value": ["x"]}}, {"00081198": {"vr": "UI", "Value": ["1.2"]}},
     {"0008119A": {"vr": "US", "Value": [1]}}, {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "SQ"}}]}},
     [], [[]], "x", 1, None, b"[" * 100_000],
)  # fmt: skip
def test_reports_that_are_none(call: Callable[..., Any], ct: Path, body: object) -> None:
    report = call(says(body), "store", ct)
    assert not report.stored
    assert len(report.failed) == 1


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'[{"00081115":' * 50_000, [1], [[]], "x", {"a": 1}, b"[{}", b"[{},]"]
)
def test_headers_that_are_none(call: Callable[..., Any], body: object) -> None:
    with pytest.raises(DicomWebError, match="no DICOM JSON"):
        call(says(body), "retrieve_metadata", "1.2")


def test_what_peers_say_is_short_and_plain(call: Callable[..., Any], ct: Path) -> None:
    def refuses(_: httpx.Request) -> httpx.Response:
        body = {"error": "\x1b[31mGeheim", "hint": "h" * 10_000}
        return httpx.Response(403, json=body)

    with pytest.raises(DicomWebError) as told:
        call(refuses, "retrieve_metadata", "1.2")
    assert "Geheim" not in str(told.value)
    assert len(str(told.value)) < 300
    uid = "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
    failed = {
        "00081155": {"vr": "UI", "Value": [uid]},
        "00081197": {"vr": "US", "Value": [0xC000]},
        "00000902": {"vr": "LO", "Value": ["x" * 10_000]},
    }
    report = call(says({"00081198": {"vr": "SQ", "Value": [failed]}}), "store", ct)
    assert report.failed == [Stored(str(ct), uid, "not stored, failure reason C000H", 0xC000)]


def test_what_peers_say_of_a_patient_is_not_logged() -> None:
    for said, kept in (
        ("503 to POST /studies: Geheim^A is there", "503 to POST /studies"),
        ("not stored, failure reason C000H: Geheim^A", "not stored, failure reason C000H"),
        ("not stored: Geheim^A", "not stored"),
        ("POST: took too long", "POST: took too long"),
    ):
        assert _PEERS_WORDS.sub(r"\1", said) == kept


@pytest.mark.parametrize("kind", ["console", "json"])
def test_a_log_has_a_line_an_event(kind: Any) -> None:
    stream = io.StringIO()
    evil = "1.2\r\nforged\x1b[2J\x9b31m\u2028"
    make_log(Logs(format=kind), stream).warning(f"event {evil}", study=evil, where=evil)
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert not any(letter in text.rstrip("\n") for letter in "\r\n\x1b\x9b\u2028")


@pytest.mark.parametrize(
    "uid", ["..", "../../../tmp/x", "/tmp/x", "..\\..\\x", "C:\\x", "CON", "1." + "2" * 60_000, "a\0b"]
)
def test_files_are_named_by_uids_alone(call: Callable[..., Any], ct: Path, tmp_path: Path, uid: str) -> None:
    body = instance(ct, 1, "A", SOPInstanceUID=uid)
    kind = {"content-type": "application/dicom", "content-disposition": 'x; filename="../../x"'}
    folder = tmp_path / "in"
    (found,) = call(lambda _: httpx.Response(200, stream=Stream(body), headers=kind), "retrieve_to", folder, "1.2")
    assert found.parent == folder
    assert [path.name for path in folder.iterdir()] == [found.name]
    assert found.name.removesuffix(".dcm").isalnum()
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
