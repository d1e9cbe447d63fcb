"""What nobody expected: the peer learns that, the log where, and nobody a patient's name."""

import asyncio
import io
import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from filmless.dicomweb.origin.application import HANDLERS
from filmless.server.logs import make_log
from filmless.server.metrics import Metrics
from filmless.server.observing import Observed, route_names
from filmless.server.settings.tree import Logs


async def fails(_: Request) -> Response:
    raise ValueError("Doe^Jane")


async def breaks_off(_: Request) -> Response:
    async def parts():
        yield b"begin"
        raise ValueError("Doe^Jane")

    return StreamingResponse(parts())


async def answers(request: Request) -> Response:
    return PlainTextResponse(request.path_params.get("path", ""))


def asked(path: str, *, raw: bool = False) -> tuple[httpx.Response | Exception, list[dict], str]:
    """Ask an application for a path: what it answers, logs and counts."""
    inner = Starlette(
        routes=[
            Route("/fails", fails),
            Route("/breaks", breaks_off),
            Route("/{study}", answers),
            Route("/{study}/{path:path}", answers),
        ],
        exception_handlers=HANDLERS,
    )
    outer = Starlette(routes=[Mount("/dicom-web", inner)], exception_handlers=HANDLERS)
    stream, metrics = io.StringIO(), Metrics()

    async def bare(scope, receive, send) -> None:
        raise ValueError("Doe^Jane")

    application = bare if raw else outer
    log = make_log(Logs(format="json", level="debug"), stream)
    observed = Observed(application, names=route_names(outer), metrics=metrics, log=log)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(observed), base_url="http://x") as client:
            return await client.get(path)

    try:
        answer: httpx.Response | Exception = asyncio.run(ask())
    except ValueError as error:
        answer = error
    return answer, [json.loads(line) for line in stream.getvalue().splitlines()], metrics.text()[0].decode()


@pytest.mark.parametrize("raw", [False, True])
def test_what_nobody_expected_is_answered_and_told(raw: bool) -> None:
    answer, events, metrics = asked("/dicom-web/fails", raw=raw)
    assert isinstance(answer, httpx.Response)
    assert (answer.status_code, answer.json()["error"]) == (500, "the server failed unexpectedly")
    assert events[0]["event"] == "unexpected error"
    assert events[0]["error"] == "ValueError"
    assert "test_observing.py:" in events[0]["where"]
    assert "Doe" not in answer.text + json.dumps(events) + metrics
    assert 'status="500"' in metrics


def test_an_answer_that_has_begun_is_broken_off() -> None:
    answer, events, _ = asked("/dicom-web/breaks")
    assert isinstance(answer, ValueError), "the server below closes the connection"
    assert "Doe" not in json.dumps(events)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/dicom-web/1.2.3", "/dicom-web/{study}"),
        ("/dicom-web/1.2.3/a/b", "/dicom-web/{study}/{path:path}"),
        ("/1.2.3", "unknown"),
    ],
)
def test_a_route_is_called_by_its_pattern(path: str, route: str) -> None:
    _, events, metrics = asked(path)
    assert events[-1]["route"] == route
    assert f'route="{route}"' in metrics
    assert "1.2.3" not in metrics
