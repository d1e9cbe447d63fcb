"""Verification (PS3.4 A)."""

from filmless._core import Acceptable
from filmless.dimse.operations.echo import VERIFICATION
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.status import SUCCESS

__all__ = ["verification"]


async def _echo(request: Request) -> None:
    await request.respond(SUCCESS)


def verification() -> Service:
    """Answer C-ECHO."""
    return Service((Acceptable(VERIFICATION),), {"C-ECHO": _echo})
