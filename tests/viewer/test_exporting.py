"""Studies to take along are a file-set."""

import io
import tempfile
import zipfile
from pathlib import Path

import httpx
import pydicom.data
import pytest

from filmless import read, read_fileset
from filmless.archive import Archive
from filmless.errors import DicomError
from filmless.file.media import create_fileset, verify_fileset
from filmless.server import Server, read_settings

from .phantoms import series

FILES = Path(pydicom.data.__file__).parent / "test_files"


def test_a_zip_is_a_file_set(tmp_path: Path) -> None:
    with Archive(tmp_path / "a") as archive:
        studies = [archive.store(FILES / name).study_uid for name in ("CT_small.dcm", "MR_small.dcm")]
    given = {"data": tmp_path / "a", "http.port": 0, "logs.level": "error"}
    with Server(read_settings(given=given)) as server:
        url = f"{server.addresses.urls[0]}/viewer/fileset"
        answer = httpx.get(url, params={"study": studies})
        assert [httpx.get(url, params=query).status_code for query in ({}, {"study": "1.2"})] == [400, 404]
        assert httpx.get(url, params={"study": studies, "series": "1.2"}).status_code == 400
    assert answer.headers["content-disposition"].startswith("attachment")
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path / "cd")
    fileset = read_fileset(tmp_path / "cd")
    assert len(fileset) == len(fileset.studies) == 2
    assert fileset.missing == []
    assert {record.read().StudyInstanceUID for record in fileset} == set(studies)


def test_a_series_is_taken_along_alone(tmp_path: Path) -> None:
    paths = [path for number in (1, 2) for path in series(tmp_path / str(number), count=2, size=8)]
    with Archive(tmp_path / "a") as archive:
        last = [archive.store(path) for path in paths][-1]
    study, chosen = last.study_uid, last.series_uid
    given = {"data": tmp_path / "a", "http.port": 0, "logs.level": "error"}
    with Server(read_settings(given=given)) as server:
        url = f"{server.addresses.urls[0]}/viewer/fileset"
        answer = httpx.get(url, params={"study": study, "series": chosen})
        nothing = httpx.get(url, params={"study": study, "series": "1.2"})
    assert nothing.status_code == 404
    assert "series" in nothing.json()["error"]
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path / "cd")
    assert [record.read().SeriesInstanceUID for record in read_fileset(tmp_path / "cd")] == [chosen, chosen]


LINKS = {"OffsetOfTheNextDirectoryRecord", "OffsetOfReferencedLowerLevelDirectoryEntity"}


def tree(folder: Path) -> dict[tuple[str, ...], dict[str, object]]:
    """Records of a file-set with a file, by its name, without their links."""
    return {
        record.file_id: {each.keyword: each.value for each in record.dataset if each.keyword not in LINKS}
        for record in read_fileset(folder)
    }


def test_it_is_the_file_set_that_would_be_written_to_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = []
    with Archive(tmp_path / "a") as archive:
        for path in sorted(FILES.glob("*.dcm")):
            try:
                outcome = archive.store(path)
            except DicomError:
                continue
            if outcome.kind == "stored":
                stored.append((path, outcome.study_uid))
    create_fileset([path for path, _ in stored], tmp_path / "written", profile=None, keep_damaged=True)
    # Not a byte of it is on a disk: there is none to write to.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    given = {"data": tmp_path / "a", "http.port": 0, "logs.level": "error"}
    with Server(read_settings(given=given)) as server:
        query = {"study": sorted({study for _, study in stored})}
        answer = httpx.get(f"{server.addresses.urls[0]}/viewer/fileset", params=query, timeout=60)
    assert answer.status_code == 200
    monkeypatch.undo()
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path / "cd")
    assert len(stored) > 30
    assert tree(tmp_path / "cd") == tree(tmp_path / "written")
    damage = {"no-pixels", "damaged"}
    assert [one for one in verify_fileset(tmp_path / "cd") if one.code not in damage] == []
    same = {path.read_bytes() for path in (tmp_path / "written" / "DICOM").rglob("*") if path.is_file()}
    assert {path.read_bytes() for path in (tmp_path / "cd" / "DICOM").rglob("*") if path.is_file()} == same


def test_file_meta_information_is_of_the_instance(tmp_path: Path) -> None:
    data = (FILES / "CT_small.dcm").read_bytes()
    uid = read(data).SOPInstanceUID
    wrong = data.replace(uid.encode(), uid[:-1].encode() + b"9", 1)
    assert read(wrong).file_meta.MediaStorageSOPInstanceUID != uid
    with Archive(tmp_path / "a") as archive:
        study = archive.store(wrong).study_uid
    given = {"data": tmp_path / "a", "http.port": 0, "logs.level": "error"}
    with Server(read_settings(given=given)) as server:
        answer = httpx.get(f"{server.addresses.urls[0]}/viewer/fileset", params={"study": study})
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path / "cd")
    assert verify_fileset(tmp_path / "cd") == []
    [record] = read_fileset(tmp_path / "cd")
    assert record.read().file_meta.MediaStorageSOPInstanceUID == uid
    assert record.read() == read(data)
