"""The built pages: what is answered by which name, and what a browser may make of it."""

from pathlib import Path

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from filmless.dicomweb.origin.application import HANDLERS
from filmless.viewer import StaticFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>page")
    (tmp_path / "assets/code-1a2b.js").write_text("plain")
    (tmp_path / "assets/code-1a2b.js.br").write_bytes(b"packed")
    return tmp_path


class Client:
    """Asks an application in the same process."""

    def __init__(self, app) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def get(self, path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://localhost") as client:
                request = client.build_request("GET", path, headers=headers)
                answer = await client.send(request, stream=True)
                answer.extensions["raw"] = b"".join([piece async for piece in answer.aiter_raw()])
                return answer

        return anyio.run(ask)


@pytest.fixture
def client(folder: Path):
    return Client(Starlette(routes=StaticFiles(folder).routes(), exception_handlers=HANDLERS))


def test_each_page_is_the_same_and_asked_for_each_time(client):
    for path in ("/", "/view/1.2.3", "/view/1.2.3/4.5.6"):
        answer = client.get(path)
        assert answer.extensions["raw"] == b"<!doctype html>page"
        assert answer.headers["cache-control"] == "private, no-cache"


def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(client):
    policy = dict(part.split(" ", 1) for part in client.get("/").headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    for sources in policy.values():
        assert set(sources.split()) <= {"'none'", "'self'", "'wasm-unsafe-eval'", "'unsafe-inline'", "blob:", "data:"}


def test_what_they_are_made_of_is_kept_and_packed(client):
    plain = client.get("/assets/code-1a2b.js", **{"accept-encoding": "identity"})
    assert plain.extensions["raw"] == b"plain"
    assert plain.headers["cache-control"] == "private, max-age=31536000, immutable"
    packed = client.get("/assets/code-1a2b.js", **{"accept-encoding": "gzip, br"})
    assert packed.extensions["raw"] == b"packed"
    assert packed.headers["content-encoding"] == "br"
    assert packed.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("name", ["../index.html", "%2e%2e/index.html", "code-1a2b.js.br", "/etc/passwd", "none.js"])
def test_no_other_name_is_looked_for(client, name):
    assert client.get(f"/assets/{name}").status_code == 404


def test_without_a_build_there_are_no_pages(tmp_path):
    assert StaticFiles(tmp_path / "none").routes() == []
    assert not StaticFiles(tmp_path).are_there
