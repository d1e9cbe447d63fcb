"""What an HTTP access leaves in the audit: who, from where, what, and its outcome; nothing of a patient."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote_plus

from filmless.errors import SecurityError
from filmless.security.audit import Audit
from filmless.security.principal import Principal
from filmless.security.refusal import REASON, Receive, Refusal, Scope, Send, refuse

__all__ = ["AuditedApplication"]

_UIDS: Final = ("study", "series", "instance")
_UID: Final = re.compile(r"[0-9.]{1,64}")
_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MOST_KEYS: Final = 32
_MOST_UIDS: Final = 100
_LONGEST: Final = 256


class AuditedApplication:
    """An ASGI application before all others: writes a line for each request, whatever becomes of it.

    Parameters
    ----------
    app
        What lies behind. It may put UIDs into ``scope["filmless.audit"]``.
    audit
        Where lines go.
    """

    def __init__(self, app: Any, audit: Audit) -> None:
        self._app = app
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, and write its line at its end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._audit.reserve()
        except SecurityError as error:
            later = (b"retry-after", b"10")
            refusal = Refusal(error.message, status=503, reason="audit", headers=[later])
            await refuse(refusal, scope, send)
            return
        access = _Access(scope, receive, send)
        try:
            scope.setdefault("filmless.audit", {})
            await self._app(scope, access.receive, access.send)
        except BaseException:
            access.has_failed = True
            raise
        finally:
            self._audit.write_reserved(access.line())


class _Access:
    """One request, as it is seen from outside."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._began = datetime.now(UTC)
        self._clock = time.perf_counter()
        self._status: int | None = None
        self._bytes = self._received = 0
        self._is_complete = self._is_gone = False
        self.has_failed = False
        self._target = scope["path"]  # what lies behind changes it

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._is_gone = self._is_gone or not self._is_complete
        else:
            self._received += len(message.get("body", b""))
        return message

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        try:
            await self._send(message)
        except OSError:  # what servers raise, by ASGI, when nobody listens any more
            self._is_gone = True
            raise
        if message["type"] == "http.response.body":
            self._bytes += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)

    def line(self) -> dict[str, Any]:
        scope = self._scope
        who = scope.get("filmless.principal")
        client = scope.get("client")
        fields: dict[str, Any] = {
            "time": self._began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "who": _short(who.name) if isinstance(who, Principal) else None,
            "by": who.by if isinstance(who, Principal) else None,
            "from": client[0] if client else "local",
            "method": _short(scope["method"]),
            **self._what(),
            "outcome": self._outcome(),
            "status": self._status if self._status is not None or self._is_gone else 500,
            "received": self._received,
            "bytes": self._bytes,
            "ms": round((time.perf_counter() - self._clock) * 1000, 1),
        }
        if "filmless.proxy" in scope:
            fields["proxy"] = scope["filmless.proxy"]
        if REASON in scope:
            fields["reason"] = scope[REASON]
        return fields

    def _what(self) -> dict[str, Any]:
        scope = self._scope
        fields: dict[str, Any] = {}
        template = getattr(scope.get("route"), "path", None)
        if isinstance(template, str):
            fields["route"] = _short(f"{scope.get('root_path', '')}{template}")
        else:  # nothing that is served: a mistake or an attack, which somebody may want to look into
            fields["path"] = _short(self._target)
        uids: dict[str, Any] = {}
        path: Mapping[str, Any] = scope.get("path_params") or {}
        for name in _UIDS:
            if name in path:
                uids[name] = _uids(path[name])
        noted = scope.get("filmless.audit")
        if isinstance(noted, Mapping):
            uids |= {_short(str(name)): _uids(value) for name, value in list(noted.items())[:_MOST_KEYS]}
        if uids:
            fields["uids"] = uids
        if scope["query_string"]:
            fields["query"] = _keys(scope["query_string"])
        return fields

    def _outcome(self) -> str:
        if self._is_gone:
            return "aborted"
        if self._status is None or (self.has_failed and not self._is_complete):
            return "failed"
        if self._status < 400:
            return "success"
        return "refused" if self._status in {401, 403, 413, 414, 429, 431} else "failed"


def _uids(value: Any) -> Any:
    """Return UIDs and numbers as they are; what is none could be anybody's name."""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_uids(part) for part in list(value)[:_MOST_UIDS]]
    return value if isinstance(value, str) and _UID.fullmatch(value) else "?"


def _keys(query: bytes) -> list[str]:
    """Return the names of parameters, never their values."""
    names = []
    for part in query.decode("latin-1").split("&", _MOST_KEYS)[:_MOST_KEYS]:
        name = unquote_plus(part.partition("=")[0][:_LONGEST])
        names.append(name if _KEY.fullmatch(name) and "=" in part else "?")
    return names


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
