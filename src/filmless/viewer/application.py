"""The routes of the viewer, put together: its pages, and what they ask for."""

from starlette.routing import BaseRoute, Mount

from filmless.dicomweb.origin.service import Service
from filmless.viewer import (
    derived,
    documents,
    graphics,
    header,
    layers,
    measurements,
    reports,
    samples,
    series,
    session,
    study,
    waveforms,
)
from filmless.viewer.session import LookAround
from filmless.viewer.static_files import StaticFiles

__all__ = ["routes"]

_PARTS = (derived, documents, graphics, header, layers, measurements, reports, samples, series, study, waveforms)


def routes(
    service: Service, files: StaticFiles, *, imports: bool = True, looking: LookAround | None = None
) -> list[BaseRoute]:
    """Return the routes: pages at ``/`` and below ``/view``, what they are made of at ``/assets``, data at ``/viewer``.

    Parameters
    ----------
    service
        The archive, its limits, and threads.
    files
        The built pages.
    imports
        Whether instances can be imported and deleted here.
    looking
        Given when files are shown where they lie: how far they are looked at.
    """
    data = [route for part in _PARTS for route in part.routes(service)]
    data += session.routes(service, imports=imports, looking=looking)
    return [*files.routes(), Mount("/viewer", routes=data)]
