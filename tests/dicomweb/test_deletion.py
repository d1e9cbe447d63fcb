"""Deleting by DICOMweb."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

import filmless
from filmless.archive import Archive, Entry
from filmless.dicomweb import application
from filmless.security import Principal

Serve = Callable[[object], AbstractContextManager[str]]


def test_each_level(tmp_path: Path, example_files: list[Path], serve: Serve) -> None:
    with Archive(tmp_path / "a") as archive:
        found = [archive.store(path) for path in example_files]
        study = found[0].study_uid
        with serve(application(archive)) as url, httpx.Client(base_url=url) as client:
            path = f"/studies/{study}/series/{found[0].series_uid}/instances/{found[0].instance_uid}"
            assert client.delete(path).status_code == 204
            assert client.delete(path).status_code == 404
            assert len(archive.entries(study)) == 3
            assert client.delete(f"/studies/{study}/series/{found[1].series_uid}").status_code == 204
            assert len(archive.entries(study)) == 2
            response = client.delete(f"/studies/{study}")
            assert (response.status_code, response.content) == (204, b"")
            assert archive.entries(study) == []
            assert client.delete(f"/studies/{study}").status_code == 404
            refused = client.delete("/studies")
            assert refused.status_code == 405
            # What is gone can come again.
            assert archive.store(example_files[0]).kind == "stored"


def test_roles_sight_and_audit(tmp_path: Path, example_files: list[Path], serve: Serve) -> None:
    audits: list[dict[str, Any]] = []

    def gated(inner: Any, principal: Principal) -> Callable[..., Any]:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope["filmless.principal"] = principal
            scope["filmless.audit"] = {}
            await inner(scope, receive, send)
            audits.append(scope["filmless.audit"])

        return app

    with Archive(tmp_path / "a") as archive:
        study = archive.store(example_files[0]).study_uid
        app = application(archive)
        reader = Principal("reader", frozenset({"read", "write"}))
        stranger = Principal("stranger", frozenset({"delete"}), studies=frozenset({"1.2.3"}))
        owner = Principal("owner", frozenset({"delete"}), studies=frozenset({study}))
        for principal, status in ((reader, 403), (stranger, 404), (owner, 204)):
            with serve(gated(app, principal)) as url, httpx.Client(base_url=url) as client:
                assert client.delete(f"/studies/{study}").status_code == status
        assert audits[-1] == {"study": study, "deleted": 1}
        assert audits[:2] == [{}, {}]


def test_files_that_are_served_in_place_stay(
    tmp_path: Path, example_files: list[Path], serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Archive(tmp_path / "a") as archive:
        outcome = archive.store(example_files[0])
        entries: list[Entry] = archive.entries(outcome.study_uid)
        served = [entry._replace(storage="/a/folder") for entry in entries]
        monkeypatch.setattr(archive, "entries", lambda *_args, **_options: served)
        monkeypatch.setattr(archive, "delete", lambda _entries: pytest.fail("it was deleted"))
        with serve(application(archive)) as url, httpx.Client(base_url=url) as client:
            response = client.delete(f"/studies/{outcome.study_uid}")
        assert response.status_code == 409
        assert "/a/folder" not in response.text


@pytest.fixture
def example_files(tmp_path: Path, pydicom_files: list[Path]) -> list[Path]:
    """Four instances in two series of a study."""
    ds = filmless.read(next(path for path in pydicom_files if path.name == "CT_small.dcm"))
    paths = []
    for number in range(4):
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = "1.2.1", f"1.2.1.{number % 2}", f"1.2.9.{number}"
        paths.append(tmp_path / f"{number}.dcm")
        ds.save_as(paths[-1])
    return [paths[0], paths[2], paths[1], paths[3]]
