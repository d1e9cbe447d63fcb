"""A small application behind the gate, on loopback with the server that is used, and an issuer of tokens."""

import asyncio
import contextlib
import json
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import Key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from filmless.security import Limits, http_protocol


async def _study(request: Request) -> Response:
    who = request.scope["filmless.principal"]
    seen = None if who.studies is None else sorted(who.studies)
    return JSONResponse({"who": who.name, "by": who.by, "roles": sorted(who.roles), "studies": seen})


async def _store(request: Request) -> Response:
    request.scope["filmless.audit"]["stored"] = ["1.2.3", "Doe^Jane"]
    return PlainTextResponse(str(len(await request.body())))


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _picture(_: Request) -> Response:
    return Response(b"picture", headers={"ETag": '"1"'})


def application() -> Starlette:
    """An application with routes as the server has them."""
    routes = [
        Route("/studies/{study}", _study),
        Route("/studies", _store, methods=["POST"]),
        Route("/picture", _picture),
    ]
    return Starlette(routes=[Mount("/dicom-web", routes=routes), Route("/health", _health)])


def ask(app: Any, path: str = "/dicom-web/studies/1.2", *, client: str = "127.0.0.1", **options: Any) -> httpx.Response:
    """Send one request to an ASGI application, as from an address."""

    async def send() -> httpx.Response:
        base = options.pop("base", "http://localhost:8104")
        # Without a server of its own httpx would take that of the URL, which is what a Host is compared with.
        transport = httpx.ASGITransport(_At(app), client=(client, 40000), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=base) as web:
            return await web.request(options.pop("method", "GET"), path, **options)

    return asyncio.run(send())


class _At:
    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app({**scope, "server": ("127.0.0.1", 8104)}, receive, send)


@contextlib.contextmanager
def served(app: Any, **options: Any) -> Iterator[str]:
    """Serve an ASGI application by uvicorn on a free port; gives its URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            ready.set()

    limits = options.pop("limits", Limits())
    config = uvicorn.Config(
        app, http=http_protocol(limits), proxy_headers=False, access_log=False, log_level="critical", **options
    )
    server = Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        assert ready.wait(10)
        yield f"{'https' if config.is_ssl else 'http'}://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@dataclass
class Issuer:
    """An issuer of tokens, on loopback."""

    url: str = ""
    keys: list[Key] = field(default_factory=list)
    body: bytes | None = None
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> bytes:
        """The document at a path."""
        self.asked.append(path)
        if path.startswith("/.well-known/"):
            return json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/certs"}).encode()
        if self.body is not None:
            return self.body
        return json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()

    def token(self, key: Key | None = None, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Sign a token, good but for what is given."""
        signer = key or self.keys[0]
        algorithm = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA", "oct": "HS256"}[signer.key_type]
        now = int(time.time())
        good = {"iss": self.url, "aud": "filmless", "sub": "jane", "iat": now, "exp": now + 300, "scope": "openid read"}
        kid = {} if signer.kid is None else {"kid": signer.kid}
        wanted = {name: value for name, value in (good | claims).items() if value is not None}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # of the old name EdDSA
            return jwt.encode({"alg": algorithm, **kid, **(header or {})}, wanted, signer, algorithms=[algorithm])
