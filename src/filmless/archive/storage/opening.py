"""The storage that an archive is told to have."""

from pathlib import Path

from filmless.archive.storage import Storage
from filmless.archive.storage.folder import Folder

__all__ = ["storage_at"]


def storage_at(storage: str | Storage | None, folder: Path, *, umask: int) -> Storage:
    """Return a storage: one that is given, that of a URL, or the folder."""
    if storage is None:
        return Folder(folder, umask=umask)
    if not isinstance(storage, str):
        return storage
    if "://" not in storage:
        raise ValueError("a storage is an URL as s3://bucket/prefix")
    from filmless.archive.storage.objects import Objects

    return Objects(storage, spool=folder / "incoming")
