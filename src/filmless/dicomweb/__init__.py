"""DICOMweb: an origin server over an archive, and clients.

PS3.18.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from filmless.dicomweb.client import BlockingClient, Client, Rendered, Stored, StoreReport
    from filmless.dicomweb.origin import application

__all__ = ["BlockingClient", "Client", "Rendered", "StoreReport", "Stored", "application"]


def __getattr__(name: str) -> Any:
    # A client needs nothing of the server, nor the server of it: either is imported when it is first named.
    if name in __all__:
        part = "origin" if name == "application" else "client"
        return getattr(import_module(f"filmless.dicomweb.{part}"), name)
    message = f"module 'filmless.dicomweb' has no attribute {name!r}"
    raise AttributeError(message)
