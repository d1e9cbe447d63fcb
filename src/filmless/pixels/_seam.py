"""The one place where pixels and convert meet the data model while `filmless.dataset` is being built.

The swap: ``Dataset`` from `filmless.dataset`, ``read`` from `filmless.file`, ``generate_uid`` from `filmless`, and the
look-up of keywords from the dictionary.
"""

from collections.abc import Iterable
from os import PathLike

from pydicom import Dataset, dcmwrite
from pydicom import dcmread as read
from pydicom.datadict import keyword_dict, tag_for_keyword
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID
from pydicom.uid import generate_uid as _generate_uid

__all__ = ["Dataset", "all_keywords", "generate_uid", "read", "save", "set_file_meta", "set_pixel_data", "tag_of"]


def generate_uid() -> str:
    """Return a fresh UID."""
    return str(_generate_uid(prefix=None))


def save(ds: Dataset, path: str | PathLike[str]) -> None:
    """Write a data set as a file: the tests' ``ds.save_as(path)``."""
    dcmwrite(path, ds, enforce_file_format=True)


def tag_of(keyword: str) -> int | None:
    """Return the tag of a keyword of the dictionary."""
    return tag_for_keyword(keyword)


def all_keywords() -> Iterable[str]:
    """Return every keyword of the dictionary."""
    return keyword_dict


def set_file_meta(ds: Dataset, transfer_syntax: str) -> None:
    """Give a new data set its file meta information."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = UID(transfer_syntax)


def set_pixel_data(ds: Dataset, value: bytes, vr: str, *, encapsulated: bool) -> None:
    """Set Pixel Data (7FE0,0010)."""
    ds.add_new(0x7FE0_0010, vr, value)
    ds["PixelData"].is_undefined_length = encapsulated
