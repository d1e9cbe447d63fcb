"""The grammar of UIDs: only what follows it is filed, and becomes a part of a URL or the name of a file."""

import re
from typing import Final, TypeGuard

__all__ = ["is_uid"]

_UID: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def is_uid(text: object) -> TypeGuard[str]:
    """Whether something is a text of the grammar of UIDs (PS3.5 9.1).

    Leading zeros are forgiven, other letters and empty components are not: ``..`` is a way up.
    """
    return isinstance(text, str) and len(text) <= 64 and _UID.fullmatch(text) is not None
