"""The routes of the viewer, put together: its pages, and what they ask for."""

from starlette.routing import BaseRoute, Mount

from filmless.dicomweb.origin.service import Service
from filmless.viewer import measurements, samples, series, study
from filmless.viewer.static_files import StaticFiles

__all__ = ["routes"]

_PARTS = (measurements, samples, series, study)


def routes(service: Service, files: StaticFiles) -> list[BaseRoute]:
    """Return the routes: pages at ``/`` and below ``/view``, what they are made of at ``/assets``, data at ``/viewer``.

    Parameters
    ----------
    service
        The archive, its limits, and threads.
    files
        The built pages.
    """
    data = [route for part in _PARTS for route in part.routes(service)]
    return [*files.routes(), Mount("/viewer", routes=data)]
