"""Passcodes of users: what is kept of them, and whether one is right."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from typing import Final

__all__ = ["digest_of", "is_digest", "is_passcode"]

# 16 MiB and about 50 ms: people choose passcodes, so that guessing has to cost something.
_N, _R, _P, _BYTES = 1 << 14, 8, 1, 32
_LONGEST: Final = 1024
_DIGEST: Final = re.compile(r"scrypt\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=")
_NOBODY: Final = "scrypt$" + base64.b64encode(bytes(16)).decode() + "$" + base64.b64encode(bytes(_BYTES)).decode()


def digest_of(passcode: str) -> str:
    """Return what is kept of a passcode, for `UserOptions.passcode`.

    Examples
    --------
    >>> is_digest(digest_of("correct horse battery staple"))
    True
    """
    salt = secrets.token_bytes(16)
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(_hash(passcode, salt)).decode()}"


def is_digest(text: str) -> bool:
    """Whether a text is what `digest_of` makes."""
    return _DIGEST.fullmatch(text) is not None


def is_passcode(passcode: str, digest: str | None) -> bool:
    """Whether a passcode is the one of a digest; without one as slow, so that nobody learns which users there are.

    It takes 50 ms of a processor: call it in a thread, and not in many at a time.
    """
    if len(passcode) > _LONGEST:
        return False
    _, salt, expected = (digest or _NOBODY).split("$")
    try:
        found = _hash(passcode, base64.b64decode(salt))
        return hmac.compare_digest(found, base64.b64decode(expected)) and digest is not None
    except binascii.Error:
        return False


def _hash(passcode: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passcode.encode(), salt=salt, n=_N, r=_R, p=_P, dklen=_BYTES, maxmem=64 << 20)
