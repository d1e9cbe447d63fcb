"""What the server says of itself over HTTP: a start page, health, metrics, its conformance statement."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from filmless import _core
from filmless.dicomweb.origin.application import answer_http_error
from filmless.errors import DicomWebError
from filmless.security import Principal, Role
from filmless.security.principal import LOCAL
from filmless.server.conformance import Statement
from filmless.server.health import Health
from filmless.server.metrics import Metrics

__all__ = ["Pages", "answer_outside", "need"]

_SAFE: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_STYLE: Final = """body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem }
:root { color-scheme: light dark } table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .2rem 1.5rem .2rem 0; text-align: left; vertical-align: top; overflow-wrap: anywhere }"""


def page(title: str, body: str, *, status: int = 200) -> Response:
    """Make a page of a title, which is escaped, and a body, which has to be."""
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>', status, headers=_SAFE
    )


def answer_outside(request: Request, error: Exception) -> Response:
    """Answer what no route takes, as the service does, browsers with a way out; others are told where DICOMweb is."""
    assert isinstance(error, HTTPException)  # noqa: S101 - the handlers are registered by class
    if error.status_code != 404:
        return answer_http_error(request, error)
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        way_out = '<p><a href="/">To the start page</a></p>'
        return page("Not found", f"<h1>There is nothing at this address</h1>{way_out}", status=404)
    return JSONResponse({"error": "there is no such resource", "hint": "DICOMweb is at /dicom-web"}, 404)


@dataclass(frozen=True, slots=True)
class Pages:
    """The server's own routes.

    Attributes
    ----------
    counts
        Numbers of the archive, by name. Asks the index.
    statement
        Makes the conformance statement.
    has_viewer
        Whether the viewer is at ``/``; else the page that says what is served where is there, too.
    """

    health: Health
    metrics: Metrics
    counts: Callable[[], dict[str, float]]
    statement: Callable[[], Statement]
    has_viewer: bool = False

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            *(() if self.has_viewer else (Route("/", self.start, methods=["GET"]),)),
            Route("/about", self.start, methods=["GET"]),
            Route("/health", self.ready, methods=["GET"]),
            Route("/health/ready", self.ready, methods=["GET"]),
            Route("/health/live", self.live, methods=["GET"]),
            Route("/metrics", self.show_metrics, methods=["GET"]),
            Route("/conformance", self.conformance, methods=["GET"]),
        ]

    async def start(self, request: Request) -> Response:
        """Say what is served where."""
        need(request, "read")
        counts = await run_sync(self.counts)
        base = str(request.base_url).rstrip("/")
        places = {
            "DICOMweb": f"{base}/dicom-web",
            "Conformance statement": f"{base}/conformance",
            "Health": f"{base}/health",
            "Metrics": f"{base}/metrics",
        }
        rows = [(name, f'<a href="{html.escape(url)}">{html.escape(url)}</a>') for name, url in places.items()]
        rows += [(name.capitalize(), f"{number:,.0f}") for name, number in counts.items()]
        table = "".join(f"<tr><th>{html.escape(name)}</th><td>{shown}</td></tr>" for name, shown in rows)
        title = f"filmless {_core.__version__}"
        return page(title, f"<h1>{html.escape(title)}</h1><table>{table}</table>")

    async def live(self, _request: Request) -> Response:
        """Say that the process answers."""
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    async def ready(self, _request: Request) -> Response:
        """Say whether instances can be taken and given."""
        report = await run_sync(self.health.report)
        body = {"status": "ok" if report.is_ready else "failing", "checks": report.checks}
        return JSONResponse(body, 200 if report.is_ready else 503, headers={"Cache-Control": "no-store"})

    async def show_metrics(self, request: Request) -> Response:
        """Give the metrics."""
        need(request, "read")
        text, kind = await run_sync(self.metrics.text)
        return Response(text, media_type=kind, headers={"Cache-Control": "no-store"})

    async def conformance(self, request: Request) -> Response:
        """Give the conformance statement, as HTML to who asks for that, else as Markdown."""
        need(request, "read")
        statement = await run_sync(self.statement)
        if "text/html" in request.headers.get("accept", ""):
            return page(statement.title, statement.html())
        return PlainTextResponse(statement.markdown(), media_type="text/markdown")


def need(request: HTTPConnection, role: Role) -> None:
    """Refuse who lacks a role, and who sees a part of the archive alone: these pages are of all of it."""
    found = request.scope.get("filmless.principal", LOCAL)
    assert isinstance(found, Principal)  # noqa: S101 - the gate's contract
    if not found.may(role) or found.patients is not None or found.studies is not None:
        raise DicomWebError(f"the role `{role}`, for all patients, is needed for this", status=403)
