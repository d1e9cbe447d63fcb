"""API keys: made, shown once, kept as digests, and found again."""

import hashlib
import hmac
import logging
import re
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Final

from filmless.errors import SecurityError
from filmless.security.principal import ROLES, Principal

__all__ = ["ApiKey", "ApiKeys", "digest_of"]

_log = logging.getLogger("filmless.security")

#: What a key begins with: a person, and a program that looks for secrets in places they should not be in, knows it.
PREFIX: Final = "filmless_"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST: Final = 256
#: Digits of a digest that find candidates; the whole is compared in constant time.
_FOUND_BY: Final = 8
Stamp = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of a key: all but the key.

    Attributes
    ----------
    name
        For the audit, and to revoke it.
    sha256
        The digest of the key in hexadecimal.
    roles
        What its holder may do: ``read``, ``write``, ``delete``, ``admin``.
    patients, studies
        What its holder may see and write to: Patient IDs and Study Instance UIDs; None for all.
    created, expires
        When it was made, and when it ends, with a time zone.
    """

    name: str
    sha256: str
    roles: frozenset[str] = frozenset({"read"})
    patients: frozenset[str] | None = None
    studies: frozenset[str] | None = None
    created: datetime | None = None
    expires: datetime | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise SecurityError("name: 1 to 64 letters, digits, spaces and ._@- were expected")
        if not _DIGEST.fullmatch(self.sha256):
            raise SecurityError("sha256: the SHA-256 of a key was expected, 64 digits of 0-9 and a-f")
        if not self.roles or self.roles - ROLES:
            raise SecurityError(f"roles: some of {', '.join(sorted(ROLES))} were expected")
        if any(time is not None and time.tzinfo is None for time in (self.created, self.expires)):
            raise SecurityError("expires: a time with its zone was expected, as 2027-01-31T00:00:00Z")

    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires is not None and self.expires <= datetime.now(UTC)

    @property
    def principal(self) -> Principal:
        """Who holds it."""
        roles = frozenset(role for role in ROLES if role in self.roles)
        return Principal(self.name, roles, self.patients, self.studies, "key")


def digest_of(key: str) -> str:
    """Return what is kept of a key.

    Notes
    -----
    SHA-256 and not a slow hash such as Argon2: those make up for the few bits of what people choose. A key is 256
    random bits, so that nobody finds it from its digest at any speed, while a hash that takes 50 ms would be 50 ms of
    every request, and a way to keep the server busy.
    """
    return hashlib.sha256(key.encode()).hexdigest()


class ApiKeys:
    """The keys there are: those of a file, which is read again whenever it changes, and those of a configuration.

    Parameters
    ----------
    path
        The file; it need not be there.
    fixed
        Keys of a configuration.

    Raises
    ------
    SecurityError
        The file is not one of keys, or others than its owner may write to it.

    Notes
    -----
    A key that is revoked in the file, by whichever process, is refused from the next request on: looking whether the
    file changed costs a microsecond. A file that cannot be read any more refuses all its keys.

    DICOM
    -----
    PS3.15 4.1

    Examples
    --------
    >>> keys = ApiKeys("keys.json")
    >>> key = keys.create("ct-1", roles={"write"})
    >>> keys.find(key).name
    'ct-1'
    >>> keys.revoke("ct-1")
    >>> keys.find(key) is None
    True
    """

    def __init__(self, path: str | PathLike[str] | None = None, *, fixed: Iterable[ApiKey] = ()) -> None:
        self.path = None if path is None else Path(path)
        self._fixed = tuple(fixed)
        self._lock = threading.Lock()
        self._stamp: Stamp = None
        self._of_file: tuple[ApiKey, ...] = ()
        self._by_start: dict[str, list[ApiKey]] = {}
        self._index(())
        self._told: str | None = None  # what was logged of the file; not at its making, which tells by raising
        self._refresh()
        self._told = ""

    @property
    def is_configured(self) -> bool:
        """Whether there are keys, or a file for them: the last key that is revoked opens nothing."""
        self._refresh()
        return bool(self._fixed) or self._stamp is not None

    def all(self) -> list[ApiKey]:
        """Return every key, those of the configuration first."""
        self._refresh()
        return [*self._fixed, *self._of_file]

    def find(self, key: str) -> ApiKey | None:
        """Return what is known of a key; None when it is none, or its time is over.

        Raises
        ------
        SecurityError
            The file cannot be read.
        """
        if not key.startswith(PREFIX) or len(key) > _LONGEST:
            return None
        self._refresh()
        digest = digest_of(key)
        for candidate in self._by_start.get(digest[:_FOUND_BY], ()):
            if hmac.compare_digest(candidate.sha256, digest):
                return None if candidate.is_expired() else candidate
        return None

    def create(
        self,
        name: str,
        *,
        roles: Iterable[str] = ("read",),
        patients: Iterable[str] | None = None,
        studies: Iterable[str] | None = None,
        expires: datetime | None = None,
    ) -> str:
        """Make a key, keep its digest in the file, and return it: this is the only time that it is seen.

        Raises
        ------
        SecurityError
            The name is taken, a role is not known, or there is no file.
        """
        from filmless.security.key_file import changing

        key, entry = new_key(name, roles=roles, patients=patients, studies=studies, expires=expires)
        with changing(self._file()) as (before, write):
            if any(known.name == name for known in (*self._fixed, *before)):
                raise SecurityError(f"there is a key `{name}`", hint="revoke it first, or take another name")
            write([*before, entry])
        return key

    def revoke(self, name: str) -> None:
        """Take a key out of the file.

        Raises
        ------
        SecurityError
            There is none of this name in the file.
        """
        from filmless.security.key_file import changing

        with changing(self._file()) as (before, write):
            if all(known.name != name for known in before):
                hint = (
                    "it is in the configuration: take it out there" if name in {k.name for k in self._fixed} else None
                )
                raise SecurityError(f"there is no key `{name[:64]}`", path=self.path, hint=hint)
            write([known for known in before if known.name != name])

    def _file(self) -> Path:
        if self.path is None:
            raise SecurityError("these keys have no file")
        return self.path

    def _index(self, of_file: tuple[ApiKey, ...]) -> None:
        by_start: dict[str, list[ApiKey]] = {}
        for entry in (*self._fixed, *of_file):
            by_start.setdefault(entry.sha256[:_FOUND_BY], []).append(entry)
        self._of_file, self._by_start = of_file, by_start

    def _refresh(self) -> None:
        if self.path is None or (stamp := stamp_of(self.path)) == self._stamp:
            return
        from filmless.security.key_file import read_keys

        with self._lock:
            if stamp == self._stamp:
                return
            try:
                self._index(read_keys(self.path) if stamp is not None else ())
            except SecurityError as error:
                if self._told not in (None, error.message):  # once for each cause, not for each who is refused
                    self._told = error.message
                    _log.error("nobody gets in by a key: %s, in %s", error.message, self.path)
                # A key that may have been revoked opens nothing: the next who asks reads the file again, or fails, too.
                self._stamp = (-1, -1, -1)
                raise
            self._told = None if self._told is None else ""
            self._stamp = stamp if stamp is not None else ((0, 0, 0) if self._stamp else None)


def new_key(
    name: str,
    *,
    roles: Iterable[str] = ("read",),
    patients: Iterable[str] | None = None,
    studies: Iterable[str] | None = None,
    expires: datetime | None = None,
) -> tuple[str, ApiKey]:
    """Make a key of 256 random bits, and what is kept of it."""
    key = PREFIX + secrets.token_urlsafe(32)
    entry = ApiKey(
        name=name,
        sha256=digest_of(key),
        roles=frozenset(roles),
        patients=None if patients is None else frozenset(patients),
        studies=None if studies is None else frozenset(studies),
        created=datetime.now(UTC).replace(microsecond=0),
        expires=expires,
    )
    return key, entry


def stamp_of(path: Path) -> Stamp:
    """Return what changes when a file does; None without one."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
