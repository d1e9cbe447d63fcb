"""The server: the archive, its services, settings, operations and rules, put together and run.

PS3.2 (conformance statement).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from filmless.server.conformance import Statement, conformance_statement
    from filmless.server.server import Addresses, Server
    from filmless.server.settings import Settings, read_settings

__all__ = ["Addresses", "Server", "Settings", "Statement", "conformance_statement", "read_settings"]

_WHERE: Final = {
    name: module
    for module, names in {
        "conformance": ("Statement", "conformance_statement"),
        "server": ("Addresses", "Server"),
        "settings": ("Settings", "read_settings"),
    }.items()
    for name in names
}


def __getattr__(name: str) -> Any:
    # Settings, which name the peers of `filmless find`, need nothing of the server.
    if name in _WHERE:
        return getattr(import_module(f"filmless.server.{_WHERE[name]}"), name)
    message = f"module 'filmless.server' has no attribute {name!r}"
    raise AttributeError(message)
