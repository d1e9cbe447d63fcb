"""What both clients are opened with."""

import base64
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from filmless.dicomweb.client.peer import Peer
from filmless.dicomweb.client.steps import Pace

__all__ = ["Authorization", "Opening"]

Authorization = str | tuple[str, str] | Callable[[], str]
"""A key or token; user and password; or what makes the value of the Authorization header for each request."""


_RESOURCE: Final = re.compile(r"/(?:studies|series|instances|wado)/*(?:\?.*)?$", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The arguments of a client.

    Attributes
    ----------
    url, auth, headers, verify, certificate, timeout_s, min_bytes_per_s, retries, backoff_s, max_instance_bytes,
    max_json_bytes
        As of `filmless.dicomweb.Client`.
    """

    url: str
    auth: Authorization | None = None
    headers: Mapping[str, str] | None = None
    verify: bool | ssl.SSLContext = True
    certificate: tuple[str, str] | None = None
    timeout_s: float = 60.0
    min_bytes_per_s: float = 100.0
    retries: int = 3
    backoff_s: float = 0.5
    max_instance_bytes: int = 16 << 30
    max_json_bytes: int = 256 << 20

    def peer(self) -> Peer:
        """Return the service."""
        return Peer(
            url=_service(self.url),
            pace=Pace(self.min_bytes_per_s, self.timeout_s),
            headers={**(self.headers or {})},
            authorization=_authorization(self.auth),
            retries=self.retries,
            backoff_s=self.backoff_s,
            json_bytes=self.max_json_bytes,
            instance_bytes=self.max_instance_bytes,
        )

    def options(self) -> dict[str, Any]:
        """Return the arguments of the client of HTTP below."""
        from filmless import _core

        verify = self.verify
        if self.certificate is not None:
            context = verify if isinstance(verify, ssl.SSLContext) else ssl.create_default_context()
            if verify is False:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.load_cert_chain(*self.certificate)
            verify = context
        return {
            "verify": verify,
            "timeout": httpx.Timeout(self.timeout_s),
            "headers": {"User-Agent": f"filmless/{_core.__version__}", "Accept-Encoding": "gzip"},
        }


def _service(url: str) -> str:
    """Return the URL of a service; the address of a resource of it that was pasted loses its end."""
    return _RESOURCE.sub("", url.strip()).rstrip("/")


def _authorization(auth: Authorization | None) -> Callable[[], str] | None:
    if auth is None or callable(auth):
        return auth
    if isinstance(auth, str):
        value = f"Bearer {auth}"
    else:
        value = "Basic " + base64.b64encode(":".join(auth).encode()).decode("ascii")
    return lambda: value
