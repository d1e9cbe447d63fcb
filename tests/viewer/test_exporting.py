"""Studies to take along are a file-set."""

import io
import zipfile
from pathlib import Path

import httpx
import pydicom.data

from filmless import read_fileset
from filmless.archive import Archive
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
