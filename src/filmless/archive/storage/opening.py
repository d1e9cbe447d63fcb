"""The storage that an archive is told to have."""

from pathlib import Path

from filmless.archive.storage import Storage
from filmless.archive.storage.folder import Folder

__all__ = ["open_storage"]


def open_storage(storage: str | Storage | None, folder: Path, *, umask: int) -> Storage:
    """Return the storage of an archive: one that is given, an object store by its URL, else the archive's folder."""
    if storage is None:
        return Folder(folder, umask=umask)
    if not isinstance(storage, str):
        return storage
    if "://" not in storage:
        raise ValueError("a storage is an URL as s3://bucket/prefix")
    from filmless.archive.storage.objects import Objects

    return Objects(storage, spool=folder / "incoming")
