"""Data sets on the network and in files: what stands before them makes a file of Part 10 (PS3.10 7.1)."""

from functools import lru_cache

from filmless.dataset import Dataset
from filmless.file import encode, read

__all__ = ["dataset_of", "head"]

_NOBODY = "1.2.3"


@lru_cache(maxsize=64)
def _plain_head(transfer_syntax: str) -> bytes:
    ds = Dataset()
    ds.file_meta = Dataset()
    ds.file_meta.MediaStorageSOPClassUID = _NOBODY
    ds.file_meta.MediaStorageSOPInstanceUID = _NOBODY
    ds.file_meta.TransferSyntaxUID = transfer_syntax
    return encode(ds)


def head(sop_class: str, sop_instance: str, transfer_syntax: str, *, sender: str = "") -> bytes:
    """Return what makes a file of a data set that came over the network: preamble and file meta information.

    Parameters
    ----------
    sop_class, sop_instance, transfer_syntax
        UIDs, as the command and the presentation context have them.
    sender
        AE title of who sent it.
    """
    ds = Dataset()
    ds.file_meta = meta = Dataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, sop_instance
    meta.TransferSyntaxUID = transfer_syntax
    if sender:
        meta.SourceApplicationEntityTitle = sender
    return encode(ds)


def dataset_of(data: bytes, transfer_syntax: str) -> Dataset:
    """Return the data set that these bytes are.

    Raises
    ------
    FormatError
        They cannot be read.
    """
    return read(_plain_head(transfer_syntax) + data)
