"""STOW-RS, over HTTP to a real server."""

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

import filmless
from filmless.archive import Archive, Key, Query
from filmless.dataset import Dataset
from filmless.dicomweb import BlockingClient, application
from filmless.errors import StorageFullError
from filmless.file import encode
from filmless.security import Limits
from filmless.security.principal import Principal

from .conftest import serving
from .multipart_bodies import BOUNDARY, DICOM, multipart, until

OUT_OF_RESOURCES, OTHER_STUDY, CANNOT_UNDERSTAND, NOT_AUTHORIZED = 0xA700, 0xA901, 0xC000, 0x0124


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "data") as archive:
        yield archive


@pytest.fixture
def served(archive: Archive) -> Iterator[str]:
    with serving(application(archive, limits=Limits(part_bytes=4 << 20))) as url:
        yield url


@pytest.fixture
def files(pydicom_files: list[Path]) -> list[Path]:
    return [path for path in pydicom_files if path.name in {"CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm"}]


@pytest.fixture
def ct(files: list[Path]) -> Dataset:
    return filmless.read(next(path for path in files if path.name == "CT_small.dcm"))


def post(url: str, body: Any, kind: str = DICOM, **headers: str) -> httpx.Response:
    return httpx.post(f"{url}/studies", content=body, headers={"Content-Type": kind, **headers}, timeout=30)


def stored_bytes(archive: Archive, ds: Dataset) -> bytes:
    (entry,) = archive.entries(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
    return archive.read(entry)


def left_over(archive_folder: Path) -> list[Path]:
    return [path for path in (archive_folder / "data" / "incoming").rglob("*") if path.is_file()]


def reasons(response: httpx.Response) -> list[int]:
    ds = Dataset.from_json(response.json())
    failed = [*(ds.get("FailedSOPSequence") or ()), *(ds.get("OtherFailuresSequence") or ())]
    return [one.FailureReason for one in failed]


def test_an_error_comment_that_is_too_long_ends_with_a_word(served: str, ct: Dataset) -> None:
    del ct.StudyInstanceUID
    [failed] = Dataset.from_json(post(served, multipart([encode(ct)])).json()).FailedSOPSequence
    assert failed.ErrorComment == "the data set has no StudyInstanceUID, which an instance is…"
    [other] = Dataset.from_json(post(served, multipart([b"x"])).json()).OtherFailuresSequence
    assert other.ErrorComment == "no DICOM file, expected a preamble and `DICM` behind it"


def test_instances_are_stored_as_they_are(served: str, archive: Archive, files: list[Path], tmp_path: Path) -> None:
    response = post(served, multipart([path.read_bytes() for path in files]))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/dicom+json"
    told = Dataset.from_json(response.json())
    assert [item.ReferencedSOPInstanceUID for item in told.ReferencedSOPSequence] == [
        filmless.read(path).SOPInstanceUID for path in files
    ]
    for path, item in zip(files, told.ReferencedSOPSequence, strict=True):
        ds = filmless.read(path)
        assert item.ReferencedSOPClassUID == ds.SOPClassUID
        url = f"/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
        assert item.RetrieveURL == served + url
        assert stored_bytes(archive, ds) == path.read_bytes()
    assert left_over(tmp_path) == []
    again = post(served, multipart([path.read_bytes() for path in files]))
    assert again.status_code == 200
    assert again.json() == response.json()


def test_every_real_file_comes_back_as_it_went(
    served: str, archive: Archive, all_files: list[Path], tmp_path: Path
) -> None:
    """Whole corpus: what is answered as stored is there byte for byte, and what is not has a reason."""
    seen: set[str] = set()
    with httpx.Client(base_url=served, timeout=60) as client:
        for start in range(0, len(all_files), 50):
            batch = [path.read_bytes() for path in all_files[start : start + 50]]
            response = client.post("/studies", content=multipart(batch), headers={"Content-Type": DICOM})
            assert response.status_code in {200, 202, 409, 400}, response.text
            told = Dataset.from_json(response.json())
            counts = [
                len(told.get(name) or ())
                for name in ("ReferencedSOPSequence", "FailedSOPSequence", "OtherFailuresSequence")
            ]
            assert sum(counts) == len(batch)
            for item in told.get("ReferencedSOPSequence") or ():
                seen.add(item.ReferencedSOPInstanceUID)
    assert len(seen) > 50
    came: dict[str, list[bytes]] = {}
    for path in all_files:
        data = path.read_bytes()
        try:
            came.setdefault(str(filmless.read(data).get("SOPInstanceUID")), []).append(data)
        except filmless.errors.DicomError:
            continue
    with BlockingClient(served) as client:
        studies = {study_of(archive, uid) for uid in seen}
        found = {path.stem: path.read_bytes() for uid in studies for path in client.retrieve_to(tmp_path / "out", uid)}
    assert set(found) == seen
    assert [uid for uid, data in found.items() if data not in came[uid]] == []


def study_of(archive: Archive, instance: str) -> str:
    """The study of an instance."""
    (row,) = archive.search(Query("instance", keys=(Key((0x0008_0018,), instance),))).rows
    return row.study_uid


def test_one_instance_alone(served: str, archive: Archive, ct: Dataset) -> None:
    response = post(served, encode(ct), "application/dicom")
    assert response.status_code == 200
    assert stored_bytes(archive, ct) == encode(ct)


def test_answers_in_xml_when_asked(served: str, files: list[Path]) -> None:
    body = multipart([files[0].read_bytes()])
    response = post(served, body, Accept="application/dicom+json;q=0.5, application/dicom+xml")
    assert response.headers["content-type"].startswith("application/dicom+xml")
    assert len(Dataset.from_xml(response.content).ReferencedSOPSequence) == 1
    assert post(served, body, Accept="image/png").status_code == 406


def test_failures_do_not_sink_the_rest(served: str, ct: Dataset, files: list[Path], tmp_path: Path) -> None:
    without_uid, traversing = ct.copy(), ct.copy()
    del without_uid.SOPInstanceUID
    traversing.StudyInstanceUID = "../../x"
    parts: list[Any] = [
        b"no DICOM, but rather long " * 20,
        encode(without_uid),
        b"",
        ({"Content-Type": "image/png"}, b"\x89PNG"),
        files[0].read_bytes(),
        encode(traversing),
        files[0].read_bytes()[:600],
    ]
    response = post(served, multipart(parts))
    assert response.status_code == 202
    assert len(response.json()["00081199"]["Value"]) == 1
    assert len(reasons(response)) == 6
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("part", [b"", b"no DICOM", b"\0" * 128 + b"DICM", b"\0" * 128 + b"DICM" + b"\xff" * 100])
def test_what_is_no_instance_is_a_bad_request(served: str, part: bytes, tmp_path: Path) -> None:
    response = post(served, multipart([part]))
    assert response.status_code == 400
    assert reasons(response) == [CANNOT_UNDERSTAND]
    assert left_over(tmp_path) == []


def test_an_instance_of_another_study_is_refused(served: str, archive: Archive, ct: Dataset) -> None:
    response = httpx.post(f"{served}/studies/1.2.3", content=multipart([encode(ct)]), headers={"Content-Type": DICOM})
    assert response.status_code == 409
    assert reasons(response) == [OTHER_STUDY]
    assert archive.entries(ct.StudyInstanceUID) == []
    right = f"{served}/studies/{ct.StudyInstanceUID}"
    assert httpx.post(right, content=multipart([encode(ct)]), headers={"Content-Type": DICOM}).status_code == 200


def test_restricted_senders_write_to_what_is_theirs(archive: Archive, ct: Dataset) -> None:
    inner = application(archive)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        roles = {"reader": frozenset({"read"})}.get(
            dict(scope["headers"]).get(b"x-as", b"").decode(), frozenset({"write"})
        )
        scope["filmless.principal"] = Principal("sender", roles, patients=frozenset({"another"}))  # type: ignore[arg-type]
        await inner(scope, receive, send)

    with serving(app) as url:
        refused = post(url, multipart([encode(ct)]))
        assert refused.status_code == 409
        assert reasons(refused) == [NOT_AUTHORIZED]
        assert post(url, multipart([encode(ct)]), **{"X-As": "reader"}).status_code == 403
    assert archive.entries(ct.StudyInstanceUID) == []


def test_compressed_bodies(served: str, archive: Archive, ct: Dataset) -> None:
    body = multipart([encode(ct)])
    assert post(served, gzip.compress(body), **{"Content-Encoding": "gzip"}).status_code == 200
    assert stored_bytes(archive, ct) == encode(ct)
    assert post(served, gzip.compress(body)[:-20], **{"Content-Encoding": "gzip"}).status_code == 400
    assert post(served, body, **{"Content-Encoding": "gzip"}).status_code == 400
    assert post(served, body, **{"Content-Encoding": "br"}).status_code == 415
    assert post(served, gzip.compress(gzip.compress(body)), **{"Content-Encoding": "gzip"}).status_code == 400


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/mixed; boundary=x", "", 'multipart/related; type="image/png"; boundary=x']
)
def test_other_media_types_are_refused(served: str, kind: str) -> None:
    refused = post(served, b"x", kind)
    assert refused.status_code == 415
    assert "`/convert` takes pictures" in refused.json()["hint"]


def test_preamble_epilogue_and_quoted_boundary(served: str, archive: Archive, ct: Dataset) -> None:
    boundary = "a b=c:d"
    body = b"a preamble\r\n" + multipart([encode(ct)], boundary=boundary) + b"an epilogue"
    kind = f'multipart/related; boundary="{boundary}"; type="application/dicom"'
    assert post(served, body, kind).status_code == 200
    assert stored_bytes(archive, ct) == encode(ct)


def test_pixels_that_look_like_boundaries(served: str, archive: Archive, ct: Dataset) -> None:
    likely = f"\r\n--{BOUNDARY[:-1]}\r\n--{BOUNDARY}x\r\n--\r\n".encode()
    ct.PixelData = (likely * (len(ct.PixelData) // len(likely) + 1))[: len(ct.PixelData)]
    for size in (1 << 20, 1000, 37):
        data = multipart([encode(ct)])
        pieces = (data[start : start + size] for start in range(0, len(data), size))
        assert post(served, pieces).status_code == 200
        assert stored_bytes(archive, ct) == encode(ct)


def test_a_full_disk_is_told(archive: Archive, ct: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise StorageFullError("the disk is full")

    with serving(application(archive)) as url:
        monkeypatch.setattr(archive, "receive", full)
        response = post(url, multipart([encode(ct), encode(ct)]))
        assert response.status_code == 507
        assert reasons(response) == [OUT_OF_RESOURCES] * 2
        monkeypatch.undo()
        assert post(url, multipart([encode(ct)])).status_code == 200


def test_too_large_instances_and_bodies(archive: Archive, ct: Dataset, tmp_path: Path) -> None:
    with serving(application(archive, limits=Limits(part_bytes=10_000))) as url:
        assert post(url, multipart([encode(ct)])).status_code == 413
        assert post(url, multipart([encode(ct), b"\0" * 128 + b"DICM"])).status_code == 409
    with serving(application(archive, limits=Limits(body_bytes=10_000))) as url:
        assert post(url, multipart([encode(ct)])).status_code == 413
        assert post(url, iter([multipart([encode(ct)])])).status_code == 413
    assert archive.entries(ct.StudyInstanceUID) == []
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("chunked", [True, False])
def test_a_client_that_goes_leaves_nothing(
    served: str, archive: Archive, ct: Dataset, tmp_path: Path, chunked: bool
) -> None:
    ct.PixelData = b"\1\2" * (1 << 20)
    ct.Rows = ct.Columns = 1024
    body = multipart([encode(ct)])
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    split = urlsplit(served)
    with socket.create_connection((split.hostname, split.port)) as connection:
        head = f"POST /studies HTTP/1.1\r\nHost: x\r\nContent-Type: {DICOM}\r\n{length}\r\n\r\n"
        half = body[: len(body) * 3 // 4]
        connection.sendall(head.encode() + (f"{len(half):x}\r\n".encode() if chunked else b"") + half)
        until(lambda: len(left_over(tmp_path)) == 1)  # it is being written
    until(lambda: left_over(tmp_path) == [])
    assert archive.entries(ct.StudyInstanceUID) == []
    assert post(served, multipart([encode(ct)])).status_code == 200


def test_expect_100_continue(served: str, ct: Dataset) -> None:
    body, split = multipart([encode(ct)]), urlsplit(served)
    for kind, first in ((DICOM, b"HTTP/1.1 100"), ("text/plain", b"HTTP/1.1 415")):
        with socket.create_connection((split.hostname, split.port)) as connection:
            head = f"POST /studies HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
            connection.settimeout(20)
            assert connection.recv(100).startswith(first)
            if first.endswith(b"100"):
                connection.sendall(body)
                assert b" 200 OK" in connection.recv(1000)


def test_many_senders_at_once(served: str, archive: Archive, ct: Dataset) -> None:
    results: list[int] = []

    def send(number: int) -> None:
        with httpx.Client(timeout=60) as client:
            for turn in range(3):
                ds = ct.copy()
                ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}.{turn}"
                response = client.post(
                    f"{served}/studies", content=multipart([encode(ds)]), headers={"Content-Type": DICOM}
                )
                results.append(response.status_code)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200] * 24
    assert len(archive.entries(ct.StudyInstanceUID)) == 24


def test_the_audit_gets_uids_only(archive: Archive, ct: Dataset) -> None:
    told: list[dict[str, Any]] = []
    inner = application(archive)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await inner(scope, receive, send)
        told.append(scope.get("filmless.audit", {}))

    with serving(app) as url:
        post(url, multipart([encode(ct), b"x"]))
    assert told == [{"studies": [ct.StudyInstanceUID], "stored": 1, "failed": 1}]
    assert str(ct.PatientName) not in json.dumps(told)


def test_what_is_set_aside_is_told_and_is_success(served: str, archive: Archive, ct: Dataset) -> None:
    assert "warning" not in post(served, multipart([encode(ct)])).headers
    kept, ct.InstitutionName = encode(ct), "another"
    response = post(served, multipart([encode(ct)]))
    assert response.status_code == 200
    assert response.headers["warning"] == "299 filmless: 1 set aside, other instances of their UIDs are there"
    [item] = Dataset.from_json(response.json()).ReferencedSOPSequence
    assert item.ErrorComment == "set aside: another instance of this UID is there"
    assert "WarningReason" not in item  # none fits, and modalities would take it for a failure
    assert stored_bytes(archive, ct) == kept
    with BlockingClient(served) as client:
        ct.InstitutionName = "a third"
        assert [one.comment for one in client.store([ct]).stored] == [item.ErrorComment]
        assert [one.comment for one in client.store([kept]).stored] == [None]
