"""Who may see one study asks for another, by every route that there is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from filmless.archive import Archive
from filmless.dicomweb import application
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError
from filmless.file import read
from filmless.security import ApiKeys, SecurityOptions
from filmless.security.gate import Gate

from .serving import ask

FRAMES = {"frames": "1", "frame": "1", "path": "7FE00010"}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[tuple[Path, Archive, dict[str, str]]]:
    """An archive with one instance, and its UIDs."""
    from pydicom.data import get_testdata_file

    folder = tmp_path_factory.mktemp("archive")
    path = get_testdata_file("CT_small.dcm", download=False)
    ds = read(path)
    with Archive(folder) as archive:
        archive.store(path)
        uids = {"study": ds.StudyInstanceUID, "series": ds.SeriesInstanceUID, "instance": ds.SOPInstanceUID}
        yield folder, archive, {name: str(uid) for name, uid in uids.items()}


def routed(archive: Archive) -> Starlette:
    """The service, and routes of our own that ask as all of them have to."""
    service = Service(archive)

    async def entries(request: Request) -> Response:
        return JSONResponse(len(await service.entries(request)))

    async def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, DicomWebError)
        return JSONResponse({}, error.status or 500)

    levels = ["/study/{study}", "/series/{study}/{series}", "/instance/{study}/{series}/{instance}"]
    own = Starlette(routes=[Route(level, entries) for level in levels], exception_handlers={DicomWebError: refuse})
    return Starlette(routes=[Mount("/own", own), Mount("/dicom-web", application(archive))])


def paths(archive: Archive, uids: dict[str, str]) -> list[tuple[str, str]]:
    """Every route below a study, with the UIDs of the instance, and its methods."""
    found = []
    for mount in routed(archive).routes:
        assert isinstance(mount, Mount)
        for route in mount.routes:
            if isinstance(route, Route) and "{study}" in route.path:
                path = f"{mount.path}{route.path}"
                for name, value in (uids | FRAMES).items():
                    for kind in ("", ":path", ":int"):
                        path = path.replace(f"{{{name}{kind}}}", value)
                found += [(method, path) for method in sorted(route.methods or {"GET"}) if method != "HEAD"]
    return found


@pytest.mark.parametrize("restriction", [{"studies": ["1.2.3.4"]}, {"patients": ["nobody"]}])
def test_another_study_is_not_there(place, restriction) -> None:
    folder, archive, uids = place
    keys = ApiKeys(folder / "keys.json")
    name = next(iter(restriction))
    key = keys.create(name, roles={"admin"}, **restriction)
    whole = keys.create(f"all-{name}", roles={"read"})
    app = Gate(routed(archive), SecurityOptions.from_mapping({}, folder=folder))
    tried = paths(archive, uids)
    assert len(tried) >= 3
    for method, path in tried:
        answer = ask(app, path, method=method, headers={"X-Api-Key": key})
        # A search finds nothing; all else is not there, or not well asked for.
        found_nothing = method == "GET" and answer.status_code in {200, 204} and answer.text in {"", "[]"}
        assert found_nothing or 400 <= answer.status_code < 500, (method, path, answer.status_code)
        assert ask(app, path, method=method).status_code == 401
    # It is there for others, and still is.
    study = f"/own/study/{uids['study']}"
    assert ask(app, study, headers={"X-Api-Key": key}).status_code == 404
    assert ask(app, study, headers={"X-Api-Key": whole}).status_code == 200


def test_roles_are_asked_for(place) -> None:
    folder, archive, uids = place
    keys = ApiKeys(folder / "keys.json")
    key = keys.create("writer", roles={"write"})
    app = Gate(routed(archive), SecurityOptions.from_mapping({}, folder=folder))
    for method, path in paths(archive, uids):
        if method == "GET":
            assert ask(app, path, headers={"X-Api-Key": key}).status_code == 403, path
