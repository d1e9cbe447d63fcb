"""The viewer in a real browser: Debian's Chromium without a window, on a server with real files in its archive."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from filmless.dataset import Dataset
from filmless.file import encode
from filmless.server import Server, read_settings
from filmless.viewer import StaticFiles

FLAGS = [
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 60_000


def snap(page: Any, name: str) -> None:
    """Keep a picture of a page, where somebody wants to look at it."""
    if folder := os.environ.get("FILMLESS_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def stored(folder: Path, name: str, ds: Dataset) -> Path:
    """Write a data set as a file of a folder; return its path."""
    path = folder / f"{name}.dcm"
    path.write_bytes(encode(ds))
    return path


def _missing(what: str) -> None:
    (pytest.fail if os.environ.get("FILMLESS_REQUIRE_PEERS") == "1" else pytest.skip)(what)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser, for the tests of a module. While it runs, its event loop is this thread's: no other can run here."""
    path = shutil.which("chromium")
    if path is None:
        _missing("peer chromium is not installed")
    if not StaticFiles.built().are_there:
        _missing("the viewer is not built: `make viewer`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, chromium_sandbox=False)
        yield browser
        browser.close()


class Viewer:
    """A page of the viewer, and what went wrong in it that nobody saw."""

    def __init__(self, page: Any, root: str) -> None:
        self.page, self.root = page, root
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.set_default_timeout(WAIT_MS)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: Any) -> None:
        # An answer that is an error is shown by the page in words; that the browser logs it, too, is no defect.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((self.root + "/", "blob:", "data:")):
            self.foreign.append(request.url)

    def open(self, path: str = "/") -> Any:
        """Go to a page of the viewer."""
        self.page.goto(self.root + path)
        return self.page

    def until(self, expression: str) -> Any:
        """Wait until a JavaScript expression is true: Playwright's own way is `eval`, which the page forbids."""
        end = time.monotonic() + WAIT_MS / 1000
        while not (found := self.page.evaluate(expression)):
            assert time.monotonic() < end, f"not so in time: {expression}"
            self.page.wait_for_timeout(20)
        return found

    def wait_for_image(self, cell: int = 0) -> None:
        """Wait until a cell has drawn an image."""
        self.page.wait_for_selector(f'[data-cell="{cell}"] [data-drawn="true"]')


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a server with files in its archive: ``serve(paths, **settings)``."""
    servers: list[Server] = []

    def start(paths: list[Path], **settings: Any) -> Server:
        data = tmp_path / f"archive{len(servers)}"
        from filmless.archive import Archive

        with Archive(data) as archive:
            for path in paths:
                archive.store(path)
        given = {"data": data, "http.port": 0, "logs.level": "error", **settings}
        server = Server(read_settings(given=given))
        server.__enter__()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def open_viewer(chromium: Any) -> Iterator[Callable[..., Viewer]]:
    """Open the viewer of a server: ``open_viewer(server)``. At the end nothing complained, nothing left the origin."""
    contexts: list[Any] = []
    viewers: list[Viewer] = []

    def start(server: Server, *, width: int = 1280, height: int = 800, **options: Any) -> Viewer:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        viewers.append(Viewer(context.new_page(), server.addresses.urls[0]))
        return viewers[-1]

    yield start
    for context in contexts:
        context.close()
    for viewer in viewers:
        assert viewer.foreign == []
        assert viewer.complaints == []
