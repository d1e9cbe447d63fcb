"""Whether two files have the same data set, whoever wrote their file meta information."""

from typing import BinaryIO, Final

from filmless.file._read import read

__all__ = ["same_behind_meta"]

_PIECE: Final = 1 << 20


def same_behind_meta(left: BinaryIO, right: BinaryIO) -> bool:
    """Whether two files are of one transfer syntax and have the same bytes behind their file meta information."""
    heads = [_past_meta(left), _past_meta(right)]
    if None in heads or heads[0] != heads[1]:
        return False
    while True:
        piece = left.read(_PIECE)
        if piece != right.read(_PIECE):
            return False
        if not piece:
            return True


def _past_meta(file: BinaryIO) -> str | None:
    """Read past the file meta information by its group length; return the transfer syntax."""
    head = file.read(144)
    if head[128:132] != b"DICM" or head[132:140] != b"\x02\0\0\0UL\x04\0" or len(head) < 144:
        return None
    length = int.from_bytes(head[140:144], "little")
    if length > _PIECE:
        return None
    syntax = read(head + file.read(length)).file_meta.get("TransferSyntaxUID")
    return str(syntax) if syntax else None
