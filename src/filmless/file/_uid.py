"""New UIDs (PS3.5 9 and B)."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable

from filmless.dataset import UID

LONGEST_ROOT = 64 - 1 - 20
"""Characters of a root which leave 20 digits, so that no two of some hundred million UIDs are the same by chance."""


def generate_uid(prefix: str | None = None, entropy: Iterable[str] | None = None) -> UID:
    """Make a UID.

    Parameters
    ----------
    prefix
        Root of one's own organisation, with or without its last dot, of at most 43 characters: 20 digits and more are
        left, which tell a UID from others. By default a UUID under ``2.25``.
    entropy
        Texts from which the UID follows: the same ones give the same UID. By default it is random.

    Raises
    ------
    ValueError
        The root is none, or too long.

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
    seed = secrets.token_bytes(16) if entropy is None else hashlib.sha256("\0".join(entropy).encode()).digest()[:16]
    if prefix is None:
        return UID(f"2.25.{uuid.UUID(bytes=seed, version=4).int}")
    number = int.from_bytes(seed)  # all bits of which are free, as those of a UUID are not
    root = UID(prefix.rstrip("."))
    if not root.is_valid or len(root) > LONGEST_ROOT:
        message = (
            f"a UID prefix is numbers between dots without leading zeros, at most {LONGEST_ROOT} characters: "
            "fewer than 20 digits would be left, too few to be unique"
        )
        raise ValueError(message)
    return UID(f"{root}.{str(number)[: 63 - len(root)]}")
