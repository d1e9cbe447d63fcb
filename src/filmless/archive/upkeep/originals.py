"""What instances were before they were edited: listed, and put back."""

from collections.abc import Iterator
from typing import NamedTuple

from filmless.archive.archive import Archive
from filmless.archive.upkeep.exchanging import draft_of_stored, exchange
from filmless.errors import DicomError, NotFoundError
from filmless.file import read

__all__ = ["Original", "original_named", "originals", "restore_original"]


class Original(NamedTuple):
    """A file that an instance was before."""

    study_uid: str
    instance_uid: str
    size: int
    sha256: str
    location: str


def originals(archive: Archive, *, instance_uid: str | None = None) -> Iterator[Original]:
    """Go through what instances were before they were edited or replaced, by reading the heads of their files."""
    for stored in archive.storage.files("originals"):
        path = archive.storage.path(stored.location)
        try:
            ds = read(path if path is not None else archive.storage.read(stored.location))
        except (DicomError, OSError):  # `verify` tells of it
            continue
        found = Original(
            str(ds.get("StudyInstanceUID") or ""),
            str(ds.get("SOPInstanceUID") or ""),
            stored.size,
            stored.sha256,
            stored.location,
        )
        if instance_uid in (None, found.instance_uid):
            yield found


def original_named(archive: Archive, name: str) -> Original:
    """Return an original by the beginning of its SHA-256, or by its SOP Instance UID when it is the only one.

    Raises
    ------
    NotFoundError
        There is none, or more than one.
    """
    found = [
        original
        for original in originals(archive)
        if name == original.instance_uid or (len(name) >= 8 and original.sha256.startswith(name))
    ]
    if len(found) != 1:
        many = "more than one original is called that" if found else "there is no such original"
        raise NotFoundError(many, hint="name one by the beginning of its SHA-256")
    return found[0]


def restore_original(archive: Archive, original: Original) -> None:
    """Make an instance what it was; what it is now is put among the originals.

    Raises
    ------
    NotFoundError
        The instance is deleted: store the original's file again to have it back.
    """
    entry = archive.index.find(original.instance_uid)
    if entry is None:
        raise NotFoundError("the instance is deleted", hint="export its original, and import it")
    with draft_of_stored(archive, original.location, original.sha256) as draft:
        exchange(archive, entry, draft)
    archive.storage.trash([original.location])
    archive.storage.purge([original.location])
