"""STOW-RS of metadata as JSON and XML with bulk data."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pydicom.encaps import generate_frames

import filmless
from filmless.archive import Archive
from filmless.dataset import Dataset
from filmless.dicomweb import application
from filmless.security import Limits

from .conftest import serving
from .multipart_bodies import BOUNDARY, multipart

JSON = f'multipart/related; type="application/dicom+json"; boundary={BOUNDARY}'
XML = f'multipart/related; type="application/dicom+xml"; boundary={BOUNDARY}'


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with Archive(tmp_path_factory.mktemp("data")) as archive:
        yield archive


@pytest.fixture(scope="module")
def served(archive: Archive) -> Iterator[str]:
    with serving(application(archive, limits=Limits(json_bytes=1 << 20))) as url:
        yield url


def named(files: list[Path], name: str) -> Dataset:
    return filmless.read(next(path for path in files if path.name == name))


def post(url: str, parts: list[Any], kind: str = JSON) -> httpx.Response:
    return httpx.post(f"{url}/studies", content=multipart(parts), headers={"Content-Type": kind}, timeout=30)


def document(data: str | bytes, kind: str = "application/dicom+json") -> tuple[dict[str, str], bytes]:
    return {"Content-Type": kind}, data if isinstance(data, bytes) else data.encode()


def bulk(data: bytes, location: str, kind: str = "application/octet-stream") -> tuple[dict[str, str], bytes]:
    return {"Content-Type": kind, "Content-Location": location}, data


def stored(archive: Archive, ds: Dataset) -> Dataset:
    (entry,) = archive.entries(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
    return archive.dataset(entry)


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_metadata_and_bulk_data_make_the_data_set_again(
    served: str, archive: Archive, pydicom_files: list[Path], kind: str
) -> None:
    ds = named(pydicom_files, "CT_small.dcm")
    ds.SOPInstanceUID = f"1.2.3.{len(kind)}"
    options: dict[str, Any] = {"bulk_data": "uri", "bulk_data_uri": "http://elsewhere/bulk/", "threshold": 4000}
    text = f"[{ds.to_json(**options)}]" if kind == "json" else ds.to_xml(**options)
    response = post(
        served,
        [document(text, f"application/dicom+{kind}"), bulk(ds.PixelData, "/bulk/7FE00010")],
        JSON if kind == "json" else XML,
    )
    assert response.status_code == 200, response.text
    assert stored(archive, ds) == ds
    assert stored(archive, ds).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"


def test_compressed_bulk_data_are_encapsulated(served: str, archive: Archive, pydicom_files: list[Path]) -> None:
    ds = named(pydicom_files, "JPEG2000.dcm")
    (stream,) = generate_frames(ds.PixelData, number_of_frames=1)
    metadata = json.loads(ds.to_json(bulk_data="uri", bulk_data_uri="bulk/"))
    uri = "bulk/7FE00010"
    metadata["7FE00010"] = {"vr": "OB", "BulkDataURI": uri}
    response = post(
        served,
        [document(json.dumps([metadata])), bulk(stream, uri, "image/jp2; transfer-syntax=1.2.840.10008.1.2.4.91")],
    )
    assert response.status_code == 200, response.text
    again = stored(archive, ds)
    assert again.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.91"
    assert np.array_equal(again.pixel_array, ds.pixel_array)


@pytest.mark.parametrize(
    "uri", ["file:///etc/passwd", "http://169.254.169.254/", "../../etc/passwd", "http://[", "", "x" * 10_000]
)
def test_bulk_data_are_taken_from_the_request_only(served: str, archive: Archive, uri: str) -> None:
    metadata = {
        "0020000D": ["1.9"],
        "0020000E": ["1.9.1"],
        "00080018": ["1.9.2"],
        "00080016": ["1.2.840.10008.5.1.4.1.1.7"],
    }
    text: dict[str, Any] = {tag: {"vr": "UI", "Value": value} for tag, value in metadata.items()}
    text["00420011"] = {"vr": "OB", "BulkDataURI": uri}
    response = post(served, [document(json.dumps([text])), bulk(b"x", "elsewhere")])
    assert response.status_code == 400
    assert "not fetched" in response.text
    assert archive.entries("1.9") == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[" * 100_000, JSON),
        ('{"00080018":' * 100_000, JSON),
        ("[1]", JSON),
        ("null", JSON),
        ("no json", JSON),
        ('[{"0008": {}}]', JSON),
        ('[{"00080018": {"vr": "UI", "Value": [{}]}}]', JSON),
        (
            '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><NativeDicomModel>&a;</NativeDicomModel>',
            XML,
        ),
        ("<NativeDicomModel>" + '<DicomAttribute tag="00081140" vr="SQ"><Item number="1">' * 30_000, XML),
        ("<html/>", XML),
        ("", XML),
    ],
)
def test_malformed_metadata_are_refused(served: str, text: str, kind: str) -> None:
    name = "application/dicom+json" if kind == JSON else "application/dicom+xml"
    response = post(served, [document(text, name)], kind)
    assert response.status_code in {400, 413}, response.text
    assert "root:" not in response.text


def test_too_much_metadata_is_refused(served: str) -> None:
    assert post(served, [document("[" + " " * (1 << 20) + "]")]).status_code == 413
