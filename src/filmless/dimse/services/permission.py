"""Who asks a service, and what is in their sight."""

from filmless.archive import Within
from filmless.dimse.scp.request import Request
from filmless.security import Principal

__all__ = ["sight_of"]


def sight_of(request: Request) -> Within:
    """Return what is in sight of who asks; everything where nobody had to say who they are."""
    principal = request.association.principal
    return Within(principal.patients, principal.studies) if isinstance(principal, Principal) else Within()
