"""ZIP as it is sent: stored files in folders by study and series, not compressed again."""

import hashlib
import io
import re
import zipfile
from collections.abc import Sequence
from typing import Final

from filmless.archive import Archive, Entry
from filmless.dicomweb.origin.sending import PIECE, Pieces
from filmless.errors import ArchiveError

__all__ = ["zipped"]

_UID: Final = re.compile(r"[0-9.]{1,64}")


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


def zipped(archive: Archive, entries: Sequence[Entry]) -> Pieces:
    """Give a ZIP of the stored files of instances, a piece at a time."""
    out = _Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for entry in entries:
            info = zipfile.ZipInfo(_name(entry))
            with archive.open(entry) as source, file.open(info, "w", force_zip64=entry.size >= 1 << 31) as target:
                left = entry.size
                while data := source.read(PIECE):
                    target.write(data)
                    left -= len(data)
                    yield out.taken()
                if left:
                    raise ArchiveError("a stored file is not as long as it was when it was stored")
    yield out.taken()


def _name(entry: Entry) -> str:
    """Return a path of UIDs; what is none, or could climb out of where it is unpacked, goes by its digest."""
    uids = (entry.study_uid, entry.series_uid, entry.instance_uid)
    return "/".join(uid if _UID.fullmatch(uid) and uid.strip(".") else _digest(uid) for uid in uids) + ".dcm"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
