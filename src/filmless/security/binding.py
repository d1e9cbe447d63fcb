"""Where a server may listen: beyond this machine only when it knows who asks."""

from filmless.errors import SecurityError
from filmless.security.addresses import is_loopback

__all__ = ["check_binding"]

_KEYS = "`filmless key create NAME` makes a key, which callers have to show from then on; or listen on 127.0.0.1"


def check_binding(host: str, *, authenticated: bool, hint: str = _KEYS) -> None:
    """Refuse to listen beyond this machine without authentication. Servers of all protocols call this before they bind.

    Parameters
    ----------
    host
        An address, a name, ``""``, ``0.0.0.0`` or ``::`` for all of them, or ``unix:PATH`` for a socket in the file
        system, whose permissions say who may use it.
    authenticated
        Whether callers have to prove who they are: by a key, a token, or a certificate.
    hint
        How they can be made to.

    Raises
    ------
    SecurityError
        When others could reach what is open to everyone.

    Notes
    -----
    A name is not resolved: it could resolve to something else when it is bound. Only ``localhost`` is taken as this
    machine.

    DICOM
    -----
    PS3.15 4.1

    Examples
    --------
    >>> check_binding("127.0.0.1", authenticated=False)
    >>> check_binding("0.0.0.0", authenticated=False)
    Traceback (most recent call last):
    ...
    filmless.errors.SecurityError: listening on `0.0.0.0` would open the archive to everyone in the network: ...
    hint: `filmless key create NAME` makes a key, which callers have to show from then on; or listen on 127.0.0.1
    """
    if authenticated or host.startswith(("unix:", "/")) or is_loopback(host):
        return
    shown = host[:64] or "all addresses"
    raise SecurityError(
        f"listening on `{shown}` would open the archive to everyone in the network: authentication was expected",
        hint=hint,
    )
