"""Pictures, videos and documents that are posted and become instances."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from filmless.archive import Archive
from filmless.dataset import Dataset
from filmless.dicomweb import application
from filmless.file import encode, read
from filmless.security import Limits

from .conftest import serving
from .multipart_bodies import BOUNDARY, multipart


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with Archive(tmp_path_factory.mktemp("data")) as archive:
        yield archive


@pytest.fixture(scope="module")
def served(archive: Archive) -> Iterator[str]:
    with serving(application(archive, limits=Limits(part_bytes=1 << 20))) as url:
        yield url


def picture(kind: str = "PNG", *, size: tuple[int, int] = (20, 10), **options: Any) -> bytes:
    pixels = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size[::-1])
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def instances(archive: Archive, response: httpx.Response) -> list[Dataset]:
    told = Dataset.from_json(response.json())
    found = []
    for item in told.get("ReferencedSOPSequence") or ():
        study, series, instance = item.RetrieveURL.split("/")[-5::2]
        found += [archive.dataset(entry) for entry in archive.entries(study, series, instance)]
    return found


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000"])
def test_a_picture_becomes_an_instance(served: str, archive: Archive, kind: str) -> None:
    response = httpx.post(
        f"{served}/convert",
        params={"PatientID": "42", "PatientName": "Doe^Jane", "StudyDate": "20260102"},
        content=picture(kind),
        headers={"Content-Type": f"image/{kind.lower()}"},
    )
    assert response.status_code == 200, response.text
    (ds,) = instances(archive, response)
    assert (ds.PatientID, ds.PatientName, ds.StudyDate, ds.Rows, ds.Columns) == ("42", "Doe^Jane", "20260102", 10, 20)


def test_a_form_of_several_becomes_one_series(served: str, archive: Archive) -> None:
    sent = {"file": ("../../etc/passwd\r\nX: y", picture(), "image/png")}
    response = httpx.post(
        f"{served}/convert",
        data={"PatientID": "43", "PatientName": "Müller^Jürgen"},
        files=[("file", sent["file"]), ("file", ("b.jpg", picture("JPEG"), "image/jpeg"))],
    )
    assert response.status_code == 200, response.text
    found = instances(archive, response)
    assert [ds.InstanceNumber for ds in found] == [1, 2]
    assert len({ds.SeriesInstanceUID for ds in found}) == 1
    assert {str(ds.PatientName) for ds in found} == {"Müller^Jürgen"}


def test_header_values_as_json(served: str, archive: Archive) -> None:
    values = {"00100020": {"vr": "LO", "Value": ["44"]}, "00080090": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Dr"}]}}
    parts: list[Any] = [
        ({"Content-Type": "application/dicom+json"}, json.dumps(values).encode()),
        ({"Content-Type": "image/png"}, picture()),
    ]
    kind = f'multipart/related; type="application/dicom+json"; boundary={BOUNDARY}'
    response = httpx.post(f"{served}/convert", content=multipart(parts), headers={"Content-Type": kind})
    assert response.status_code == 200, response.text
    (ds,) = instances(archive, response)
    assert (ds.PatientID, ds.ReferringPhysicianName) == ("44", "Doe^Dr")


def test_what_fails_does_not_sink_the_rest(served: str, archive: Archive, pydicom_files: list[Path]) -> None:
    dicom = next(path for path in pydicom_files if path.name == "CT_small.dcm").read_bytes()
    parts: list[Any] = [
        ({"Content-Type": "image/png"}, data) for data in (picture(), b"no picture", b"", dicom, picture()[:60])
    ]
    kind = f"multipart/related; boundary={BOUNDARY}"
    response = httpx.post(f"{served}/convert", content=multipart(parts), headers={"Content-Type": kind})
    assert response.status_code == 202
    assert len(instances(archive, response)) == 1
    assert len(response.json()["0008119A"]["Value"]) == 4


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ({"template": "/etc/passwd"}, picture(), 400),
        ({"table": "/etc/passwd"}, picture(), 400),
        ({"transfer_syntax": "jpeg"}, picture(), 400),
        ({"StudyDate": "yesterday"}, picture(), 400),
        ({"StudyInstanceUID": "../../x"}, picture(), 400),
        ({}, b"no picture", 400),
        ({}, b"", 400),
        ({}, b"\x89PNG\r\n\x1a\n" + b"\0" * (2 << 20), 413),
    ],
)
def test_wrong_requests(served: str, query: dict[str, str], body: bytes, status: int) -> None:
    response = httpx.post(f"{served}/convert", params=query, content=body, headers={"Content-Type": "image/png"})
    assert response.status_code == status, response.text
    assert "yesterday" not in response.text


def test_a_pdf_is_encapsulated(served: str, archive: Archive) -> None:
    pdf = picture("PDF")
    response = httpx.post(
        f"{served}/convert",
        params={"DocumentTitle": "A report"},
        content=pdf,
        headers={"Content-Type": "application/pdf"},
    )
    assert response.status_code == 200, response.text
    (ds,) = instances(archive, response)
    assert ds.EncapsulatedDocument.rstrip(b"\0") == pdf
    assert read(encode(ds)).DocumentTitle == "A report"
