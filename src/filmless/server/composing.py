"""What a server is told becomes what it consists of."""

import ssl
from contextlib import ExitStack
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import ASGIApp

from filmless import dicomweb
from filmless.archive import Archive
from filmless.dicomweb.origin.application import answer_error, answer_http_error
from filmless.errors import DicomError
from filmless.server.activity import Activity
from filmless.server.conformance import conformance_statement
from filmless.server.health import Health
from filmless.server.logs import Log
from filmless.server.metrics import Measure, Metrics
from filmless.server.observing import Observed, route_names
from filmless.server.pages import Pages
from filmless.server.settings.tree import Settings

__all__ = ["Composed", "compose"]


@dataclass(slots=True)
class Composed:
    """What a server consists of."""

    archive: Archive
    application: ASGIApp
    metrics: Metrics
    tls: ssl.SSLContext | None = None
    activities: list[Activity] = field(default_factory=list)


def compose(settings: Settings, *, log: Log, stack: ExitStack) -> Composed:
    """Make everything that a server consists of; what has to be closed is put on the stack.

    Raises
    ------
    DicomError
        A part cannot be made.
    """
    archive = stack.enter_context(_opened(settings))
    metrics = Metrics()
    health = Health(
        settings.data / "incoming", index=lambda: archive.index.find("0"), free_bytes=settings.quota.free_bytes
    )
    service = dicomweb.application(archive, limits=settings.limits, public_url=_service_url(settings))
    mounted = Mount("/dicom-web", service)
    pages = Pages(health, metrics, dict, lambda: conformance_statement(settings, service))
    outer = Starlette(
        routes=[*pages.routes(), mounted],
        exception_handlers={DicomError: answer_error, HTTPException: answer_http_error},
    )
    metrics.measure(
        Measure("filmless_ready", "Whether the server is ready.", "", lambda: {"": health.report().is_ready})
    )
    observed = Observed(outer, names=route_names(outer), metrics=metrics, log=log)
    return Composed(archive, observed, metrics)


def _service_url(settings: Settings) -> str | None:
    url = settings.http.public_url
    return None if url is None else url.rstrip("/") + "/dicom-web"


def _opened(settings: Settings) -> Archive:
    try:
        return Archive(settings.data, index=settings.index, storage=settings.storage, options=settings.arrival)
    except DicomError as error:
        if error.hint is None:
            error.hint = _hint(settings)
        raise


def _hint(settings: Settings) -> str:
    if settings.index is not None:
        return "is the database server running, and does `--index` name it?"
    return "`--data` names another folder"
