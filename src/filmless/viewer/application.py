"""The routes of the viewer, put together: its pages, and what they ask for."""

from starlette.routing import BaseRoute, Mount

from filmless.dicomweb.origin.service import Service
from filmless.viewer import (
    derived,
    documents,
    exporting,
    films,
    graphics,
    header,
    importing,
    layers,
    measurements,
    other_studies,
    reports,
    samples,
    search,
    sending,
    series,
    session,
    state_pictures,
    study,
    waveforms,
)
from filmless.viewer.afar import Afar
from filmless.viewer.sending import SendsOn
from filmless.viewer.session import LookAround, Reached
from filmless.viewer.static_files import StaticFiles

__all__ = ["routes"]

_PARTS = (
    derived,
    documents,
    films,
    graphics,
    header,
    importing,
    layers,
    measurements,
    reports,
    samples,
    series,
    state_pictures,
    waveforms,
)
_OF_ANY_ARCHIVE = (exporting, other_studies, search, study)
"""What has to know of another archive that is looked at."""


def routes(
    service: Service,
    files: StaticFiles,
    *,
    looking: LookAround | None = None,
    sends_on: SendsOn | None = None,
    reached: Reached | None = None,
    other: Afar | None = None,
) -> list[BaseRoute]:
    """Return the routes: pages at ``/`` and below ``/view``, what they are made of at ``/assets``, data at ``/viewer``.

    Parameters
    ----------
    service
        The archive, its limits, and threads.
    files
        The built pages.
    looking
        Given when files are shown where they lie: how far they are looked at.
    sends_on
        What sends to peers.
    reached
        Given when modalities can send here: by which AE title and port.
    other
        Given when another archive is looked at.
    """
    data = [route for part in _PARTS for route in part.routes(service)]
    data += sending.routes(service, sends_on=sends_on)
    data += session.routes(service, looking=looking, reached=reached, other=other)
    for part in _OF_ANY_ARCHIVE:
        data += part.routes(service, other)
    return [*files.routes(), Mount("/viewer", routes=data)]
