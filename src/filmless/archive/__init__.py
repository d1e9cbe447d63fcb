"""The archive: instances as Part 10 files in a folder or an object store, and an index of them.

PS3.4 C.2 and C.6 (matching), PS3.10 7, PS3.18 F (headers as JSON).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from filmless.archive.archive import Archive
    from filmless.archive.entry import Entry
    from filmless.archive.incoming import Incoming
    from filmless.archive.options import Options
    from filmless.archive.outcome import Outcome
    from filmless.archive.query import Found, Key, Query, Row
    from filmless.archive.within import Within

__all__ = ["Archive", "Entry", "Found", "Incoming", "Key", "Options", "Outcome", "Query", "Row", "Within"]

_WHERE: Final = {
    name: module
    for module, names in {
        "archive": ("Archive",),
        "entry": ("Entry",),
        "incoming": ("Incoming",),
        "options": ("Options",),
        "outcome": ("Outcome",),
        "query": ("Found", "Key", "Query", "Row"),
        "within": ("Within",),
    }.items()
    for name in names
}


def __getattr__(name: str) -> Any:
    # Settings and the command line need the options alone: the rest is imported when it is first named.
    if name in _WHERE:
        return getattr(import_module(f"filmless.archive.{_WHERE[name]}"), name)
    message = f"module 'filmless.archive' has no attribute {name!r}"
    raise AttributeError(message)
