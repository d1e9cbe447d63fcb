"""A server that shows files where they lie stores and deletes nothing; measurements go where it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from filmless.archive import Archive
from filmless.errors import ConflictError, FormatError
from filmless.file import read
from filmless.server import Server, read_settings
from filmless.server.shown import Saving, Shown

from .conftest import instance, until


@contextmanager
def showing(data: Path, **options) -> Iterator[SimpleNamespace]:
    server = Server(
        read_settings(given={"data": data, "http.port": 0, "logs.level": "error", "dimse.port": 0}),
        shown=Shown(**options),
    )
    with server, httpx.Client(base_url=server.addresses.urls[0]) as client:
        until(lambda: client.get("/viewer/session").json()["looking"]["done"], "all is looked at")
        yield SimpleNamespace(client=client, addresses=server.addresses)


@pytest.fixture
def scans(tmp_path: Path, ct: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "1").write_bytes(instance(ct, 1))
    return folder


def test_nothing_is_imported_or_deleted(tmp_path: Path, scans: Path, ct: Path) -> None:
    with showing(tmp_path / "index", paths=(scans,)) as shown:
        client = shown.client
        assert shown.addresses.dimse == []
        session = client.get("/viewer/session").json()
        assert {name: session[name] for name in session if name.startswith("can")} == {
            "canImport": False, "canDelete": False, "canSave": False,
        }  # fmt: skip
        assert session["looking"] == {"files": 1, "instances": 1, "other": 0, "failed": 0, "done": True}
        headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
        body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + instance(ct, 2) + b"\r\n--b--"
        png = {"Content-Type": "image/png"}
        for answer in (
            client.post("/dicom-web/studies", content=body, headers=headers),
            client.post("/dicom-web/convert", content=b"\x89PNG", headers=png),
            client.delete("/dicom-web/studies/1.2.1"),
        ):
            assert answer.status_code == 403
            assert "nothing is imported or deleted" in answer.json()["error"]
            assert "filmless archive import" in answer.json()["hint"]
        assert len(client.get("/dicom-web/studies/1.2.1/instances").json()) == 1
    assert [path.name for path in scans.iterdir()] == ["1"]


def test_measurements_are_saved_where_it_is_told_and_shown_again(tmp_path: Path, scans: Path, ct: Path) -> None:
    save_to = tmp_path / "measured"
    save_to.mkdir()
    (save_to / "before.dcm").write_bytes(instance(ct, 8))
    with showing(tmp_path / "index", paths=(scans,), save_to=save_to) as shown:
        session = shown.client.get("/viewer/session").json()
        assert (session["canSave"], session["canImport"], session["canDelete"]) == (True, False, False)
        assert len(shown.client.get("/dicom-web/studies/1.2.1/instances").json()) == 2


def measured(client: httpx.Client, ct: Path) -> httpx.Response:
    """Save a length on the image that is shown."""
    image = {"sop_class_uid": str(read(ct).SOPClassUID), "sop_instance_uid": "1.2.1.1.1"}
    value = {"name": "length", "number": 5.0, "unit": "mm"}
    length = {"kind": "length", "points": [[2, 3], [5, 7]], "image": image, "values": [value]}
    return client.post("/viewer/studies/1.2.1/measurements", json={"measurements": [length]})


def test_measurements_go_to_the_folder_and_come_back(tmp_path: Path, scans: Path, ct: Path) -> None:
    save_to = tmp_path / "measured"
    save_to.mkdir()
    with showing(tmp_path / "index", paths=(scans,), save_to=save_to) as shown:
        answer = measured(shown.client, ct)
        assert answer.status_code == 201, answer.text
    [file] = save_to.iterdir()
    assert read(file).Modality == "SR"
    with showing(tmp_path / "another", paths=(scans,), save_to=save_to) as shown:
        [report] = shown.client.get("/viewer/studies/1.2.1/measurements").json()["reports"]
        assert [one["kind"] for one in report["measurements"]] == ["length"]
    assert [path.name for path in scans.iterdir()] == ["1"]


def test_without_a_folder_measurements_are_refused_in_words(tmp_path: Path, scans: Path, ct: Path) -> None:
    with showing(tmp_path / "index", paths=(scans,)) as shown:
        answer = measured(shown.client, ct)
    assert answer.status_code == 403
    assert "nothing is saved" in answer.json()["error"]
    assert "--save-to" in answer.json()["hint"]


def test_only_what_is_made_here_is_kept(tmp_path: Path, ct: Path) -> None:
    """Of the needs of a route, keeping alone is granted, and only where there is a place for it."""
    from starlette.requests import HTTPConnection

    from filmless.dicomweb.origin.service import Service
    from filmless.errors import DicomWebError
    from filmless.server.shown import Shown

    shown = Shown()
    asked = HTTPConnection({"type": "http", "headers": []})
    with Archive(tmp_path / "index") as archive:
        told = {"read_only": shown.read_only, "no_keeping": shown.no_keeping}
        closed, kept = Service(archive, **told), Service(archive, **told, keeper=Saving(archive, tmp_path))
        for service in (closed, kept):
            service.within(asked, "read")
            for role in ("write", "delete", "admin"):
                with pytest.raises(DicomWebError, match="nothing is imported"):
                    service.within(asked, role)
        with pytest.raises(DicomWebError, match="nothing is saved") as refused:
            closed.within(asked, "keep")
        assert "--save-to" in refused.value.hint
        kept.within(asked, "keep")
        assert kept.keep(read(ct)).kind == "stored"
        assert len(list(tmp_path.glob("*.dcm"))) == 1
        ours = Service(archive)
        ds = read(ct)
        ds.SOPInstanceUID = "1.2.3"
        assert ours.keep(ds, study_uid=str(ds.StudyInstanceUID)).kind == "stored"
        assert len(list(tmp_path.glob("*.dcm"))) == 1


def test_saving_writes_a_file_under_its_uid(tmp_path: Path, ct: Path) -> None:
    with Archive(tmp_path / "index") as archive:
        save = Saving(archive, tmp_path)
        ds = read(ct)
        outcome = save(ds)
        path = tmp_path / f"{ds.SOPInstanceUID}.dcm"
        assert outcome.kind == "stored"
        assert read(path) == ds
        [entry] = archive.entries(outcome.study_uid)
        assert (entry.storage, entry.location) == (str(tmp_path), path.name)
        before = path.read_bytes()
        with pytest.raises(ConflictError, match="a file of this SOP Instance UID"):
            save(ds)
        assert path.read_bytes() == before
        ds.SOPInstanceUID = "../../up"
        with pytest.raises(FormatError, match="no SOPInstanceUID"):
            save(ds)
