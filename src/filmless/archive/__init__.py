"""The archive: instances as Part 10 files in a folder or an object store, and an index of them.

PS3.4 C.2 and C.6 (matching), PS3.10 7, PS3.18 F (headers as JSON).
"""

from filmless.archive.archive import Archive
from filmless.archive.entry import Entry
from filmless.archive.incoming import Incoming
from filmless.archive.options import Options
from filmless.archive.outcome import Outcome
from filmless.archive.query import Found, Key, Query, Row
from filmless.archive.within import Within

__all__ = ["Archive", "Entry", "Found", "Incoming", "Key", "Options", "Outcome", "Query", "Row", "Within"]
