"""How much an archive holds."""

import shutil
from typing import Any

from filmless.archive.archive import Archive
from filmless.archive.upkeep.rows import sums

__all__ = ["stats"]


def stats(archive: Archive) -> dict[str, Any]:
    """Return counts and sizes, in all, by modality and by transfer syntax; all of it can be written as JSON.

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> from filmless.archive.upkeep import stats
    >>> with Archive("archive") as archive:
    ...     _ = archive.store("slice.dcm")
    ...     stats(archive)["instances"]
    1
    """
    found = sums(archive.index)
    found["originals"], found["original_bytes"] = 0, 0
    for stored in archive.storage.files("originals"):
        found["originals"] += 1
        found["original_bytes"] += stored.size
    found["free_bytes"] = shutil.disk_usage(archive.folder).free
    return found
