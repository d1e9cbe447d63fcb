"""Requests that are meant to harm: `attacks.md` "Path" (URLs), "Bombs" and "Web"."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from .conftest import SECRETS, Target, Watch, is_told_well

LISTS = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x', "Accept": "application/dicom+json"}
JSON = {"Content-Type": 'multipart/related; type="application/dicom+json"; boundary=x'}
XML = {"Content-Type": 'multipart/related; type="application/dicom+xml"; boundary=x'}
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
STUDIES, CONVERT = "/dicom-web/studies", "/dicom-web/convert"

#: Each is a name in a URL, whose `/` stays a part of the path.
NAMES = [
    "..", "../../../tmp/x", "/tmp/x", "..\\..\\x", "C:\\x", "\\\\host\\s", "a%00b", "CON", "NUL", "%2e%2e%2f",
    "%252e%252e%252f", "%c0%ae%c0%ae/", "%ff%fe", "../secret/VICTIM", "$(id)", ";id", "`id`", "' OR 1=1--", "%25", "_",
    "1.2.65%0d%0aX: y", "1.2.65%1b[31m", "%ed%a0%80", "1" * 10_000,
]  # fmt: skip
PLACES = [
    "/dicom-web/studies/{}",
    "/dicom-web/studies/{}/metadata",
    "/dicom-web/studies/1.2.65/series/{}/rendered",
    "/dicom-web/studies/1.2.65/series/1.2.65.1/instances/{}",
    "/dicom-web/studies/1.2.65/series/1.2.65.1/instances/1.2.65.1.1/frames/{}",
    "/dicom-web/studies/1.2.65/series/1.2.65.1/instances/1.2.65.1.1/bulkdata/{}",
    "/dicom-web/wado?requestType=WADO&studyUID={}&seriesUID=1.2.65.1&objectUID=1.2.65.1.1",
    "/dicom-web/wado?requestType=WADO&studyUID=1.2.65&seriesUID=1.2.65.1&objectUID={}",
]


def urls() -> Iterator[str]:
    for name in NAMES:
        for place in PLACES:
            yield place.format(quote(name, safe="%/\\;$()`:" if "?" not in place else "%"))


def test_names_in_urls(target: Target, watch: Watch) -> None:
    for url in urls():
        answer = target.client.get(target.url, extensions={"target": url.encode()})
        assert is_told_well(answer), (url[:200], answer.status_code, answer.text[:200])
    watch.check(0)


QUERIES: list[tuple[str, int]] = [
    ("PatientName=' OR 1=1--", 0), ("PatientID=' OR '1'='1", 0), ("PatientName=%25", 0), ("PatientName=_____", 0),
    ("PatientName=[A-Z]*", 0),
    ("PatientID=SECRET_4711_A", 0), ("PatientName=" + "*?" * 1000, 0), ("PatientName=\0", 400),
    ("StudyInstanceUID=" + ",".join(f"1.2.{n}" for n in range(1000)), 2), ("PatientName=*; DROP TABLE study", 0),
    ("PatientName=Geheim^A') --", 0), ("StudyInstanceUID=..", 0), ("PatientName=%ed%a0%80", 400),
    ("limit=-1", 400), ("limit=1000000000000", 400), ("limit=999999999999999999999999999999", 400), ("limit=1e3", 400),
    ("offset=-1", 400), ("offset=1000000000000", 400), ("limit=0x10", 400), ("limit=", 400),
    ("StudyDate=20200101' OR 1=1", 400), ("StudyDate=" + "9" * 9000, 400), ("includefield=" + "00100010," * 1000, 2),
    ("includefield=../../x", 400), ("StudyDate=-", 400), ("00100010.00100010.00100010=x", 400),
    ("&".join(f"0010{n:04x}=x" for n in range(1000)), 413), ("url=http://169.254.169.254/", 2),
    ("BulkDataURI=file:///etc/passwd", 400), ("PatinetName=x", 400),
    (".".join(["RequestAttributesSequence"] * 400) + "=x", 400),
]  # fmt: skip


@pytest.mark.parametrize(("query", "found"), QUERIES, ids=lambda value: str(value)[:40].replace("\0", "0"))
def test_queries(target: Target, watch: Watch, query: str, found: int) -> None:
    """What SQL and LIKE take for more than text is text: it finds nothing, or is refused."""
    answer = target.client.get(f"{STUDIES}?{quote(query, safe='=&%,')}")
    if found >= 400:
        assert is_told_well(answer), (answer.status_code, answer.text[:300])
    else:
        assert answer.status_code == 200, (answer.status_code, answer.text[:300])
        assert len(answer.json()) == found
    watch.check(0)


@cache
def bomb(kind: str) -> bytes:
    """1 GiB of zeros in 1 MiB; nested once more, in some KiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 15 if kind == "deflate" else 31)
    head = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = head + (packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)) * (1 << 10)
    return gzip.compress(packed) if kind == "nested" else packed


def many(count: int, part: bytes) -> bytes:
    return part * count + b"--x--\r\n"


def doc(kind: str, body: str | bytes) -> bytes:
    text = body.encode() if isinstance(body, str) else body
    return f"--x\r\nContent-Type: application/dicom+{kind}\r\n\r\n".encode() + text + b"\r\n--x--\r\n"


def ds(**values: Any) -> str:
    uids = {
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.7"]},
        "00080018": {"vr": "UI", "Value": ["1.9.1"]},
        "0020000D": {"vr": "UI", "Value": ["1.9"]},
        "0020000E": {"vr": "UI", "Value": ["1.9.2"]},
    }
    return json.dumps([{**uids, **{name[1:]: value for name, value in values.items()}}])


def laughs(inner: str) -> str:
    entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    return f'<?xml version="1.0"?><!DOCTYPE x [{entities}{inner}]><NativeDicomModel>&j;</NativeDicomModel>'


BIG = 100_000
FILE = '<!ENTITY x SYSTEM "file:///etc/passwd">'
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x10\2\0\0\0"
BODIES: dict[str, tuple[str, dict[str, str], Callable[[], bytes]]] = {
    "gzip": (STUDIES, {**LISTS, "Content-Encoding": "gzip"}, lambda: bomb("gzip")),
    "deflate": (STUDIES, {**LISTS, "Content-Encoding": "deflate"}, lambda: bomb("deflate")),
    "nested gzip": (STUDIES, {**LISTS, "Content-Encoding": "gzip"}, lambda: bomb("nested")),
    "gzip twice": (STUDIES, {**LISTS, "Content-Encoding": "gzip, gzip"}, lambda: bomb("nested")),
    "corrupt gzip": (STUDIES, {**LISTS, "Content-Encoding": "gzip"}, lambda: bomb("gzip")[:100] + bytes(100)),
    "truncated gzip": (STUDIES, {**LISTS, "Content-Encoding": "gzip"}, lambda: gzip.compress(bytes(1 << 20))[:-20]),
    "no boundary": (STUDIES, {"Content-Type": "multipart/related"}, lambda: b"--x--"),
    "long boundary": (STUDIES, {"Content-Type": "multipart/related; boundary=" + "x" * 30_000}, lambda: b"--x--"),
    "not the boundary": (STUDIES, LISTS, lambda: b"y" * (8 << 20)),
    "nearly the boundary": (STUDIES, LISTS, lambda: b"--xx" * (1 << 20)),
    "nested boundary": (
        STUDIES, LISTS, lambda: many(1, b"--x\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n\r\n"),
    ),
    "a million parts": (STUDIES, LISTS, lambda: many(1_000_000, b"--x\r\n\r\n\r\n")),
    "a million pictures": (CONVERT, FORM, lambda: many(1_000_000, b"--x\r\n\r\n\r\n")),
    "many pictures": (CONVERT, FORM, lambda: many(30_000, b"--x\r\nA: b\r\n\r\nx\r\n")),
    "many fields": (
        CONVERT,
        FORM,
        lambda: many(30_000, b'--x\r\nContent-Disposition: form-data; name="PatientID"\r\n\r\nx\r\n'),
    ),
    "many documents": (
        STUDIES,
        JSON,
        lambda: many(30_000, b"--x\r\nContent-Type: application/dicom+json\r\n\r\n[]\r\n"),
    ),
    "large part headers": (
        STUDIES,
        JSON,
        lambda: many(3_000, b"--x\r\nContent-Location: " + b"a" * 15_000 + b"\r\n\r\nx\r\n"),
    ),
    "json of lists": (STUDIES, JSON, lambda: doc("json", "[" + "[]," * (20 << 20) + "[]]")),
    "json of lists in one": (STUDIES, JSON, lambda: doc("json", '[{"a":[' + "[]," * (20 << 20) + "[]]}]")),
    "json of objects": (STUDIES, JSON, lambda: doc("json", "[" + "{}," * (3 << 20) + "{}]")),
    "deep json": (STUDIES, JSON, lambda: doc("json", "[" * BIG)),
    "deep json object": (STUDIES, JSON, lambda: doc("json", '{"00081115":{"vr":"SQ","Value":[' * BIG)),
    "deep xml": (STUDIES, XML, lambda: doc("xml", "<NativeDicomModel>" + "<a>" * BIG)),
    "billion laughs": (STUDIES, XML, lambda: doc("xml", laughs(""))),
    "xml of a file": (STUDIES, XML, lambda: doc("xml", laughs(FILE))),
    "xml of a url": (STUDIES, XML, lambda: doc("xml", laughs('<!ENTITY x SYSTEM "http://169.254.169.254/">'))),
    "bulk data in a file": (
        STUDIES, JSON, lambda: doc("json", ds(_7FE00010={"vr": "OB", "BulkDataURI": "file:///etc/passwd"})),
    ),
    "bulk data at a url": (
        STUDIES, JSON, lambda: doc("json", ds(_7FE00010={"vr": "OB", "BulkDataURI": "http://169.254.169.254/"})),
    ),
    "uids that climb": (STUDIES, JSON, lambda: doc("json", ds(_00080018={"vr": "UI", "Value": ["../../../tmp/x"]}))),
    "png bomb": (CONVERT, {"Content-Type": "image/png"}, lambda: PNG + bytes(100)),
    "gif bomb": (CONVERT, {"Content-Type": "image/gif"}, lambda: b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(100)),
    "tiff bomb": (
        CONVERT,
        {"Content-Type": "image/tiff"},
        lambda: b"II*\0\x08\0\0\0\2\0\0\1\4\0\1\0\0\0\xff\xff\xff\x7f\1\1\4\0\1\0\0\0\xff\xff\xff\x7f" + bytes(100),
    ),
    "cda of a file": (
        CONVERT,
        {"Content-Type": "text/xml"},
        lambda: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><ClinicalDocument xmlns="urn:hl7-org:v3">&e;'
        b"</ClinicalDocument>",
    ),
    "no picture": (CONVERT, {"Content-Type": "image/png"}, lambda: b"MZ" + bytes(1000)),
    "a keyword that is none": (f"{CONVERT}?../../x=y", {"Content-Type": "image/png"}, lambda: PNG),
    "a path for an option": (f"{CONVERT}?output=/tmp/x", {"Content-Type": "image/png"}, lambda: PNG),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_bodies(target: Target, name: str) -> None:
    path, headers, made = BODIES[name]
    body = made()
    watch = Watch(target)
    try:
        answer = target.client.post(path, content=body, headers=headers)
    except (httpx.WriteError, httpx.ReadError):  # refused, and closed, before it came to its end
        pass
    else:
        assert is_told_well(answer), (answer.status_code, answer.text[:300])
        assert "root:" not in answer.text
    watch.check(len(body))


def test_nothing_of_a_patient_is_told(target: Target) -> None:
    told = target.told()
    assert not any(secret in told for secret in SECRETS)
    assert not any(ord(letter) < 32 and letter != "\n" for letter in told), "a control character"


def test_every_address_that_is_told_leads_there(target: Target) -> None:
    """Behind its prefix, too: of a search, of metadata, of a store."""
    (found,) = target.client.get(f"{STUDIES}?StudyInstanceUID=1.2.65").json()
    (series,) = target.client.get(f"{STUDIES}/1.2.65/series").json()
    (one,) = target.client.get(f"{STUDIES}/1.2.65/metadata").json()
    told = [each["00081190"]["Value"][0] for each in (found, series)] + [one["7FE00010"]["BulkDataURI"]]
    told.append(target.client.get("/dicom-web/openapi.json").json()["servers"][0]["url"] + "/")
    for address in told:
        assert address.startswith(f"{target.url}/dicom-web/")
        assert httpx.get(address, timeout=10).status_code == 200
