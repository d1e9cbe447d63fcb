"""WADO-RS frames, read as ranges of the stored file."""

from starlette.routing import Route

from filmless.dicomweb.origin.service import Service

__all__ = ["routes"]


def routes(service: Service) -> list[Route]:  # noqa: ARG001
    """Return the routes of this part."""
    return []
