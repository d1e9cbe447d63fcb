"""A peer: Orthanc's DICOMweb plugin, as a server for our client and as a client of our server."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

import filmless
from filmless.archive import Archive
from filmless.dataset import Dataset
from filmless.dicomweb import BlockingClient, Client, application
from filmless.errors import DicomWebError
from tests.orthanc import orthanc

from .conftest import serving

NAMES = {"CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "SC_rgb.dcm", "reportsi.dcm"}


class Peers(NamedTuple):
    archive: Archive
    ours: str
    theirs: str


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory, peer: Callable[[str], str]) -> Iterator[Peers]:
    program = peer("Orthanc")
    with Archive(tmp_path_factory.mktemp("data")) as archive, serving(application(archive)) as ours:
        folder = tmp_path_factory.mktemp("orthanc")
        with orthanc(
            program, folder, servers={"filmless": {"Url": f"{ours}/", "HasDelete": True, "ChunkedTransfers": True}}
        ) as theirs:
            yield Peers(archive, ours, theirs.url)


@pytest.fixture(scope="module")
def files(pydicom_files: list[Path]) -> list[Path]:
    return [path for path in pydicom_files if path.name in NAMES]


def uids(ds: Dataset) -> tuple[str, str, str]:
    return str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID), str(ds.SOPInstanceUID)


def test_our_client_at_orthanc(peers: Peers, files: list[Path], tmp_path: Path) -> None:
    with BlockingClient(f"{peers.theirs}/dicom-web") as client:
        report = client.store(files)
        assert [one.source for one in report.stored] == list(map(str, files))
        assert report.failed == []
        for path in files:
            ds = filmless.read(path)
            assert [one.StudyInstanceUID for one in client.search_studies(StudyInstanceUID=ds.StudyInstanceUID)] == [
                ds.StudyInstanceUID
            ]
            (kept,) = client.retrieve_to(tmp_path, *uids(ds))
            assert kept.name == f"{ds.SOPInstanceUID}.dcm"
            assert filmless.read(kept) == ds
            (header,) = client.retrieve_metadata(*uids(ds))
            assert header.SOPInstanceUID == ds.SOPInstanceUID
        ct = filmless.read(next(path for path in files if path.name == "CT_small.dcm"))
        for name in ("CompressedSamples*CT1", "Compressed?amples*CT1"):
            assert {one.PatientID for one in client.search_studies(PatientName=name)} == {ct.PatientID}
        assert list(client.retrieve_frames(*uids(ct), [1])) == [ct.PixelData]
        assert client.rendered(*uids(ct))[:2] == b"\xff\xd8"
        again = client.store([*files, b"no dicom"], study=None)
        assert len(again.stored) == len(files)
        assert len(again.failed) == 1
        with pytest.raises(DicomWebError) as caught:
            list(client.retrieve("1.2.3"))
        assert caught.value.status == 404


def test_our_asynchronous_client_at_orthanc(peers: Peers, files: list[Path]) -> None:
    ds = filmless.read(files[0])

    async def run() -> list[Dataset]:
        async with Client(f"{peers.theirs}/dicom-web") as client:
            assert len((await client.store(ds)).stored) == 1
            return [one async for one in client.retrieve(*uids(ds))]

    assert asyncio.run(run()) == [ds]


def test_orthanc_pushes_to_us(peers: Peers, files: list[Path]) -> None:
    """``/dicom-web/servers/{name}/stow``, in chunks."""
    with httpx.Client(base_url=peers.theirs, timeout=60) as rest:
        sent = [rest.post("/instances", content=path.read_bytes()).raise_for_status().json()["ID"] for path in files]
        done = rest.post("/dicom-web/servers/filmless/stow", json={"Resources": sent, "Synchronous": True})
        assert done.status_code == 200, done.text
    for path in files:
        ds = filmless.read(path)
        (entry,) = peers.archive.entries(*uids(ds))
        assert peers.archive.dataset(entry) == ds


def test_orthanc_pulls_from_us(peers: Peers, files: list[Path]) -> None:
    """``/dicom-web/servers/{name}/qido`` and ``/retrieve``."""
    with httpx.Client(base_url=peers.theirs, timeout=60) as rest:
        for path in files:
            peers.archive.store(path)
            ds = filmless.read(path)
            found = rest.post("/tools/lookup", content=str(ds.SOPInstanceUID)).json()
            for one in found:
                rest.delete(f"/instances/{one['ID']}")
            study, series, instance = uids(ds)
            query = {"Uri": "/studies", "Arguments": {"StudyInstanceUID": study}}
            answer = rest.post("/dicom-web/servers/filmless/qido", json=query)
            assert answer.status_code == 200, answer.text
            assert len(answer.json()) == 1
            wanted = {"Resources": [{"Study": study, "Series": series, "Instance": instance}], "Synchronous": True}
            pulled = rest.post("/dicom-web/servers/filmless/retrieve", json=wanted)
            assert pulled.status_code == 200, pulled.text
            (one,) = rest.post("/tools/lookup", content=str(ds.SOPInstanceUID)).json()
            data = rest.get(f"/instances/{one['ID']}/file").content
            assert filmless.read(data) == ds
