"""Around every request: its metrics, its line in the log, and what nobody expected."""

import asyncio
import json
import time
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from filmless.server.logs import Log, where_raised
from filmless.server.metrics import Metrics

__all__ = ["Observed", "route_names"]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
_Names = dict[tuple[int, frozenset[str]], str]


def route_names(application: Starlette) -> _Names:
    """Return how each route is called in metrics and logs: by its pattern, which holds nothing that a peer chose."""
    return _named(application.routes, "")


def _named(routes: list[Any], prefix: str) -> _Names:
    found: _Names = {}
    for route in routes:
        if isinstance(route, Mount):
            found |= _named(list(route.routes or []), prefix + route.path)
        elif isinstance(route, Route):
            found.setdefault((id(route.endpoint), frozenset(route.param_convertors)), prefix + route.path)
    return found


class Observed:
    """Counts and times the requests to an application, and answers 500 where it fails unexpectedly.

    Parameters
    ----------
    application
        What is observed.
    names
        Of its routes.
    """

    def __init__(self, application: ASGIApp, *, names: _Names, metrics: Metrics, log: Log) -> None:
        self._application, self._names, self._metrics, self._log = application, names, metrics, log
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and watch it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        start, seen = time.perf_counter(), _Seen(receive, send)
        self._metrics.in_flight.inc()
        try:
            await self._application(scope, seen.receive, seen.send)
        except asyncio.CancelledError:
            await _stopped(seen)
        except Exception as error:
            if _is_cancelled():  # what is closed under a task that waits for it raises errors of its own
                await _stopped(seen)
                return
            self._log.error("unexpected error", route=self._route(scope), **where_raised(error))
            if not seen.status:
                await _answer(seen.send, 500, {"error": "the server failed unexpectedly", "hint": "its log says where"})
            elif not seen.is_complete:
                # The answer has begun: breaking off tells the peer that it is not whole.
                raise
        finally:
            self._metrics.in_flight.dec()
            self._tell(scope, seen, time.perf_counter() - start)

    def _route(self, scope: Scope) -> str:
        key = (id(scope.get("endpoint")), frozenset(scope.get("path_params", ())))
        return self._names.get(key, "unknown")

    def _tell(self, scope: Scope, seen: "_Seen", seconds: float) -> None:
        route, metrics = self._route(scope), self._metrics
        method = scope["method"] if scope["method"] in _METHODS else "other"
        key = (method, route, seen.status)
        if (counted := self._counted.get(key)) is None:  # to look labels up takes longer than to count
            requests = metrics.requests.labels(method, route, str(seen.status or "aborted"))
            counted = self._counted[key] = (requests, metrics.seconds.labels(method, route))
        counted[0].inc()
        counted[1].observe(seconds)
        metrics.received.inc(seen.received)
        metrics.sent.inc(seen.sent)
        client = scope.get("client") or ("",)
        values = {"status": seen.status, "ms": round(seconds * 1000, 1), "from": client[0]}
        # The audit has a line for each access: a second one would cost as much again and say less.
        self._log.debug("request", method=method, route=route, **values)


class _Seen:
    """What went in and out of one request."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self.status = self.received = self.sent = 0
        self.is_complete = False

    async def receive(self) -> Message:
        message = await self._receive()
        self.received += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.sent += len(message.get("body", b""))
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.is_complete = True


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _stopped(seen: _Seen) -> None:
    """End a request that was cancelled: the server stops, and the patience with what is under way is over."""
    if seen.status:
        raise asyncio.CancelledError  # breaking off tells the peer that it is not whole
    await _answer(seen.send, 503, {"error": "the server is stopping", "hint": "try again in a while"})


async def _answer(send: Send, status: int, content: dict[str, str]) -> None:
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
