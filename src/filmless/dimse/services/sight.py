"""What who asks may see."""

from filmless.archive import Within
from filmless.archive.within import EVERYTHING
from filmless.dimse.scp.request import Request

__all__ = ["NOT_AUTHORIZED", "sight"]

NOT_AUTHORIZED = 0x0124


def sight(request: Request) -> Within | None:
    """Return what of the archive is in sight of who asks; None when they may not read."""
    principal = request.association.principal
    if principal is None:
        return EVERYTHING
    return Within(principal.patients, principal.studies) if principal.may("read") else None
