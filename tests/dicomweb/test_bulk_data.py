"""Bulk data by the URIs of the metadata: the bytes of the value, and nothing that a browser would run."""

import re
from collections.abc import Iterator

import httpx
import pytest
from dicomweb_client import DICOMwebClient

from filmless import _core
from filmless.archive import Archive
from filmless.dataset import Dataset
from filmless.dicomweb import application
from filmless.dicomweb.origin.bulk_value import is_pixel_data
from filmless.file import encode
from filmless.pixels import frames
from tests.dicomweb.conftest import serving
from tests.dicomweb.multipart import parts_of
from tests.dicomweb.test_retrieving import Held, entries, path_of

OCTETS = {"accept": "application/octet-stream"}
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def value_of(ds: Dataset, path: str) -> bytes:
    """The plain way: through the data set, item by item."""
    *steps, tag = path.split("/")
    for at in range(0, len(steps), 2):
        ds = ds[int(steps[at], 16)].value[int(steps[at + 1])]
    number = int(tag, 16)
    if ds[number].is_encapsulated:  # in a sequence: the only fragment, behind its empty table
        return _core.value_range(ds, number, 16, ds[number].length)
    return _core.value_range(ds, number, 0, ds[number].length)


def test_every_uri_gives_its_value(held: Held, http: httpx.Client) -> None:
    compared = nested = 0
    for entry in entries(held)[::3]:
        found = re.findall(r'"BulkDataURI":"([^"]+)"', http.get(f"{path_of(entry)}/metadata").text)
        ds = held[0].dataset(entry)
        for uri in found:
            path = uri.partition("/bulkdata/")[2]
            if is_pixel_data(path) and frames(ds).is_encapsulated:
                continue
            answer = http.get(uri, headers=OCTETS)
            assert answer.status_code == 200, (held[1][entry.instance_uid], path, answer.text)
            if not frames_are_big_endian(ds):
                assert answer.content == value_of(ds, path)
            compared += 1
            nested += "/" in path
    assert compared > 100
    assert nested > 3


def frames_are_big_endian(ds: Dataset) -> bool:
    return str(ds.file_meta.TransferSyntaxUID) == "1.2.840.10008.1.2.2"


def test_encapsulated_pixel_data_goes_by_frames(held: Held, http: httpx.Client, url: str) -> None:
    entry = next(one for one in entries(held) if one.transfer_syntax_uid == "1.2.840.10008.1.2.4.50" and one.frames > 1)
    opened = frames(held[0].dataset(entry))
    uri = f"{path_of(entry)}/bulkdata/7FE00010"
    found = parts_of(http.get(uri, headers={"accept": 'multipart/related; type="image/jpeg"'}))
    assert [body for _, body in found] == [opened.encoded(number) for number in range(len(opened))]
    client = DICOMwebClient(url)
    got = client.retrieve_bulkdata(url + uri, media_types=(("image/jpeg", "1.2.840.10008.1.2.4.50"),))
    assert got == [body for _, body in found]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_all_of_it(held: Held, http: httpx.Client, level: int) -> None:
    entry = next(one for one in entries(held) if held[1][one.instance_uid].name == "waveform_ecg.dcm")
    found = parts_of(http.get(f"{path_of(entry, level)}/bulkdata"))
    alone = {head["content-location"]: body for head, body in found}
    assert alone
    for uri, body in alone.items():
        assert http.get(uri, headers=OCTETS).content == body


def test_all_of_a_compressed_study(held: Held, http: httpx.Client) -> None:
    entry = next(one for one in entries(held) if one.transfer_syntax_uid == "1.2.840.10008.1.2.4.50")
    answer = http.get(f"{path_of(entry)}/bulkdata", headers={"accept": "multipart/related; transfer-syntax=*"})
    head, body = parts_of(answer)[-1]
    assert head["content-type"] == "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50"
    assert body == frames(held[0].dataset(entry)).encoded(entry.frames - 1)


def test_of_many_none_is_missing(http_of_mixed: tuple[httpx.Client, list[bytes]]) -> None:
    """Frames that do not decode go out as they are stored, and say so."""
    http, stored = http_of_mixed
    found = parts_of(http.get("/studies/1.2.3/bulkdata"))
    types = [head["content-type"] for head, _ in found]
    assert "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1" in types
    assert types[-1] == "image/jp2; transfer-syntax=1.2.840.10008.1.2.4.90"
    assert found[-1][1] in stored[-1]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of bulk data that a browser would run, were it let."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.104.1", "1.2.3.4"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.PatientID = "1.2.3", "1.2.3.1", "1"
    ds.MIMETypeOfEncapsulatedDocument = "image/svg+xml"
    ds.add_new("EncapsulatedDocument", "OB", SCRIPT + bytes(len(SCRIPT) % 2))
    ds.EncapsulatedDocumentLength = len(SCRIPT)
    with Archive(tmp_path_factory.mktemp("document")) as archive:
        archive.store(encode(ds))
        with serving(application(archive)) as address:
            yield f"{address}/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4/bulkdata/00420011"


@pytest.mark.parametrize("accept", ["*/*", "image/svg+xml", "application/octet-stream", "text/html,*/*;q=0.8"])
def test_nothing_runs(document: str, accept: str) -> None:
    answer = httpx.get(document, headers={"accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "text/html" not in answer.headers["content-type"]
    assert SCRIPT in answer.content


def test_a_document_has_its_own_length_and_ranges(document: str) -> None:
    assert len(SCRIPT) % 2
    answer = httpx.get(document, headers={"accept": "image/svg+xml"})
    assert answer.content == SCRIPT
    assert answer.headers["content-type"] == "image/svg+xml"
    part = httpx.get(document, headers={**OCTETS, "range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"svg")


@pytest.mark.parametrize(
    "path",
    ["00100010/0/00100010", "7FE0001", "7FE000100", "00081140/9/7FE00010", "00081140/99999999999/7FE00010", "x",
     "00100010/", "/00100010", "00081140", "FFFEE000", "00081140/-1/00081155", "0x420011"],
)  # fmt: skip
def test_no_such_path(document: str, path: str) -> None:
    answer = httpx.get(document.replace("00420011", path))
    assert answer.status_code == 404
    assert answer.json()["error"]
