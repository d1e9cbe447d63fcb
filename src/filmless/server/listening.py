"""The sockets that the server listens at, bound before anything else is begun."""

import errno
import socket
import sys

from filmless.errors import DicomError

__all__ = ["StartError", "listen", "places"]


class StartError(DicomError):
    """The server cannot start: why, and what to do."""


def listen(host: str, port: int, *, flag: str = "--port") -> list[socket.socket]:
    """Bind sockets for every address of a host name, all at the same port, which an option of this name chooses.

    Raises
    ------
    StartError
        The port is taken, or the host is none of this machine.
    """
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise StartError(f"cannot listen at `{host}`, it is no address or name of this machine") from None
    sockets: list[socket.socket] = []
    failed: OSError | None = None
    for family, kind, protocol, _, address in dict.fromkeys(found):
        try:
            made = _bound(family, kind, protocol, (address[0], port, *address[2:]))
        except OSError as error:
            failed = error
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                break
            continue  # as ::1 where there is no IPv6
        sockets.append(made)
        port = made.getsockname()[1]
    if failed is not None and (not sockets or failed.errno in {errno.EADDRINUSE, errno.EACCES}):
        for made in sockets:
            made.close()
        raise _described(failed, host, port, flag) from None
    return sockets


def _bound(family: int, kind: int, protocol: int, address: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, kind, protocol)
    try:
        if sys.platform == "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        # From here on nobody else can take the port; connections wait until they are served.
        made.listen(2048)
    except BaseException:
        made.close()
        raise
    return made


def _described(error: OSError, host: str, port: int, flag: str) -> StartError:
    where = f"cannot listen at `{host}` port {port}"
    if error.errno == errno.EADDRINUSE:
        return StartError(f"{where}, it is in use", hint=f"`{flag} 0` takes a free one")
    if error.errno == errno.EACCES:
        return StartError(f"{where}, permission denied", hint="ports below 1024 are for the administrator")
    if error.errno == errno.EADDRNOTAVAIL:
        return StartError(f"{where}, it is no address of this machine")
    return StartError(f"{where}, {(error.strerror or '').lower()}")


def places(sockets: list[socket.socket]) -> list[str]:
    """Return the hosts and ports at which these sockets are reached, as a URL has them."""
    found = []
    for one in sockets:
        host, port = one.getsockname()[:2]
        found.append(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    return list(dict.fromkeys(found))
