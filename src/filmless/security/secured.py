"""An application and its server, made safe: the wrappers in their order, and the protocol below them."""

import asyncio
from collections.abc import Iterable
from typing import Any

from filmless.security.audit import Audit
from filmless.security.audited import AuditedApplication
from filmless.security.authentication import Authenticator
from filmless.security.bodies import BoundedBodies
from filmless.security.gate import OPEN_PATHS, Gate
from filmless.security.limits import Limits
from filmless.security.options import SecurityOptions

__all__ = ["http_protocol", "secured"]


def secured(
    app: Any,
    options: SecurityOptions,
    *,
    audit: Audit,
    limits: Limits | None = None,
    open_paths: Iterable[str] = OPEN_PATHS,
    authenticator: Authenticator | None = None,
) -> AuditedApplication:
    """Put an ASGI application behind the audit, the gate and the bounds on bodies.

    Parameters
    ----------
    app
        The application.
    options
        Who may do what.
    audit
        Where accesses are noted; who made it closes it, after the server ended.
    limits
        What a peer may send.
    open_paths
        What is answered to everyone.
    authenticator
        Knows keys, tokens and certificates, where others use it, too.

    Raises
    ------
    SecurityError
        Any host is allowed, and nobody has to prove who they are; or the file of keys cannot be read.

    DICOM
    -----
    PS3.18 8.12, PS3.15 A.5
    """
    bounds = limits or Limits()
    # The audit is outermost, so that what the gate refuses is noted, too.
    gate = Gate(BoundedBodies(app, bounds), options, limits=bounds, open_paths=open_paths, authenticator=authenticator)
    return AuditedApplication(gate, audit)


def http_protocol(limits: Limits) -> type[asyncio.Protocol]:
    """Return the protocol to give to uvicorn as ``http=``.

    Parameters
    ----------
    limits
        How long a head may be, and how long it may take.

    Notes
    -----
    uvicorn with httptools holds headers of any length before the application sees one of them, and waits for them
    without end. It does not tell who showed which certificate (ASGI's TLS extension), either. This does both.
    """
    from filmless.security.protocol import BoundedProtocol  # uvicorn is for servers alone, and slow to import

    return type("Protocol", (BoundedProtocol,), {"limits": limits})
