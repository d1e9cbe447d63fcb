"""The files of a ZIP, unpacked within bounds and nowhere else."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from filmless.errors import FormatError, LimitError, TruncatedError

__all__ = ["MAX_UNPACKED", "unpacked"]

#: A DVD of two layers; more has to be asked for.
MAX_UNPACKED = 9 << 30
_CHUNK = 1 << 20
#: What broken, encrypted and exotic entries raise, and those whose names are in each other's way.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
    *(FileExistsError, IsADirectoryError, NotADirectoryError),
)
_MAX_FILES = 1_000_000


@contextmanager
def unpacked(path: Path, *, max_unpacked: int = MAX_UNPACKED) -> Iterator[Path]:
    """Unpack a ZIP into a folder that is there as long as it is used.

    Parameters
    ----------
    path
        The ZIP.
    max_unpacked
        Bytes that it may unpack to.

    Raises
    ------
    FormatError
        When it is no ZIP, or a name in it leads out of the folder.
    LimitError
        When it is larger unpacked than `max_unpacked`.
    """
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        message = "not a ZIP"
        raise FormatError(message, path=path) from None
    with archive, TemporaryDirectory(prefix="filmless-") as place:
        left = max_unpacked
        entries = archive.infolist()
        if len(entries) > _MAX_FILES:
            message = f"a ZIP of more than {_MAX_FILES} files"
            raise LimitError(message, limit="max_unpacked", value=max_unpacked, path=path)
        for entry in entries:
            target = Path(place, *_parts(entry, path))
            left -= _unpack(archive, entry, target, left)
            if left < 0:
                message = f"more than {max_unpacked} bytes unpacked"
                raise LimitError(message, limit="max_unpacked", value=max_unpacked, path=path)
        yield Path(place)


def _parts(entry: zipfile.ZipInfo, path: Path) -> tuple[str, ...]:
    """Return the components of a name that stays inside."""
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
    if not parts or is_link or any(part in {"/", ".."} or ":" in part or "\0" in part for part in parts):
        message = "a name in the ZIP leads out of it: nothing was unpacked"
        raise FormatError(message, path=path)
    return parts


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Write an entry, but no more than is left and a chunk; return how many bytes it was."""
    written = 0
    try:
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            return 0
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, target.open("xb") as file:
            while written <= left and (chunk := source.read(_CHUNK)):
                file.write(chunk)
                written += len(chunk)
    except _BROKEN as error:
        message = f"a file in the ZIP cannot be unpacked ({type(error).__name__})"
        raise TruncatedError(message, path=archive.filename) from None
    return written
