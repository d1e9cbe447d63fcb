"""Metadata is that of the file: as pydicom has it, but for the differences that are listed."""

import base64
import gzip
import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from dicomweb_client import DICOMwebClient

from filmless.archive import Archive
from filmless.archive.header import header_json
from filmless.dataset import Dataset
from filmless.dicomweb import application
from filmless.dicomweb.origin import metadata
from filmless.dicomweb.origin.native_model import native_model
from filmless.file import encode
from tests.dicomweb.conftest import serving
from tests.dicomweb.multipart import parts_of
from tests.dicomweb.test_retrieving import Held, entries, path_of

XML = 'multipart/related; type="application/dicom+xml"'

# Where our JSON of an element may differ from pydicom's, by file ("" for any) and why ours is right.
DIFFERENCES: dict[str, str] = {
    "bulk data": "long binary values, Pixel Data and documents are a BulkDataURI, pydicom's are InlineBinary",
    "private": "private elements whose creator the dictionary knows have its representation, pydicom leaves UN",
    "numbers": "1.0 and 1 are the same number, and IS of pydicom may be written with a point",
    "padding": "spaces and NULs at the end of a value are padding",
    "group lengths": "are of the file and not of the data set: ours has none of them",
    "words": "InlineBinary is little endian (PS3.18 F.2.7); pydicom leaves the words of a big endian file as they are",
    "characters": "JSON is UTF-8, so ours says ISO_IR 192 (PS3.18 F.2); pydicom leaves what the file says",
    "empty": "an element without a value has no Value; pydicom writes an empty name or list for some",
    "unreadable": "files that pydicom refuses, or refuses to write as JSON, have metadata of ours all the same",
}


SKIPPED = {"00080005"}  # "characters"
ALWAYS_BULK = {"7FE00010", "7FE00008", "7FE00009", "00420011"}  # of the kept header, however short


def same(ours: Any, theirs: Any) -> bool:
    """Whether two JSON elements say the same, but for the differences above."""
    if "BulkDataURI" in ours:
        return True
    if ours["vr"] != theirs["vr"]:
        return theirs["vr"] == "UN" or {ours["vr"], theirs["vr"]} <= {"OB", "OW", "US", "SS", "UN"}
    mine, other = ours.get("Value", []), theirs.get("Value", [])
    if ours["vr"] == "SQ":
        return len(mine) == len(other) and all(map(same_sets, mine, other))
    if "InlineBinary" in ours or "InlineBinary" in theirs:
        mine, other = (base64.b64decode(one.get("InlineBinary", "")) for one in (ours, theirs))
        return mine == other or (ours["vr"] == "OW" and mine == np.frombuffer(other, "<u2").byteswap().tobytes())
    return [plain(value) for value in mine if plain(value)] == [plain(value) for value in other if plain(value)]


def same_sets(ours: Any, theirs: Any) -> bool:
    left = {tag for tag, element in ours.items() if len(element) > 1 and tag not in SKIPPED and tag[4:] != "0000"}
    right = {tag for tag, element in theirs.items() if len(element) > 1 and tag not in SKIPPED and tag[4:] != "0000"}
    odd = {tag for tag in left ^ right if int(tag[3], 16) % 2 == 0 and not is_empty(ours.get(tag) or theirs[tag])}
    return not odd and all(same(ours[tag], theirs[tag]) for tag in left & right)


def is_empty(element: Any) -> bool:
    return not [value for value in element.get("Value", []) if plain(value)] and not element.get("InlineBinary")


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: text.rstrip("^= ") for key, text in value.items() if text.rstrip("^= ")}
    if isinstance(value, (int, float)):
        return f"{float(value) + 0.0:.9g}"  # -0 is 0
    return value.rstrip("\0 ").lstrip() if isinstance(value, str) else value


def pydicoms(path: Path) -> Any:
    # Each instance, whatever pydicom thinks of it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = pydicom.dcmread(path, force=True)
        return json.loads(ds.to_json(suppress_invalid_tags=True))


def test_metadata_is_pydicoms(held: Held, http: httpx.Client) -> None:
    compared = 0
    for entry in entries(held)[::2]:
        answer = http.get(f"{path_of(entry)}/metadata")
        assert answer.headers["content-type"] == "application/dicom+json"
        (ours,) = answer.json()
        path = held[1][entry.instance_uid]
        try:
            theirs = pydicoms(path)
        except Exception:  # noqa: BLE001 - whatever pydicom stumbles over
            continue
        different = {tag for tag in (ours.keys() & theirs.keys()) - SKIPPED if not same(ours[tag], theirs[tag])}
        assert not different, (path.name, [(ours[tag], theirs[tag]) for tag in different])
        compared += 1
    assert compared > 100


def test_uris_lead_to_the_instance(held: Held, http: httpx.Client, url: str) -> None:
    for entry in entries(held)[::4]:
        (header,) = http.get(f"{path_of(entry)}/metadata").json()
        for element in header.values():
            if "BulkDataURI" in element:
                assert element["BulkDataURI"].startswith(f"{url}{path_of(entry)}/bulkdata/")


@pytest.mark.parametrize("level", [1, 2])
def test_studies_and_series_are_complete(held: Held, http: httpx.Client, level: int) -> None:
    for path in {path_of(entry, level): None for entry in entries(held)}:
        found = [one["00080018"]["Value"][0] for one in http.get(f"{path}/metadata").json()]
        assert found == [one.instance_uid for one in held[0].entries(*path.split("/")[2::2])]


def test_dicomweb_client_reads_it(held: Held, url: str) -> None:
    entry = entries(held)[0]
    client = DICOMwebClient(url)
    assert len(client.retrieve_study_metadata(entry.study_uid)) == len(held[0].entries(entry.study_uid))
    found = client.retrieve_instance_metadata(entry.study_uid, entry.series_uid, entry.instance_uid)
    assert found["00080018"]["Value"] == [entry.instance_uid]


def test_xml_says_what_json_says(held: Held, http: httpx.Client) -> None:
    """The fast path, from the header that is kept, against the core's own writer from the file."""
    for entry in entries(held)[::3]:
        answer = http.get(f"{path_of(entry)}/metadata", headers={"accept": XML})
        ((head, body),) = parts_of(answer)
        assert head["content-type"] == "application/dicom+xml"
        ours = json.loads(Dataset.from_xml(body).to_json())
        plain_path = held[0].dataset(entry).to_xml(bulk_data="uri", bulk_data_uri="x/")
        theirs = json.loads(Dataset.from_xml(plain_path).to_json())
        ours, theirs = ({tag: one for tag, one in each.items() if len(one) > 1} for each in (ours, theirs))
        odd = {
            tag
            for tag in ours.keys() ^ theirs.keys()
            if tag not in ALWAYS_BULK and not is_empty({**ours, **theirs}[tag])
        }
        assert not odd
        different = {tag for tag in ours.keys() & theirs.keys() if not same(ours[tag], theirs[tag])}
        assert not different, (held[1][entry.instance_uid].name, [(ours[tag], theirs[tag]) for tag in different])


def test_xml_escapes() -> None:
    ds = Dataset()
    ds.PatientName = '"><img src=x onerror=alert(1)>^<b>=\u5c71\u7530&'
    ds.StudyDescription = "a<b>&\"'\r\nc"
    ds.add_new(0x00091001, "LO", "x")
    ds.add_new(0x00090010, "LO", 'A"<')
    ds.add_new(0x0018_9087, "FD", [1e-7, 1e22, 0.1, -0.0])
    assert native_model(ds.to_json().encode()) == ds.to_xml().encode()
    ds.StudyDescription = "bell \x07"
    assert native_model(ds.to_json().encode()) == ds.to_xml().encode()


def test_xml_of_bulk_data_that_is_text() -> None:
    ds = Dataset()
    item = Dataset()
    item.ReconstructionDiameter = 1
    ds.add_new(0x0040_A730, "SQ", [item])
    ds.add_new(0x0018_1100, "DS", ["1.5"] * 400_000)
    ds.PixelData = bytes(10)
    text = native_model(header_json(ds).encode(), "http://a").decode()
    named = '<DicomAttribute tag="00181100" vr="DS" keyword="ReconstructionDiameter">'
    assert f'{named}<BulkData uri="http://a/bulkdata/00181100"/>' in text
    assert '<BulkData uri="http://a/bulkdata/7FE00010"/>' in text
    assert f'{named}<Value number="1">1</Value>' in text


def test_large_headers_become_xml_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """200,000 tiny elements take 90 MiB on their way: so much at a time, not for each of many requests."""
    item, ds = Dataset(), Dataset()
    for element in range(10):
        item.add_new(0x0009_1000 + element, "UN", b"")
    ds.SOPClassUID, ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2", "1.3.1", "1.3.2", "1.3.3"
    ds.add_new(0x0008_1140, "SQ", [item] * 10_000)
    at_work, most = [0], [0]
    plain = metadata.native_model

    def counted(header: bytes, base: str) -> bytes:
        at_work[0] += 1
        most[0] = max(most[0], at_work[0])
        try:
            return plain(header, base)
        finally:
            at_work[0] -= 1

    monkeypatch.setattr(metadata, "native_model", counted)
    with Archive(tmp_path) as archive, serving(application(archive)) as url, ThreadPoolExecutor(4) as threads:
        archive.store(encode(ds))
        asked = f"{url}/studies/1.3.2/metadata"
        answers = threads.map(lambda _: httpx.get(asked, headers={"accept": XML}, timeout=30), range(4))
        assert {len(answer.content) > 5_000_000 for answer in answers} == {True}
    assert most == [1]


def test_gzip(held: Held, http: httpx.Client) -> None:
    path = f"{path_of(entries(held)[0], 1)}/metadata"
    plain_answer = http.get(path)
    with http.stream("GET", path, headers={"accept-encoding": "br;q=0.5, gzip;q=0.8"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in packed.headers["vary"]
        assert packed.headers["etag"] != plain_answer.headers["etag"]
        assert gzip.decompress(b"".join(packed.iter_raw())) == plain_answer.content
    assert "content-encoding" not in http.get(path, headers={"accept-encoding": "gzip;q=0"}).headers


def test_what_is_known_is_not_sent_again(held: Held, http: httpx.Client) -> None:
    path = f"{path_of(entries(held)[0])}/metadata"
    etag = http.get(path).headers["etag"]
    assert http.get(path, headers={"if-none-match": etag}).status_code == 304
    assert http.get(path, headers={"if-none-match": etag, "accept": XML}).status_code == 200
