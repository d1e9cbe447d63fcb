"""The public keys of an issuer of tokens (JWKS): fetched, bounded, kept, and fetched again when they change."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import anyio
from anyio.to_thread import run_sync
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from filmless.errors import SecurityError
from filmless.security.addresses import is_safe_url
from filmless.security.keys import Stamp, stamp_of
from filmless.security.options import ALGORITHMS
from filmless.security.tls import client_tls

__all__ = ["KeySet", "PublicKey"]

_log = logging.getLogger("filmless.security")

PublicKey = RSAKey | ECKey | OKPKey
#: An issuer has a handful of keys in a few KiB.
_LARGEST: Final = 512 << 10
_MOST_KEYS: Final = 100
_FETCH_S: Final = 5.0
#: Keys are looked at again after this, so that one the issuer withdrew does not stay.
_FRESH_S: Final = 3600.0
#: With the issuer out of reach its keys are good for this long.
_STALE_S: Final = 24 * 3600.0
_SMALLEST_RSA: Final = 2048


class KeySet:
    """Public keys by their ids.

    Parameters
    ----------
    source
        A URL, or a file; without it they are asked for by discovery.
    issuer
        Whose they are.
    authorities
        Certificates that the issuer's is checked with.
    floor_s
        Seconds between two fetches at the least: a token with an unknown key is free to make.
    """

    def __init__(
        self,
        source: str | Path | None,
        *,
        issuer: str,
        authorities: Path | None = None,
        floor_s: float = 30.0,
    ) -> None:
        self._source = source
        self._authorities = authorities
        self._issuer = issuer
        self._floor_s = floor_s
        self._lock = asyncio.Lock()
        self._keys: tuple[PublicKey, ...] = ()
        self._fetched: float | None = None
        self._tried: float | None = None
        self._stamp: Stamp = None
        self._told = ""

    async def find(self, kid: str | None, algorithm: str) -> PublicKey | None:
        """Return the key of an id that an algorithm may be used with; without an id the only one that there is.

        Raises
        ------
        SecurityError
            There are no keys, because the issuer cannot be asked.
        """
        found = self._known(kid, algorithm)
        if found is None or self._is_older_than(_FRESH_S) or self._is_changed_file():
            await self._fetch_again(urgent=found is None)
            found = self._known(kid, algorithm)
        if self._fetched is None or self._is_older_than(_STALE_S):
            raise SecurityError("the keys of the issuer of tokens cannot be had")
        return found

    def _known(self, kid: str | None, algorithm: str) -> PublicKey | None:
        usable = [key for key in self._keys if (kid is None or key.kid == kid) and _goes_with(key, algorithm)]
        # Without an id a token may not choose among several.
        return usable[0] if usable and (kid is not None or len(usable) == 1) else None

    def _is_older_than(self, seconds: float) -> bool:
        return self._fetched is None or time.monotonic() - self._fetched > seconds

    def _is_changed_file(self) -> bool:
        return isinstance(self._source, Path) and stamp_of(self._source) != self._stamp

    async def _fetch_again(self, *, urgent: bool) -> None:
        if self._lock.locked() and not urgent:
            return
        async with self._lock:
            now = time.monotonic()
            if self._tried is not None and now - self._tried < self._floor_s and not self._is_changed_file():
                return
            self._tried = now
            try:
                async with asyncio.timeout(_FETCH_S):
                    self._keys = _public_keys(await self._content())
            except (SecurityError, TimeoutError, OSError, ValueError) as error:
                self._tell(error)
                return  # those there are stay, until they are too old
            self._told = ""
            self._fetched = time.monotonic()

    def _tell(self, error: Exception) -> None:
        """Log why there are no keys: once for each cause, not for each who is refused."""
        if isinstance(error, SecurityError):
            why = error.message
        elif isinstance(error, TimeoutError):
            why = "the issuer does not answer in time"
        else:
            why = ((error.strerror if isinstance(error, OSError) else None) or "what it gives is no JSON").lower()
        if why != self._told:
            self._told = why
            _log.warning("the keys of the issuer of tokens cannot be had: %s", why)

    async def _content(self) -> Mapping[str, Any]:
        if isinstance(self._source, Path):
            self._stamp = stamp_of(self._source)
            async with await anyio.open_file(self._source, "rb") as file:
                return _document(await file.read(_LARGEST + 1))
        url = self._source
        if url is None:
            found = await self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            url = found.get("jwks_uri")
            if found.get("issuer") != self._issuer or not isinstance(url, str) or not is_safe_url(url):
                raise SecurityError("what the issuer says of itself does not fit")
        return await self._get(url)

    async def _get(self, url: str) -> Mapping[str, Any]:
        """Fetch a JSON object. No redirection is followed, nothing compressed is taken: nobody knows its size."""
        import httpx

        # Reading the system's certificates takes a while: not on the event loop.
        context = await run_sync(lambda: client_tls(authorities=self._authorities))
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        content = bytearray()
        try:
            async with (
                httpx.AsyncClient(timeout=_FETCH_S, follow_redirects=False, verify=context) as client,
                client.stream("GET", url, headers=headers) as answer,
            ):
                if answer.status_code != 200 or answer.headers.get("content-encoding", "identity") != "identity":
                    raise SecurityError("the issuer does not give its keys")
                async for piece in answer.aiter_raw(64 << 10):
                    content += piece
                    if len(content) > _LARGEST:
                        raise SecurityError("the issuer's keys are too long")
        except (httpx.HTTPError, httpx.InvalidURL):
            raise SecurityError("the issuer cannot be reached") from None
        return _document(bytes(content))


def _document(content: bytes) -> Mapping[str, Any]:
    if len(content) > _LARGEST:
        raise SecurityError("the issuer's keys are too long")
    try:
        found = json.loads(content)
    except RecursionError:
        raise SecurityError("the issuer's keys are nested too deeply") from None
    if not isinstance(found, dict):
        raise SecurityError("a JSON object was expected")
    return found


def _public_keys(content: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    rows = content.get("keys")
    if not isinstance(rows, list):
        raise SecurityError("a set of keys was expected")
    found = []
    for row in rows[:_MOST_KEYS]:
        key = _public_key(row)
        if key is not None:
            found.append(key)
    return tuple(found)


def _public_key(row: Any) -> PublicKey | None:
    """Read a key; None for one that signs no tokens, is weak, or is not understood, which does not spoil the others."""
    if not isinstance(row, dict) or row.get("use", "sig") != "sig":
        return None
    if not all(isinstance(row.get(name, ""), str) for name in ("kid", "alg")):
        return None
    try:
        key = JWKRegistry.import_key(row)
        weak = isinstance(key, RSAKey) and key.raw_value.key_size < _SMALLEST_RSA
    except Exception:  # noqa: BLE001  a key is what a peer wrote: cryptography raises many kinds
        return None
    # A symmetric key has no place among public ones: who can read it could make tokens.
    return key if isinstance(key, RSAKey | ECKey | OKPKey) and not weak else None


def _goes_with(key: PublicKey, algorithm: str) -> bool:
    return algorithm in ALGORITHMS[key.key_type] and key.alg in (None, algorithm)
