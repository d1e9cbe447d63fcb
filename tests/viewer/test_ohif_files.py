"""What of a build of OHIF is answered: moved to its path, told where DICOMweb is, and nothing from elsewhere."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from filmless.dicomweb.origin.application import HANDLERS
from filmless.viewer.ohif import Ohif

from .test_static_files import Client

PAGE = """<html><head><link href="/app.bundle.css"><meta content="/assets/tile.png"><link href="//elsewhere/x">
<script>window.PUBLIC_URL = '/';</script><script src="/app.bundle.0123.js"></script></head></html>"""
HASHED = "1403.bundle.e8fa44b49cecd08db139.js"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "index.html": PAGE,
        "app.bundle.0123.js": '__webpack_require__.p = "/"; a = "/";',
        "app.bundle.css": "@font-face { src: url(/font.woff2) } b { background: url(data:x) }",
        "manifest.json": '{"src": "/assets/icon.png"}',
        "app-config.js": "window.config = { elsewhere: 'https://elsewhere.example' };",
        "init-service-worker.js": "importScripts('https://elsewhere.example');",
        "sw.js": "importScripts('https://elsewhere.example');",
        "silent-refresh.html": '<script src="https://elsewhere.example"></script>',
        "code.wasm": "wasm",
        HASHED: "chunk",
        f"{HASHED}.map": "map",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def client_of(folder: Path, at: str) -> Client:
    ohif = Ohif(folder, at)
    ours = [Route(path, lambda _: PlainTextResponse("ours"), methods=["GET"]) for path in ("/", "/assets/{name:path}")]
    return Client(Starlette(routes=[*ohif.routes(), *ours, *ohif.last_routes()], exception_handlers=HANDLERS))


def text(client: Client, path: str) -> str:
    answer = client.get(path, **{"accept-encoding": "identity"})
    assert answer.status_code == 200
    return answer.extensions["raw"].decode()


def test_it_is_moved_to_its_path(folder: Path) -> None:
    client = client_of(folder, "/ohif")
    page = PAGE.replace('"/a', '"/ohif/a').replace("'/'", "'/ohif/'")
    for path in ("/ohif", "/ohif/", "/ohif/viewer", "/ohif/viewer/dicomweb"):
        assert text(client, path) == page
    assert text(client, "/ohif/app.bundle.0123.js") == '__webpack_require__.p = "/ohif/"; a = "/";'
    assert "url(/ohif/font.woff2)" in text(client, "/ohif/app.bundle.css")
    assert "url(data:x)" in text(client, "/ohif/app.bundle.css")
    assert text(client, "/ohif/manifest.json") == '{"src": "/ohif/assets/icon.png"}'
    assert text(client, "/") == "ours"


def test_at_the_root_it_is_as_it_was_built_and_ours_stays_below(folder: Path) -> None:
    client = client_of(folder, "/")
    for path in ("/", "/viewer", "/local"):
        assert text(client, path) == PAGE
    assert text(client, "/app.bundle.0123.js") == '__webpack_require__.p = "/"; a = "/";'
    assert text(client, "/assets/ours.js") == "ours"


@pytest.mark.parametrize(("at", "base"), [("/ohif", "/ohif"), ("/", "/")])
def test_its_configuration_is_ours(folder: Path, at: str, base: str) -> None:
    said = text(client_of(folder, at), f"{at.rstrip('/')}/app-config.js")
    config = json.loads(said.removeprefix("window.config = ").rstrip(";\n"))
    [source] = config["dataSources"]
    assert config["routerBasename"] == base
    assert config["defaultDataSourceName"] == source["sourceName"]
    assert {source["configuration"][name] for name in ("qidoRoot", "wadoRoot")} == {"/dicom-web"}
    assert "://" not in said


@pytest.mark.parametrize("name", ["sw.js", "silent-refresh.html", "none.js", f"{HASHED}.map", "../index.html", "a.b"])
def test_no_other_file_is_answered(folder: Path, name: str) -> None:
    assert client_of(folder, "/ohif").get(f"/ohif/{name}").status_code == 404


def test_nothing_comes_from_elsewhere(folder: Path) -> None:
    client = client_of(folder, "/ohif")
    assert text(client, "/ohif/init-service-worker.js") == ""
    policy = dict(part.split(" ", 1) for part in client.get("/ohif").headers["content-security-policy"].split("; "))
    digest = base64.b64encode(hashlib.sha256(b"window.PUBLIC_URL = '/ohif/';").digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}' blob: 'wasm-unsafe-eval'"
    assert policy["default-src"] == "'none'"
    assert not any(
        "//" in source for sources in policy.values() for source in sources.split() if "sha256" not in source
    )


def test_kinds_and_how_long_they_are_kept(folder: Path) -> None:
    client = client_of(folder, "/ohif")
    for name, kind, kept in (
        ("", "text/html", "private, no-cache"),
        (HASHED, "text/javascript", "private, max-age=31536000, immutable"),
        ("code.wasm", "application/wasm", "private, no-cache"),
        ("app-config.js", "text/javascript", "private, no-cache"),
    ):
        answer = client.get(f"/ohif/{name}")
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["cache-control"] == kept
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_another_folder_is_no_build(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Ohif(tmp_path, "/ohif")
