"""The whole, by the server that is used, with what no HTTP client sends."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from filmless.security import ApiKeys, Audit, Limits, SecurityOptions, secured

from .serving import application, served

LIMITS = Limits(body_bytes=1000, url_bytes=2000, header_bytes=4000, idle_s=0.5)


class Place:
    """A server, its folder and address."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.port = httpx.URL(url).port or 0

    def raw(self, request: bytes) -> bytes:
        """Send bytes, and return all that comes back until the end of the connection."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=10)) as connection:
            with contextlib.suppress(ConnectionError):  # the server may end it before it has all of it
                connection.sendall(request)
            return everything(connection)

    def lines(self) -> list[dict[str, Any]]:
        """The lines that are whole: another may just be written."""
        *whole, _ = (self.folder / "audit.jsonl").read_text().split("\n")
        return [json.loads(line) for line in whole]

    def line_of(self, path: str) -> dict[str, Any]:
        """The line of a path, once it is written."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for line in self.lines():
                if line.get("path") == path or line.get("route") == path:
                    return line
        raise AssertionError(path)


def everything(connection: socket.socket) -> bytes:
    found = b""
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Place]:
    """A loopback that is open."""
    folder = tmp_path_factory.mktemp("open")
    with Audit(folder / "audit.jsonl") as audit:
        app = secured(_Streaming(application()), SecurityOptions(), audit=audit, limits=LIMITS)
        with served(app, limits=LIMITS) as url:
            yield Place(url, folder)


class _Streaming:
    """An endless answer at /endless, whose reader leaves."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/endless":
            await self._app(scope, receive, send)
            return
        from starlette.responses import StreamingResponse

        async def pieces() -> Any:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)

        await StreamingResponse(pieces())(scope, receive, send)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_keys_come_and_go_while_it_runs(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path / "keys.json")
    key = keys.create("ct-1")
    options = SecurityOptions.from_mapping({}, folder=tmp_path)
    with (
        Audit(tmp_path / "audit.jsonl") as audit,
        served(secured(application(), options, audit=audit)) as url,
        httpx.Client(base_url=url, headers={"X-Api-Key": key}) as client,
    ):
        assert client.get("/dicom-web/studies/1.2").status_code == 200
        new = keys.create("ct-2")
        assert client.get("/dicom-web/studies/1.2", headers={"X-Api-Key": new}).json()["who"] == "ct-2"
        keys.revoke("ct-1")
        assert client.get("/dicom-web/studies/1.2").status_code == 401
        assert client.get("/dicom-web/studies/1.2", headers={"X-Api-Key": new}).status_code == 200


def request(*headers: bytes, target: bytes = b"/dicom-web/studies/1.2") -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", *headers, b"Connection: close", b"", b""])


def test_hosts_as_they_come(place: Place) -> None:
    def ask(*headers: bytes) -> int:
        return status(place.raw(request(*headers)))

    assert ask(b"Host: localhost:%d" % place.port) == 200
    assert ask(b"HOST:\tLOCALHOST.") == 200
    assert ask() == 400
    assert ask(b"Host: localhost", b"Host: localhost") == 400
    assert ask(b"Host: evil.example.org") == 403
    assert ask(b"Host: localhost\x00") == 400
    assert ask(b"Host: localhost\x0b") == 400
    assert ask(b"Host: local\xffhost") == 400
    # A folded header, and one that ends in the middle.
    assert ask(b"Host: evil", b" localhost") in {400, 403}
    assert ask(b"Host: localhost\rX: y") == 400


def test_an_absolute_target_changes_no_host(place: Place) -> None:
    target = b"http://localhost/dicom-web/studies/1.2"
    assert status(place.raw(request(b"Host: evil.example.org", target=target))) == 403


@pytest.mark.parametrize(
    "path", [b"/dicom-web/../health", b"//health", b"/health/../dicom-web/studies/1.2", b"/%68ealth/x"]
)
def test_tricks_with_paths_open_nothing(tmp_path: Path, path: bytes) -> None:
    ApiKeys(tmp_path / "keys.json").create("a")
    options = SecurityOptions.from_mapping({}, folder=tmp_path)
    with Audit(tmp_path / "audit.jsonl") as audit, served(secured(application(), options, audit=audit)) as url:
        assert status(Place(url, tmp_path).raw(request(b"Host: localhost", target=path))) == 401


def test_line_ends_get_nowhere(place: Place) -> None:
    for path in ("/a%0d%0aSet-Cookie:%20x=1", "/a%0aX"):
        answer = place.raw(request(b"Host: localhost", target=path.encode()))
        assert b"Set-Cookie" not in answer
        assert status(answer) == 404
    text = (place.folder / "audit.jsonl").read_bytes()
    assert all(json.loads(line)["time"] for line in text.splitlines())


@pytest.mark.parametrize("piece", [b"X" * 1000, b"X: y\r\n" * 200, b"X: " + b"y" * 997 + b"\r\n"])
def test_heads_without_end_are_ended(place: Place, piece: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", place.port), timeout=10)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        sent = 0
        try:
            while sent < 50_000_000:
                connection.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
        else:
            pytest.fail("all of it was taken")
    assert sent < 20_000_000  # what the sockets hold


def test_a_head_of_some_size_is_answered(place: Place) -> None:
    assert status(place.raw(request(b"Host: localhost", b"X: " + b"y" * 5000))) == 431
    assert status(place.raw(request(b"Host: localhost", target=b"/" + b"y" * 2500))) == 414


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nHost: local"])
def test_a_head_that_does_not_come_is_not_waited_for(place: Place, start: bytes) -> None:
    began = time.monotonic()
    assert place.raw(start) == b""
    assert time.monotonic() - began < 5


def test_trailers_are_no_headers_and_come_to_an_end(place: Place) -> None:
    head = b"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    head += b"Connection: close\r\n\r\n"
    answer = place.raw(head + b"3\r\nabc\r\n0\r\nX-Trailed: x\r\n\r\n")
    assert status(answer) == 200
    assert b"trailed" not in answer
    place.raw(head + b"3\r\nabc\r\n0\r\n" + b"X: " + b"y" * 10_000_000)
    assert status(place.raw(request(b"Host: localhost"))) == 200


def test_bodies_are_counted_as_they_come(place: Place) -> None:
    head = b"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\n"
    assert b"1000" in place.raw(head + b"Connection: close\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)
    assert status(place.raw(head + b"Content-Length: 4294967296\r\n\r\n")) == 413
    assert status(place.raw(head + b"Content-Length: -1\r\n\r\n")) == 400
    assert status(place.raw(head + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")) == 400
    chunk = b"100\r\n" + b"x" * 256 + b"\r\n"
    assert status(place.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 4)) == 413
    # The client is not asked to go on, when it asks.
    answer = place.raw(head + b"Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")
    # And a body that stops coming.
    assert status(place.raw(head + b"Content-Length: 100\r\n\r\nabc")) == 408


def test_who_leaves_is_in_the_audit(place: Place) -> None:
    with closing(socket.create_connection(("127.0.0.1", place.port), timeout=10)) as connection:
        connection.sendall(request(b"Host: localhost", target=b"/endless"))
        assert connection.recv(10)
    line = place.line_of("/endless")
    assert line["outcome"] == "aborted"
    assert line["bytes"] > 0


def test_an_upload_that_breaks_off_is_in_the_audit(place: Place) -> None:
    with closing(socket.create_connection(("127.0.0.1", place.port), timeout=10)) as connection:
        connection.sendall(b"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nabc")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if [line for line in place.lines() if line["outcome"] == "aborted" and line["method"] == "POST"]:
            return
    pytest.fail("no line")


def test_many_at_once_have_a_line_each(place: Place) -> None:
    before = len(place.lines())

    def ask() -> None:
        with httpx.Client(base_url=place.url) as client:
            for _ in range(25):
                assert client.get("/many").status_code == 404

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if len([line for line in place.lines()[before:] if line.get("path") == "/many"]) == 200:
            return
    pytest.fail("lines are missing")
