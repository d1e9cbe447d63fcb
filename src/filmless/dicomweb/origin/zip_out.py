"""ZIP as it is sent: stored files in folders, not compressed again."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Final

from filmless.archive import Archive, Entry
from filmless.dicomweb.origin.sending import PIECE, Pieces
from filmless.errors import ArchiveError

__all__ = ["name_by_uids", "stored_pieces", "zipped"]

_UID: Final = re.compile(r"[0-9.]{1,64}")
_LARGE: Final = 1 << 31


class _Out(io.RawIOBase):
    """What `zipfile` writes to; it cannot be gone back in, so sizes stand behind each file."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.written += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self.written)
        self.written.clear()
        return data


def zipped(members: Iterable[tuple[str, int, Iterator[bytes]]]) -> Pieces:
    """Give a ZIP, a piece at a time.

    Parameters
    ----------
    members
        Files: name with slashes, about how many bytes, and the bytes.
    """
    out = _Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for name, size, pieces in members:
            with file.open(zipfile.ZipInfo(name), "w", force_zip64=size >= _LARGE) as target:
                for data in pieces:
                    target.write(data)
                    yield out.taken()
    yield out.taken()


def stored_pieces(archive: Archive, entry: Entry) -> Iterator[bytes]:
    """Give the stored file of an instance.

    Raises
    ------
    ArchiveError
        It is gone, or not as long as it was.
    """
    with archive.open(entry) as source:
        left = entry.size
        while data := source.read(PIECE):
            left -= len(data)
            yield data
        if left:
            raise ArchiveError("a stored file is not as long as it was when it was stored")


def name_by_uids(entry: Entry) -> str:
    """Return a path of UIDs; what is none, or could climb out of where it is unpacked, goes by its digest."""
    uids = (entry.study_uid, entry.series_uid, entry.instance_uid)
    return "/".join(uid if _UID.fullmatch(uid) and uid.strip(".") else _digest(uid) for uid in uids) + ".dcm"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
