"""The instances that a C-MOVE or C-GET asks for."""

from filmless.archive import Archive, Entry, Key, Query, Within
from filmless.archive.query import Level
from filmless.errors import LimitError

__all__ = ["selected"]


def selected(archive: Archive, level: Level, keys: tuple[Key, ...], within: Within, most: int) -> list[Entry]:
    """Return the instances below the patient, studies or series that unique keys name, or the instances themselves.

    Raises
    ------
    LimitError
        There are more than `most`.
    """
    found: list[Entry] = []
    rows = archive.rows(Query("study" if level == "patient" else level, keys, exact=True, within=within))
    try:
        for row in rows:
            found += archive.entries(row.study_uid, row.series_uid or None, row.instance_uid or None, within=within)
            if len(found) > most:
                raise LimitError(f"there are more than {most} instances to send", limit="instances", value=most)
    finally:
        rows.close()
    return found
