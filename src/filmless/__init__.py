"""DICOM for Python, whole: read, write, convert, view, de-identify, store and distribute medical images.

A DICOM file is a header and image data. `read` gives both as a `Dataset`; what is not touched is written back byte for
byte. The rooms of the package go on from there: `filmless.file`, `filmless.pixels`, `filmless.convert`, ...
"""

from importlib import import_module
from os import PathLike
from typing import Any, BinaryIO

from filmless import _core, errors, file
from filmless.bridge import from_pydicom
from filmless.dataset import UID, DataElement, Dataset, Finding, PersonName, Sequence, Tag
from filmless.file import dcmread, generate_uid, read, read_fileset, scan

__version__ = _core.__version__

__all__ = [
    "UID",
    "DataElement",
    "Dataset",
    "Finding",
    "PersonName",
    "Sequence",
    "Tag",
    "dcmread",
    "errors",
    "from_pydicom",
    "generate_uid",
    "read",
    "read_fileset",
    "scan",
    "write",
]


def __getattr__(name: str) -> Any:
    # The upper rooms need numpy and more: they are imported when they are first named.
    if name in {"archive", "convert", "dicomweb", "dimse", "objects", "pixels", "security", "series", "server"}:
        return import_module(f"filmless.{name}")
    message = f"module 'filmless' has no attribute {name!r}"
    raise AttributeError(message)


def write(
    dataset: Dataset, target: str | PathLike[str] | BinaryIO, *, transfer_syntax: str | None = None, **options: Any
) -> None:
    """Write a data set as a DICOM file, whole or not at all, in any transfer syntax that is written.

    Parameters
    ----------
    dataset
        What to write; it is not changed.
    target
        A path, or a binary stream.
    transfer_syntax
        UID, keyword or short name (``"jpeg-ls"``) of the transfer syntax to change to.
    **options
        As of `filmless.file.write`.

    Raises
    ------
    DicomError
        What `filmless.file.write` and, where frames have to be encoded or decoded, `filmless.pixels.transcode` raise.
        Nothing is left then.

    Examples
    --------
    >>> ds = filmless.read("slice.dcm")
    >>> filmless.write(ds, "small.dcm", transfer_syntax="JPEG2000Lossless")
    >>> filmless.read("small.dcm").file_meta.TransferSyntaxUID.name
    'JPEG 2000 Image Compression (Lossless Only)'

    DICOM
    -----
    PS3.10 7, PS3.5 7, A
    """
    if transfer_syntax is not None and _needs_a_codec(dataset, transfer_syntax):
        from filmless.pixels.transcoding import transcode

        dataset, transfer_syntax = transcode(dataset, transfer_syntax), None
    file.write(dataset, target, transfer_syntax=transfer_syntax, **options)


def _needs_a_codec(dataset: Dataset, transfer_syntax: str) -> bool:
    """Whether a change of transfer syntax touches the pixels: numpy and codecs are not loaded for any other."""
    from filmless.file._short_names import keyword_of

    target = _core.transfer_syntax(keyword_of(transfer_syntax))
    if target is None or "PixelData" not in dataset:
        return False
    current = _core.transfer_syntax(str(dataset.file_meta.get("TransferSyntaxUID") or ""))
    # GE's own transfer syntax has its pixels, and nothing else, in the other byte order.
    if any(row["encapsulated"] or row["big_endian_pixels"] > row["big_endian"] for row in (target, current) if row):
        return True
    return dataset["PixelData"].is_encapsulated
