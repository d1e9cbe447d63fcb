import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from filmless.security import Limits
from filmless.security.bodies import BoundedBodies

from .serving import application, ask


def bounded(most: int | None, app: Any = None) -> BoundedBodies:
    return BoundedBodies(app or application(), Limits(body_bytes=most))


def post(app: Any, **options: Any) -> Any:
    return ask(_Audited(app), "/dicom-web/studies", method="POST", **options)


class _Audited:
    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app({**scope, "filmless.audit": {}}, receive, send)


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 10


def test_bodies_are_counted() -> None:
    assert post(bounded(100), content=b"x" * 100).text == "100"
    assert post(bounded(100), content=b"x" * 101).status_code == 413
    assert post(bounded(100), content=pieces(10)).text == "100"
    assert post(bounded(100), content=pieces(11)).status_code == 413
    assert post(bounded(None), content=pieces(1000)).text == "10000"
    assert ask(bounded(0), "/health").text == "ok"


def test_what_is_too_long_is_413_whatever_the_application_makes_of_it() -> None:
    async def careless(scope: Any, receive: Any, send: Any) -> None:
        try:
            while (await receive()).get("more_body"):
                pass
        except Exception:  # noqa: BLE001
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"stored"})

    answer = post(bounded(100, careless), content=pieces(1000))
    assert answer.status_code == 413
    assert answer.json() == {"error": "the body of the request is longer than 100 bytes"}


@pytest.mark.parametrize("length", ["-1", "1e3", "x", "", " 5", "9" * 21, "5,5", "0x10"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    assert post(bounded(100), headers={"Content-Length": length}).status_code == 400
    assert (
        post(bounded(100), headers=[("Content-Length", "5"), ("Content-Length", "6")], content=b"").status_code == 400
    )


def test_a_length_that_is_too_much_is_refused_before_a_byte() -> None:
    assert post(bounded(100), headers={"Content-Length": str(4 << 30)}).status_code == 413


def test_a_body_that_stops_coming_is_408() -> None:
    sent: list[Any] = []

    async def never() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/dicom-web/studies", "headers": [(b"transfer-encoding", b"chunked")],
        "query_string": b"", "filmless.audit": {},
    }  # fmt: skip
    asyncio.run(BoundedBodies(application(), Limits(idle_s=0.01))(scope, never, send))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


def test_waiting_for_the_end_of_a_connection_has_no_end() -> None:
    """After a whole body `receive` is how an application learns that its reader left: that may take hours."""

    async def run() -> str:
        messages = [{"type": "http.request", "body": b"", "more_body": False}]
        later = asyncio.Event()

        async def receive() -> Any:
            if messages:
                return messages.pop()
            asyncio.get_running_loop().call_later(0.05, later.set)
            await later.wait()
            return {"type": "http.disconnect"}

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            scope["seen"] = (await receive())["type"]

        scope = {"type": "http", "headers": []}
        await BoundedBodies(app, Limits(idle_s=0.01))(scope, receive, receive)
        return str(scope["seen"])

    assert asyncio.run(run()) == "http.disconnect"
