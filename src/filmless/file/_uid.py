"""New UIDs (PS3.5 9 and B)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable

from filmless.dataset import UID


def generate_uid(prefix: str | None = None, entropy: Iterable[str] | None = None) -> UID:
    """Make a UID.

    Parameters
    ----------
    prefix
        Root of one's own organisation, with or without its last dot; by default a UUID under ``2.25``.
    entropy
        Texts from which the UID follows: the same ones give the same UID. By default it is random.

    Examples
    --------
    >>> generate_uid().startswith("2.25.")
    True
    >>> generate_uid(entropy=["a"]) == generate_uid(entropy=["a"])
    True

    DICOM
    -----
    PS3.5 B.2
    """
    if entropy is None:
        number = uuid.uuid4().int
    else:
        digest = hashlib.sha256("\0".join(entropy).encode()).digest()
        number = uuid.UUID(bytes=digest[:16], version=4).int
    if prefix is None:
        return UID(f"2.25.{number}")
    root = UID(prefix.rstrip("."))
    if not root.is_valid or len(root) > 54:
        message = "a UID prefix is numbers between dots without leading zeros, at most 54 characters"
        raise ValueError(message)
    return UID(f"{root}.{str(number)[: 63 - len(root)]}")
