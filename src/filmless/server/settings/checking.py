"""Checks of single values: what is wrong is told with the name of the key and what was expected."""

import re
from typing import Final

__all__ = ["check_ae_title", "check_least", "check_place", "check_port"]

#: PS3.5 6.2: characters of the default repertoire but backslash and control characters; spaces around do not count.
_AE_TITLE: Final = re.compile(r"(?! )[ -\[\]-~]{1,16}(?<! )")
_MOST_PORT: Final = 65535

_PLACE: Final = re.compile(r"/(?:[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)?")
#: Where the server itself answers.
_OWN: Final = frozenset(
    {"about", "assets", "conformance", "dicom-web", "health", "metrics", "performed-procedure-steps"}
    | {"view", "viewer", "worklist"}
)


def check_ae_title(name: str, value: str) -> None:
    """Raise `ValueError` unless a value is an AE title."""
    if not _AE_TITLE.fullmatch(value):
        message = f"`{name}` is no AE title, expected 1 to 16 characters of ASCII, no backslash, no space around"
        raise ValueError(message)


def check_port(name: str, value: int, *, least: int = 0) -> None:
    """Raise `ValueError` unless a value is a port."""
    if not least <= value <= _MOST_PORT:
        raise ValueError(f"`{name}` is {value}, expected a port from {least} to {_MOST_PORT}")


def check_least(name: str, value: float, *, least: float = 1) -> None:
    """Raise `ValueError` when a number is too small."""
    if value < least:
        raise ValueError(f"`{name}` is {value}, expected {least} or more")


def check_place(name: str, value: str) -> None:
    """Raise `ValueError` unless a value is the root, or a path of one step where the server answers nothing else."""
    if not _PLACE.fullmatch(value):
        raise ValueError(f"`{name}` is no place, expected `/` or a path as `/ohif`: a-z, 0-9, - and _ between them")
    if value[1:] in _OWN:
        raise ValueError(f"`{name}` is `{value}`, where the server answers itself")
