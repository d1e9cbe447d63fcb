"""The gate before the routes: where a request comes from, who asks, and what its answer tells a browser."""

import base64
import binascii
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from filmless.errors import SecurityError
from filmless.security.addresses import forwarded_for, is_among, is_loopback, networks
from filmless.security.authentication import Authenticator
from filmless.security.browsers import Browsers
from filmless.security.limits import Limits
from filmless.security.options import SecurityOptions
from filmless.security.principal import LOCAL, Principal
from filmless.security.refusal import Headers, Receive, Refusal, Scope, Send, refuse

__all__ = ["Gate"]

#: What who looks after servers asks, before it has a key: whether this one lives and is ready.
OPEN_PATHS: Final = ("/health", "/health/live", "/health/ready")
_FORWARDING: Final = (b"x-forwarded-for", b"forwarded", b"x-forwarded-host", b"x-real-ip", b"via")
Found = dict[bytes, list[bytes]]


class Gate:
    """An ASGI application before another: lets in who may, and says who it is in ``scope["filmless.principal"]``.

    Parameters
    ----------
    app
        What lies behind.
    options
        Who may do what.
    limits
        How long targets and headers may be.
    open_paths
        What is answered without authentication.
    authenticator
        Knows keys, tokens and certificates; by default one of these options.

    Raises
    ------
    SecurityError
        Any host is allowed, and nobody has to prove who they are; or the file of keys cannot be read.

    Notes
    -----
    A request is refused when its Host names another server than this one (a page whose name was made to resolve to
    this machine), when a page of another origin made it, unless that origin is configured, and when it does not say
    who asks although authentication is configured. That holds for every method, and on a loopback that is open to all
    programs of the machine, too: a browser is one of them, and shows pages of everyone.

    DICOM
    -----
    PS3.18 8.12, PS3.15 4.1
    """

    def __init__(
        self,
        app: Any,
        options: SecurityOptions,
        *,
        limits: Limits | None = None,
        open_paths: Iterable[str] = OPEN_PATHS,
        authenticator: Authenticator | None = None,
    ) -> None:
        if "*" in options.hosts and not options.is_authenticated:
            hint = "`filmless key create NAME` makes a key"
            raise SecurityError("security.hosts: `*` goes with authentication alone", hint=hint)
        self._app = app
        self._limits = limits or Limits()
        self._open = frozenset(open_paths)
        self._proxies = networks(options.proxies)
        self._browsers = Browsers(options)
        self.authenticator = authenticator or Authenticator(options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = _by_name(scope["headers"])
        send = self._browsers.guarded(headers, send)
        try:
            self._check_sizes(scope)
            self._believe_proxies(scope, headers)
            if scope["path"] in self._open and scope["method"] in {"GET", "HEAD"}:
                scope["filmless.principal"] = Principal("anyone", frozenset(), by="none")
            else:
                self._browsers.check(scope, headers)
                if self._browsers.is_preflight(scope, headers):
                    await self._browsers.answer_preflight(send)
                    return
                scope["filmless.principal"] = await self._principal(scope, headers)
        except Refusal as refusal:
            await refuse(refusal, scope, send)
            return
        await self._app(scope, receive, send)

    def _check_sizes(self, scope: Scope) -> None:
        limits = self._limits
        if len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"]) > limits.url_bytes:
            message = f"the target is longer than {limits.url_bytes} bytes"
            raise Refusal(message, status=414, reason="target")
        if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > limits.header_bytes:
            message = f"the headers are longer than {limits.header_bytes} bytes"
            raise Refusal(message, status=431, reason="headers")

    def _believe_proxies(self, scope: Scope, headers: Found) -> None:
        """Take from a trusted proxy who asked, and how."""
        peer = scope.get("client")
        if not self._proxies or peer is None or not is_among(peer[0], self._proxies):
            return
        scope["filmless.proxy"] = peer[0]
        hops = [value.decode("latin-1") for value in headers.get(b"x-forwarded-for", ())]
        scope["client"] = (forwarded_for(peer[0], hops, self._proxies), 0)
        schemes = headers.get(b"x-forwarded-proto", ())
        if len(schemes) == 1 and schemes[0].lower() in (b"http", b"https"):
            scope["scheme"] = schemes[0].lower().decode()

    async def _principal(self, scope: Scope, headers: Found) -> Principal:
        try:
            is_required = self.authenticator.is_required
        except SecurityError as error:
            raise Refusal(error.message, status=503, reason="unavailable") from None
        if not is_required:
            return self._local(scope, headers)
        shows = b"authorization" in headers or b"x-api-key" in headers
        certificate = None if shows else _certificate(scope)
        if certificate is not None and (found := self.authenticator.by_certificate(certificate)) is not None:
            return found
        address = scope["client"][0] if scope.get("client") else "local"
        if shows and (wait_s := self.authenticator.throttle.wait_s(address)):
            later = (b"retry-after", b"%d" % math.ceil(wait_s))
            raise Refusal("too many wrong keys or tokens from here", status=429, reason="throttled", headers=[later])
        try:
            return await self.authenticator.by_headers(headers, offer_basic=_asks_browser(headers, shows=shows))
        except Refusal as refusal:
            if refusal.is_guess:
                self.authenticator.throttle.failed(address)
            raise

    def _local(self, scope: Scope, headers: Found) -> Principal:
        """Let in who is on this machine: what a proxy of this machine passes on may come from anywhere."""
        peer = scope.get("client")
        is_proxied = "filmless.proxy" not in scope and any(name in headers for name in _FORWARDING)
        if "filmless.proxy" in scope or (not is_proxied and (peer is None or is_loopback(peer[0]))):
            return LOCAL
        hint = "make a key by `filmless key create NAME`, or name the proxy in `security.proxies` if it asks who calls"
        raise Refusal("without authentication this is for its own machine alone", status=403, reason="peer", hint=hint)


def _asks_browser(headers: Found, *, shows: bool) -> bool:
    """Whether a browser is to show who its user is, and to ask for a name and password where it does not know.

    It is where a page is opened, and for what a page of ours loads: a browser knows the password for the folder of the
    page alone (RFC 7617 2.2), and its scripts lie in others. A script that shows a token itself gets no window.
    """
    modes, sites = headers.get(b"sec-fetch-mode", [b"navigate"]), headers.get(b"sec-fetch-site", [])
    return modes == [b"navigate"] or (sites == [b"same-origin"] and not shows)


def _certificate(scope: Scope) -> bytes | None:
    """Return the caller's certificate (DER) from ASGI's TLS extension, when TLS found it to be good."""
    tls = scope.get("extensions", {}).get("tls") or {}
    chain: Sequence[str] = tls.get("client_cert_chain") or ()
    if not chain or tls.get("client_cert_error"):
        return None
    lines = [line for line in chain[0].splitlines() if not line.startswith("-----")]
    try:
        return base64.b64decode("".join(lines), validate=True)
    except binascii.Error:
        return None


def _by_name(headers: Headers) -> Found:
    found: Found = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return found
