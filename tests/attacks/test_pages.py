"""What browsers and the wrong protocols get: script in names, documents of strangers, TLS spoken to plain ports."""

import re
import socket
import ssl
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from filmless.dataset import Dataset
from filmless.file import encode, read

from .conftest import Target, instance, stow

EVIL = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
KEYWORDS = (
    "PatientName", "PatientID", "StudyDescription", "SeriesDescription", "AccessionNumber", "StudyID", "Manufacturer",
    "InstitutionName", "ReferringPhysicianName", "ProtocolName",
)  # fmt: skip
ALLOWED = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "dl", "dt", "dd", "ul", "li", "b", "br", "p",
           "table", "tr", "th", "td", "a", "span", "div"}  # fmt: skip


class Tags(HTMLParser):
    """The elements of a page; fails at what runs or loads something."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not any(name.startswith("on") or (value or "").startswith("javascript:") for name, value in attrs)


def is_harmless(answer: httpx.Response) -> None:
    """Check that a browser runs nothing of an answer, whatever it takes it for."""
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.headers.get("content-type", "").startswith("text/html"):
        tags = Tags()
        tags.feed(answer.text)
        assert tags.seen <= ALLOWED


@pytest.fixture(scope="module")
def evil(begin: Callable[..., Target], ct: Path, pydicom_files: list[Path]) -> Target:
    """A server with script in every text, a report of it, and documents that are pages."""
    target = begin()
    report = read(next(path for path in pydicom_files if path.name == "reportsi.dcm"))
    for number, ds in enumerate((read(ct), report, _document(ct)), 1):
        for keyword in KEYWORDS:
            ds[keyword] = EVIL
        for item in ds.get("ContentSequence") or ():
            _spoil(item)
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = "1.7", f"1.7.{number}", f"1.7.{number}.1"
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        assert stow(target.client, encode(ds)).status_code == 200
    return target


def _spoil(item: Dataset) -> None:
    for keyword in ("TextValue", "PersonName", "UID"):
        if keyword in item:
            item[keyword] = EVIL
    for inner in item.get("ContentSequence") or ():
        _spoil(inner)


def _document(ct: Path) -> Dataset:
    ds = read(ct)
    for keyword in [element.keyword for element in ds if element.tag >> 16 in {0x0028, 0x7FE0}]:
        if keyword:
            del ds[keyword]
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.2"
    ds.MIMETypeOfEncapsulatedDocument, ds.DocumentTitle = "text/html\r\nX: y", EVIL
    page = f'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">{EVIL}</svg>'.encode()
    ds.EncapsulatedDocument, ds.EncapsulatedDocumentLength = page + b" " * (len(page) % 2), len(page)
    return ds


def test_script_in_names(evil: Target) -> None:
    client, study = evil.client, "/dicom-web/studies/1.7"
    report, document = f"{study}/series/1.7.2/instances/1.7.2.1", f"{study}/series/1.7.3/instances/1.7.3.1"
    wado = "/dicom-web/wado?requestType=WADO&studyUID=1.7&seriesUID=1.7.2&objectUID=1.7.2.1&contentType=text/html"
    pages = [
        "/about",
        "/conformance",
        "/health",
        "/metrics",
        "/nothing",
        f"/dicom-web/{EVIL}",
        f"{report}/rendered",
        wado,
    ]
    pages += [f"{study}/metadata", "/dicom-web/studies?includefield=all", f"/dicom-web/studies?limit={EVIL}"]
    pages += [f"{document}/bulkdata/00420011", f"{document}/rendered", f"{document}/bulkdata", study, "/dicom-web/"]
    seen = set()
    for page in pages:
        for accept in ("text/html", "text/html, */*;q=0.1", "*/*", "application/xhtml+xml", "image/svg+xml, */*;q=0.1"):
            answer = client.get(page, headers={"Accept": accept})
            assert answer.status_code < 500, (page, accept)
            is_harmless(answer)
            kind = answer.headers.get("content-type", "").partition(";")[0]
            seen.add(kind)
            assert kind not in {"image/svg+xml", "application/xhtml+xml"}
            assert "x" not in answer.headers
            if "bulkdata" in page and answer.status_code == 200:
                assert answer.headers["content-disposition"].startswith("attachment")
                assert "sandbox" in answer.headers["content-security-policy"]
    assert {"text/html", "application/json"} <= seen
    shown = client.get(f"{report}/rendered", headers={"Accept": "text/html"}).text
    assert "&lt;script&gt;" in shown
    xml = client.get(f"{study}/metadata", headers={"Accept": 'multipart/related; type="application/dicom+xml"'}).text
    assert "&lt;script" in xml
    assert "<script" not in xml


def test_names_of_keys_and_files_do_not_split_heads(evil: Target, ct: Path) -> None:
    body = instance(ct, 1, "A")
    for value in ('multipart/related; boundary="x\t"', "application/dicom; \xff"):
        answer = evil.client.post("/dicom-web/studies", content=body, headers={"Content-Type": value.encode("latin-1")})
        assert 200 <= answer.status_code < 500
        is_harmless(answer)
    for query in ("accept=text/html%0d%0aX:%20y", "%0d%0aX:%20y=1"):
        answer = evil.client.get(f"/dicom-web/studies/1.7/metadata?{query}")
        assert answer.status_code < 500
        assert "x" not in answer.headers


def spoken(port: int, data: bytes) -> bytes:
    """What a port answers to some bytes, until it closes or has answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        try:
            while piece := connection.recv(4096):
                found += piece
        except ConnectionError:
            pass
        return found


HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(200)
SPEECHES = [
    HELLO, b"\x01\0\0\0\xff\xff\xff\xff" + bytes(100), b"GET / HTTP/0.9\r\n\r\n", b"GET /\r\n\r\n",
    b"\r\n" * 1000, b"\0" * 1000,
    b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
]  # fmt: skip


def test_other_protocols(evil: Target) -> None:
    for speech in SPEECHES:
        answer = spoken(evil.port, speech)
        status = re.match(rb"HTTP/1\.1 (\d{3})", answer)
        assert not answer or (status and 400 <= int(status[1]) < 500), (speech[:40], answer[:80])
    assert evil.client.get("/health").status_code == 200


def test_plain_speech_to_tls(begin: Callable[..., Target], tmp_path: Path, peer: Callable[[str], str]) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "server.pem"
    subprocess.run(
        [peer("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
         "2", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    target = begin("--tls-certificate", str(certificate), "--tls-key", str(key))
    for speech in (*SPEECHES, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        assert b"HTTP/" not in spoken(target.port, speech)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("AES128-SHA")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", target.port), timeout=10) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain)
    assert target.client.get("/health").status_code == 200
    assert target.client.get("/", headers={"Host": "evil.example"}).status_code == 403
    assert "unexpected" not in target.logged()
