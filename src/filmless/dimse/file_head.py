"""What a storage SCU has to know of a file, from its first bytes: microseconds for each of a million files."""

import zlib
from struct import Struct
from typing import Final, NamedTuple

from filmless.dimse.uids import IMPLICIT
from filmless.errors import FormatError
from filmless.file.uid_grammar import is_uid

__all__ = ["FileHead", "data_set_start", "head_of"]

_META: Final = 132  # where file meta information begins
_DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"

_EXPLICIT: Final = Struct("<HH2sH")
_LONG: Final = Struct("<L")
_LONG_VR: Final = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT", b"SV", b"UV"})
_MOST_ELEMENTS: Final = 64
_LOOKED_AT: Final = 4 << 10  # bytes of a deflated data set


class FileHead(NamedTuple):
    """What a file says of itself, and where its data set begins."""

    sop_class: str
    sop_instance: str
    transfer_syntax: str
    offset: int


def head_of(data: bytes) -> FileHead | None:
    """Read a head; None when the file is not plainly as PS3.10 has it, and needs a reader that knows what files can be.

    DICOM
    -----
    PS3.10 7.1
    """
    if data[128:132] != b"DICM":
        return None
    meta: dict[int, bytes] = {}
    offset = _walk(data, _META, explicit=True, group=2, found=meta)
    if offset is None or 0x0010 not in meta:
        return None
    syntax = _uid(meta[0x0010])
    begin, at = (_inflated(data, offset), 0) if syntax == _DEFLATED else (data, offset)
    # The data set counts, where the meta information says another thing.
    elements: dict[int, bytes] = {}
    if syntax == _BIG_ENDIAN or _walk(begin, at, explicit=syntax != IMPLICIT, group=8, found=elements) is None:
        return None
    sop_class, sop_instance = _uid(elements.get(0x16, b"")), _uid(elements.get(0x18, b""))
    if not (is_uid(syntax) and is_uid(sop_class) and is_uid(sop_instance)):
        return None
    return FileHead(sop_class, sop_instance, syntax, offset)


def data_set_start(head: bytes) -> int:
    """Return where the data set begins in a file: behind the last element of group 0002, whatever its length says.

    Raises
    ------
    FormatError
        It is no file with file meta information, or that is longer than a piece.
    """
    at = _META
    while head[at : at + 2] == b"\2\0":
        vr = head[at + 4 : at + 6]
        if vr in _LONG_VR:
            at += 12 + int.from_bytes(head[at + 8 : at + 12], "little")
        elif vr.isalpha() and vr.isupper():
            at += 8 + int.from_bytes(head[at + 6 : at + 8], "little")
        else:  # implicit, against PS3.10
            at += 8 + int.from_bytes(head[at + 4 : at + 8], "little")
    if head[_META - 4 : _META] != b"DICM" or at > len(head):
        raise FormatError("the file does not begin with a preamble and file meta information")
    return at


def _inflated(data: bytes, offset: int) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[offset : offset + _LOOKED_AT], _LOOKED_AT)
    except zlib.error:
        return b""


def _uid(value: bytes) -> str:
    return value.rstrip(b"\0 ").decode("ascii", "replace")


def _walk(data: bytes, at: int, *, explicit: bool, group: int, found: dict[int, bytes]) -> int | None:
    """Gather the elements of a group, of group 8 up to the UIDs; return where they end, None when that is odd."""
    for _ in range(_MOST_ELEMENTS):
        if at + 12 > len(data):
            return None
        number, element, vr, length = _EXPLICIT.unpack_from(data, at)
        if number != group:  # what follows may be encoded in another way
            return at if group == 2 else None
        start = at + 8
        if not explicit:
            (length,) = _LONG.unpack_from(data, at + 4)
        elif vr in _LONG_VR:
            (length,) = _LONG.unpack_from(data, at + 8)
            start = at + 12
        elif not vr.isalpha():
            return None
        end: int = start + length
        if end > len(data) or length % 2:
            return None
        if length <= 64:
            found[element] = data[start:end]
        if group == 8 and element == 0x18:
            return end
        at = end
    return None
