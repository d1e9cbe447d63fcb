"""Frames come out of ranges of the file, as the pixel room reads them from the whole of it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from dicomweb_client import DICOMwebClient
from pydicom.data import get_testdata_file

from filmless import _core
from filmless.archive import Archive, Entry
from filmless.dataset import Dataset
from filmless.dicomweb import application
from filmless.dicomweb.origin.coded_frames import aligned
from filmless.errors import DicomError
from filmless.file import encode, read
from filmless.pixels import frames, set_pixels, transcode
from tests.dicomweb.conftest import serving
from tests.dicomweb.multipart import parts_of
from tests.dicomweb.test_retrieving import Held, entries, path_of

ANY = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
EXPLICIT, JPEG_LS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80"


class Made:
    """A server over an archive that a test puts instances into."""

    def __init__(self, archive: Archive, http: httpx.Client) -> None:
        self.archive, self.http, self._count = archive, http, 0

    def header(self) -> Dataset:
        ds = Dataset()
        ds.SOPClassUID, ds.Modality, ds.PatientID = "1.2.840.10008.5.1.4.1.1.7", "OT", "1"
        ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3", "1.2.3.1"
        return ds

    def store(self, ds: Dataset, *, uid: str = "") -> str:
        self._count += 1
        ds.SOPInstanceUID = uid or f"1.2.3.1.{self._count}"
        self.archive.store(encode(ds))
        return f"/studies/1.2.3/series/1.2.3.1/instances/{ds.SOPInstanceUID}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with (
        Archive(tmp_path_factory.mktemp("made")) as archive,
        serving(application(archive)) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield Made(archive, client)


OCTETS = {"", "application/octet-stream"}


def codec(uid: str) -> str:
    row = _core.transfer_syntax(uid)
    return row["codec"] if row else "unsupported"


def test_as_stored(held: Held, http: httpx.Client) -> None:
    compared = 0
    for entry in entries(held):
        if not entry.frames:
            assert http.get(f"{path_of(entry)}/frames/1").status_code == 404
            continue
        try:
            opened = frames(held[0].dataset(entry))
            expected = [opened.encoded(number) for number in range(len(opened))]
        except DicomError:
            continue
        if opened.description.big_endian or opened.description.bits_allocated == 1:
            continue  # below
        numbers = ",".join(str(number + 1) for number in range(len(opened)))
        found = parts_of(http.get(f"{path_of(entry)}/frames/{numbers}", headers={"accept": ANY}))
        if codec(entry.transfer_syntax_uid) == "video":
            assert [body for _, body in found] == expected[:1]
            continue
        assert [body for _, body in found] == expected, held[1][entry.instance_uid]
        assert found[-1][0]["content-location"].endswith(f"/frames/{len(opened)}")
        stored = entry.transfer_syntax_uid if opened.is_encapsulated else EXPLICIT
        assert found[0][0]["content-type"] == f"application/octet-stream; transfer-syntax={stored}"
        compared += len(expected)
    assert compared > 100


def test_uncompressed(held: Held, http: httpx.Client) -> None:
    """A frame as plain samples is what the whole instance holds for it when that is transcoded."""
    compared = set()
    for entry in entries(held)[::2]:
        if not entry.frames or codec(entry.transfer_syntax_uid) in {"video", "unsupported"}:
            continue
        try:
            # Written: a data set from a big endian file turns its words around only then.
            plain = frames(read(encode(transcode(held[0].dataset(entry), EXPLICIT, new_instance=False))))
            expected = [plain.encoded(number) for number in (0, len(plain) - 1)]
        except DicomError:
            continue
        if plain.description.bits_allocated == 1:
            continue  # below
        answer = http.get(f"{path_of(entry)}/frames/1,{entry.frames}")
        assert [body for _, body in parts_of(answer)] == expected, held[1][entry.instance_uid]
        compared.add(entry.transfer_syntax_uid)
    assert len(compared) > 8


def test_media_type_of_the_transfer_syntax(held: Held, http: httpx.Client) -> None:
    seen = set()
    for entry in entries(held):
        row = _core.transfer_syntax(entry.transfer_syntax_uid)
        if not entry.frames or row is None or row["uid"] in seen or row["media_type"] in OCTETS:
            continue
        seen.add(row["uid"])
        answer = http.get(f"{path_of(entry)}/frames/1", headers={"accept": row["media_type"]})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == f"{row['media_type']}; transfer-syntax={row['uid']}"
        assert answer.content == frames(held[0].dataset(entry)).encoded(0)
    assert len(seen) > 5


def test_who_takes_any_picture_has_one(held: Held, http: httpx.Client) -> None:
    """The first in the registry is JPEG Baseline, which does not hold 16 bits."""
    entry = next(entry for entry in entries(held) if held[1][entry.instance_uid].name == "CT_small.dcm")
    answer = http.get(f"{path_of(entry)}/frames/1", headers={"accept": "image/*; transfer-syntax=*"})
    assert answer.headers["content-type"] == "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.70"


def test_coded_anew(held: Held, http: httpx.Client) -> None:
    for name in ("CT_small.dcm", "examples_jpeg2k.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm"):
        found = [entry for entry in entries(held) if held[1][entry.instance_uid].name == name]
        for entry in found:
            accept = f'multipart/related; type="image/jls"; transfer-syntax={JPEG_LS}'
            ((head, body),) = parts_of(http.get(f"{path_of(entry)}/frames/1", headers={"accept": accept}))
            assert head["content-type"] == f"image/jls; transfer-syntax={JPEG_LS}"
            expected = transcode(held[0].dataset(entry), JPEG_LS, new_instance=False)
            assert body == frames(expected).encoded(0)


def test_dicomweb_client_gets_frames(held: Held, url: str) -> None:
    client = DICOMwebClient(url)
    for entry in entries(held):
        if entry.frames > 1 and codec(entry.transfer_syntax_uid) in {"jpeg", "rle", "jpeg-2000", "native"}:
            opened = frames(held[0].dataset(entry))
            if opened.description.bits_allocated == 1 or opened.description.big_endian:
                continue
            uids = (entry.study_uid, entry.series_uid, entry.instance_uid)
            got = client.retrieve_instance_frames(*uids, [2, 1], media_types=(("application/octet-stream", "*"),))
            assert got == [opened.encoded(1), opened.encoded(0)]


@pytest.mark.parametrize(
    ("numbers", "status"),
    [("0", 400), ("-1", 400), ("1,", 400), ("x", 400), ("1.5", 400), ("٣", 400), ("9" * 20, 400), ("1,0", 400),
     ("2", 404), ("1,999999999", 404), ("1,1,1", 200)],
)  # fmt: skip
def test_numbers(held: Held, http: httpx.Client, numbers: str, status: int) -> None:
    entry = next(one for one in entries(held) if held[1][one.instance_uid].name == "CT_small.dcm")
    answer = http.get(f"{path_of(entry)}/frames/{numbers}")
    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]


@pytest.mark.parametrize(("rows", "columns"), [(5, 3), (8, 8), (7, 9)])
def test_single_bits_begin_with_a_byte(made: Made, rows: int, columns: int) -> None:
    masks = np.random.default_rng(1).integers(0, 2, (5, rows, columns)).astype(bool)
    ds = made.header()
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.NumberOfFrames = 1, "MONOCHROME2", 5
    ds.Rows, ds.Columns, ds.PixelRepresentation = rows, columns, 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 1, 1, 0
    bits = np.packbits(masks.reshape(-1), bitorder="little").tobytes()
    ds.add_new("PixelData", "OB", bits + bytes(len(bits) % 2))
    path = made.store(ds)
    found = parts_of(made.http.get(f"{path}/frames/1,2,3,4,5"))
    for mask, (_, body) in zip(masks, found, strict=True):
        assert body == np.packbits(mask.reshape(-1), bitorder="little").tobytes()


def test_a_byte_of_bits() -> None:
    assert aligned(b"\xf0\x0f", 4, 8) == b"\xff"
    assert aligned(b"\xff", 0, 3) == b"\x07"


def test_out_of_many(made: Made) -> None:
    samples = np.arange(40 * 16 * 16, dtype=np.uint16).reshape(40, 16, 16)
    ds = made.header()
    set_pixels(ds, samples)
    path = made.store(ds)
    answer = made.http.get(f"{path}/frames/40,1", headers={"accept": ANY})
    assert [body for _, body in parts_of(answer)] == [samples[39].tobytes(), samples[0].tobytes()]


def test_replaced_content_is_never_stale(made: Made) -> None:
    """The same UID with other pixels: nothing of the old ones is kept by anyone."""
    ds = made.header()
    for value in (1, 2):
        set_pixels(ds, np.full((4, 4), value, np.uint8))
        path = made.store(ds, uid="1.2.3.77")
        answer = made.http.get(f"{path}/frames/1", headers={"accept": "application/octet-stream"})
        assert answer.content == bytes([value]) * 16
        made.archive.delete(made.archive.entries("1.2.3", "1.2.3.1", "1.2.3.77"))
        assert made.http.get(f"{path}/frames/1").status_code == 404


class Unparsed(Archive):
    """An archive whose files nobody may parse."""

    def dataset(self, entry: Entry) -> Dataset:
        raise AssertionError(f"the file of {entry.instance_uid} was parsed")


@pytest.mark.parametrize("name", ["CT_small.dcm", "examples_ybr_color.dcm", "JPEG-lossy.dcm"])
def test_nothing_is_parsed(tmp_path: Path, name: str) -> None:
    """Headers and places of frames were kept when the instance came: what goes out is ranges of its file."""
    with Unparsed(tmp_path) as archive:
        outcome = archive.store(get_testdata_file(name, download=False))
        (entry,) = archive.entries(outcome.study_uid)
        opened = frames(read(get_testdata_file(name, download=False)))
        with serving(application(archive)) as url, httpx.Client(base_url=url) as http:
            for accept in ("application/dicom+json", 'multipart/related; type="application/dicom+xml"'):
                answer = http.get(f"{path_of(entry)}/metadata", headers={"accept": accept})
                assert answer.status_code == 200
            answer = http.get(f"{path_of(entry)}/frames/{entry.frames}", headers={"accept": ANY})
            assert [body for _, body in parts_of(answer)] == [opened.encoded(entry.frames - 1)]
            assert http.get(path_of(entry), headers={"accept": ANY.replace("octet-stream", "dicom")}).status_code == 200
