"""What browsers do on behalf of pages: Host, Origin, CORS, and the headers that keep answers to themselves."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from filmless.security.addresses import Authority, authority, is_address, is_loopback, origin
from filmless.security.options import SecurityOptions
from filmless.security.refusal import Refusal, Scope, Send

__all__ = ["Browsers"]

_ALLOWED_METHODS: Final = b"GET, HEAD, POST, PUT, DELETE, OPTIONS"
_ALLOWED_HEADERS: Final = (
    b"Accept, Accept-Charset, Authorization, Content-Location, Content-Type, If-Match, If-Modified-Since, "
    b"If-None-Match, If-Range, Range, X-Api-Key"
)
_EXPOSED_HEADERS: Final = b"Accept-Ranges, Content-Location, Content-Range, ETag, Link, Location, Retry-After, Warning"
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    # An answer that is opened as a page, such as an encapsulated document, runs nothing and loads nothing.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
)
_PORTS: Final = {"http": 80, "https": 443}


class Browsers:
    """Checks what browsers say, and tells them what to keep.

    Parameters
    ----------
    options
        Hosts and origins.
    """

    def __init__(self, options: SecurityOptions) -> None:
        self._any_host = "*" in options.hosts
        self._hosts = {named.host for host in options.hosts if (named := authority(host)) is not None}
        self._foreign = {found for one in options.origins if (found := origin(one)) is not None}
        self._own = set()
        if options.public_url and (public := origin("/".join(options.public_url.split("/")[:3]))) is not None:
            self._own.add(public)
            self._hosts.add(public[1].host)

    def check(self, scope: Scope, headers: Mapping[bytes, Sequence[bytes]]) -> None:
        """Refuse what names another server, and what a page of another origin asks for.

        Raises
        ------
        Refusal
            400 without one Host; 403 for another, and for a foreign Origin.
        """
        host = self._host(scope, headers)
        named = [value.decode("latin-1") for value in headers.get(b"origin", ())]
        if named:
            mine = (scope["scheme"], Authority(host.host, host.port or _PORTS.get(scope["scheme"])))
            found = origin(named[0]) if len(named) == 1 else None
            if found is None or found not in {mine, *self._own, *self._foreign}:
                raise Refusal(
                    "pages of other origins may not use this service",
                    status=403,
                    reason="origin",
                    hint="`security.origins` names those that may",
                )
            return
        # Without Origin: what a page includes, such as a picture, whose size alone tells something, or a link to here.
        site = headers.get(b"sec-fetch-site", [b"none"])
        if site in ([b"none"], [b"same-origin"]):
            return
        opens = headers.get(b"sec-fetch-mode") == [b"navigate"] and headers.get(b"sec-fetch-dest") == [b"document"]
        if not (opens and scope["method"] in {"GET", "HEAD"}):
            raise Refusal("pages of other origins may not include this", status=403, reason="origin")

    def is_preflight(self, scope: Scope, headers: Mapping[bytes, Sequence[bytes]]) -> bool:
        """Whether a browser asks if a page of a configured origin may send a request."""
        asked = b"origin" in headers and b"access-control-request-method" in headers
        return bool(self._foreign) and asked and scope["method"] == "OPTIONS"

    async def answer_preflight(self, send: Send) -> None:
        """Say what pages of configured origins may send."""
        headers = [
            (b"access-control-allow-methods", _ALLOWED_METHODS),
            (b"access-control-allow-headers", _ALLOWED_HEADERS),
            (b"access-control-max-age", b"600"),
        ]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def guarded(self, headers: Mapping[bytes, Sequence[bytes]], send: Send) -> Callable[[Any], Any]:
        """Return a `send` that adds to an answer what browsers are to know; what the answer says itself stays."""
        named = headers.get(b"origin", [b""])[0]
        shares = bool(self._foreign) and origin(named.decode("latin-1")) in self._foreign

        async def guarded_send(message: Any) -> None:
            if message["type"] == "http.response.start":
                said = list(message.get("headers", ()))
                names = {name.lower() for name, _ in said}
                said += [header for header in _ALWAYS if header[0] not in names]
                if b"cache-control" not in names:
                    said.append((b"cache-control", _caching(message["status"], names)))
                if self._foreign:
                    said.append((b"vary", b"Origin"))
                if shares:
                    said.append((b"access-control-allow-origin", named))
                    said.append((b"access-control-expose-headers", _EXPOSED_HEADERS))
                message = {**message, "headers": said}
            await send(message)

        return guarded_send

    def _host(self, scope: Scope, headers: Mapping[bytes, Sequence[bytes]]) -> Authority:
        values = headers.get(b"host", ())
        host = authority(values[0].decode("latin-1")) if len(values) == 1 else None
        if host is None:
            raise Refusal("one Host header with a name or address was expected", status=400, reason="host")
        if self._any_host or is_loopback(host.host) or host.host in self._hosts:
            return host
        # An address cannot be made to resolve to another: the one that the connection came in at is this server's.
        server = scope.get("server") or ("", None)
        at = authority(f"[{server[0]}]" if ":" in server[0] else server[0])
        if at is None or host.host != at.host or not is_address(at.host):
            hint = "`security.hosts` names what this server is called by"
            raise Refusal("this is not the host that was asked for", status=403, reason="host", hint=hint)
        return host


def _caching(status: int, names: set[bytes]) -> bytes:
    """Say who may keep an answer: its reader alone, who has to ask whether it is still so; of most, nobody."""
    return b"private, no-cache" if status in (200, 206, 304) and b"etag" in names else b"no-store"
