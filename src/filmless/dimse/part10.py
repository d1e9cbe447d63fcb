"""Data sets on the network and in files: what stands before them makes a file of Part 10 (PS3.10 7.1)."""

from functools import lru_cache
from typing import Final

from filmless._core import UserInformation
from filmless.dataset import Dataset
from filmless.file import read

__all__ = ["dataset_of", "head"]

_NOBODY: Final = "1.2.3"
_PREAMBLE: Final = bytes(128) + b"DICM"
_VERSION: Final = b"\x02\0\x01\0OB\0\0\x02\0\0\0\0\x01"


@lru_cache(maxsize=64)
def _plain_head(transfer_syntax: str) -> bytes:
    return head(_NOBODY, _NOBODY, transfer_syntax)


def head(sop_class: str, sop_instance: str, transfer_syntax: str, *, sender: str = "") -> bytes:
    """Return what makes a file of a data set that came over the network: preamble and file meta information.

    It is put together here, and not by the encoder, which would change a transfer syntax that it does not know, and
    begin the stream of one that is deflated.

    Parameters
    ----------
    sop_class, sop_instance, transfer_syntax
        UIDs, as the command and the presentation context have them.
    sender
        AE title of who sent it.
    """
    begin, end = _same_for_all(sop_class, transfer_syntax, sender)
    behind = begin + _element(0x0003, b"UI", sop_instance, b"\0") + end
    return _PREAMBLE + b"\x02\0\0\0UL\x04\0" + len(behind).to_bytes(4, "little") + behind


@lru_cache(maxsize=1024)
def _same_for_all(sop_class: str, transfer_syntax: str, sender: str) -> tuple[bytes, bytes]:
    """Return what stands before and behind the UID of the instance."""
    us = UserInformation()
    end = _element(0x0010, b"UI", transfer_syntax, b"\0")
    end += _element(0x0012, b"UI", us.implementation_class_uid, b"\0")
    if us.implementation_version_name:
        end += _element(0x0013, b"SH", us.implementation_version_name, b" ")
    if sender:
        end += _element(0x0016, b"AE", sender, b" ")
    return _VERSION + _element(0x0002, b"UI", sop_class, b"\0"), end


def _element(number: int, vr: bytes, text: str, pad: bytes) -> bytes:
    value = text.encode("ascii", "replace")
    value += pad * (len(value) % 2)
    return b"\x02\0" + number.to_bytes(2, "little") + vr + len(value).to_bytes(2, "little") + value


def dataset_of(data: bytes, transfer_syntax: str) -> Dataset:
    """Return the data set that these bytes are.

    Raises
    ------
    FormatError
        They cannot be read.
    """
    return read(_plain_head(transfer_syntax) + data)
