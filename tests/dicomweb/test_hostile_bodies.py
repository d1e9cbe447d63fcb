"""Bodies that are meant to harm: each a typed refusal, nothing stored, the server alive.

The generators of `shared/attacks.md` "Web" and "Bombs", for what is sent to be stored.
"""

import functools
import gzip
import json
import socket
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

import filmless
from filmless.archive import Archive
from filmless.dicomweb import application
from filmless.file import encode

from .conftest import serving
from .multipart_bodies import BOUNDARY, DICOM, multipart

JSON = f'multipart/related; type="application/dicom+json"; boundary={BOUNDARY}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def archive(folder: Path) -> Iterator[Archive]:
    with Archive(folder) as archive:
        yield archive


@pytest.fixture(scope="module")
def served(archive: Archive) -> Iterator[str]:
    with serving(application(archive)) as url:
        yield url


@pytest.fixture(scope="module")
def ct(pydicom_files: list[Path]) -> bytes:
    return next(path for path in pydicom_files if path.name == "CT_small.dcm").read_bytes()


@pytest.fixture(autouse=True)
def nothing_is_stored(served: str, folder: Path) -> Iterator[None]:
    yield
    assert [path for path in folder.rglob("*") if path.suffix in {".dcm", ".part"}] == []
    assert httpx.post(f"{served}/studies", headers={"Content-Type": "text/plain"}, timeout=10).status_code == 415


def many_parts(_: bytes) -> Iterator[bytes]:
    for _turn in range(1000):
        yield f"--{BOUNDARY}\r\n\r\n\r\n".encode() * 1000


def many_small_parts(_: bytes) -> bytes:
    return multipart([b"\0" * 128 + b"DICM"] * 5000)


def long_headers(ct: bytes) -> bytes:
    return multipart([({"Content-Type": "application/dicom", "X": "x" * (1 << 20)}, ct)])


def many_headers(ct: bytes) -> bytes:
    return multipart([({f"X-{number}": "x" for number in range(10_000)}, ct)])


def header_without_end(_: bytes) -> bytes:
    return f"--{BOUNDARY}\r\nA: ".encode() + b"x" * (1 << 20)


def no_boundary_in_it(_: bytes) -> bytes:
    return b"x" * (1 << 22)


def half_an_instance(ct: bytes) -> bytes:
    return multipart([ct])[: len(ct) // 2]


def nested(ct: bytes) -> bytes:
    return multipart([({"Content-Type": "multipart/related; boundary=inner"}, multipart([ct], boundary="inner"))])


def headers_with_paths(_: bytes) -> bytes:
    headers = {
        "Content-Type": "image/png",
        "Content-Location": "../../etc/passwd",
        "Content-Disposition": 'x; filename="../x"',
    }
    return multipart([(headers, b"x")])


def with_uids(**uids: str) -> Callable[[bytes], bytes]:
    def made(ct: bytes) -> bytes:
        ds = filmless.read(ct)
        for keyword, uid in uids.items():
            if uid:
                ds[keyword].value = uid
            else:
                del ds[keyword]
        return multipart([encode(ds)])

    return made


MULTIPART: list[Any] = [
    many_parts,
    many_small_parts,
    long_headers,
    many_headers,
    header_without_end,
    no_boundary_in_it,
    half_an_instance,
    nested,
    headers_with_paths,
    with_uids(SOPInstanceUID=""),
    with_uids(StudyInstanceUID=""),
    with_uids(SOPInstanceUID="../../../tmp/x"),
    with_uids(SOPInstanceUID=".."),
    with_uids(StudyInstanceUID="/tmp/x"),
    with_uids(SeriesInstanceUID="..\\..\\x"),
    with_uids(SeriesInstanceUID="%2e%2e%2f"),
    with_uids(SOPClassUID="$(id)"),
    with_uids(StudyInstanceUID="1." + "2" * 70),
]


@pytest.mark.parametrize("made", MULTIPART)
def test_multipart(served: str, ct: bytes, made: Callable[[bytes], Any]) -> None:
    try:
        response = httpx.post(f"{served}/studies", content=made(ct), headers={"Content-Type": DICOM}, timeout=10)
    except httpx.WriteError:  # refused, and closed, before it came to its end
        return
    assert response.status_code in {400, 409, 413}, response.text
    assert response.headers["content-type"] in {"application/json", "application/dicom+json"}


@pytest.mark.parametrize(
    "boundary", ["", "; boundary=", f"; boundary={'x' * (1 << 12)}", '; boundary="\t"', "; boundary=é"]
)
def test_boundaries(served: str, ct: bytes, boundary: str) -> None:
    kind = f'multipart/related; type="application/dicom"{boundary}'.encode("latin-1")
    response = httpx.post(f"{served}/studies", content=multipart([ct]), headers=[(b"Content-Type", kind)])
    assert response.status_code == 400


@functools.cache
def bomb() -> bytes:
    """Zeros, a thousand times as many as there are bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + b"\0" * 128 + b"DICM"
    made = packer.compress(start)
    zeros = b"\0" * (1 << 20)
    return made + b"".join(packer.compress(zeros) for _ in range(1 << 7)) + packer.flush()


@pytest.mark.parametrize("kind", [DICOM, JSON, "application/dicom"])
def test_gzip_bombs(served: str, kind: str) -> None:
    headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
    assert httpx.post(f"{served}/studies", content=bomb(), headers=headers, timeout=30).status_code == 413
    double = {"Content-Type": kind, "Content-Encoding": "gzip, gzip"}
    assert httpx.post(f"{served}/studies", content=gzip.compress(b"x"), headers=double).status_code == 415


def raw(served: str, head: str, body: bytes = b"") -> bytes:
    split = urlsplit(served)
    with socket.create_connection((split.hostname, split.port), timeout=10) as connection:
        connection.sendall(
            f"POST /studies HTTP/1.1\r\nHost: x\r\nContent-Type: {DICOM}\r\n{head}\r\n\r\n".encode() + body
        )
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 4294967296",
        "Content-Length: -1",
        "Content-Length: 99999999999999999999999",
        "Content-Length: 5\r\nContent-Length: 7",
        "Content-Length: 10\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked",
    ],
)
def test_lengths_that_lie(served: str, ct: bytes, head: str) -> None:
    body = multipart([ct])[:-30]
    answer = raw(served, head, (b"fffffff\r\n" if "chunked" in head else b"") + body)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"00081140":{"vr":"SQ","Value":[' * 100_000,
        json.dumps([{"7FE00010": {"vr": "OW", "BulkDataURI": "file:///etc/passwd"}}]),
        json.dumps([{"00080018": {"vr": "UI", "Value": ["../../x"]}}]),
    ],
)
def test_documents(served: str, text: str) -> None:
    body = multipart([({"Content-Type": "application/dicom+json"}, text.encode())])
    response = httpx.post(f"{served}/studies", content=body, headers={"Content-Type": JSON}, timeout=10)
    assert response.status_code in {400, 409, 413}
    assert "root" not in response.text


@pytest.mark.parametrize("study", ["..", "%2e%2e", "1.2/../3", "' OR 1=1--", "x" * 5000, "%00", "１.２"])
def test_studies_in_the_url(served: str, ct: bytes, study: str) -> None:
    response = httpx.post(f"{served}/studies/{study}", content=multipart([ct]), headers={"Content-Type": DICOM})
    assert 400 <= response.status_code < 500
