"""Writing a file."""

from __future__ import annotations

from os import PathLike, fspath
from typing import BinaryIO, Literal

from filmless import _core
from filmless.dataset import Dataset
from filmless.file._short_names import keyword_of

Lengths = Literal["keep", "defined", "undefined"]


def write(
    dataset: Dataset,
    target: str | PathLike[str] | BinaryIO,
    *,
    transfer_syntax: str | None = None,
    lengths: Lengths = "keep",
    repair: bool = False,
    durable: bool = False,
) -> None:
    """Write a data set as a DICOM file, whole or not at all.

    Elements that were not touched are written from their original bytes, also when they are invalid; a data set that
    was not touched at all gives the same file again.

    Parameters
    ----------
    dataset
        What to write. Its file meta information is made or completed.
    target
        A path, or a binary stream.
    transfer_syntax
        UID, keyword or short name (``"implicit"``) of an uncompressed transfer syntax to change to.
    lengths
        How sequences and items end: as they did (new ones by their length), by their length, or by a delimiter.
    repair
        Mend what is invalid in elements that were not touched: odd and wrong lengths, encodings, group lengths.
    durable
        Return when the file and its name are on disk (fsync).

    Raises
    ------
    ValueRepresentationError
        When a value cannot be encoded.
    UnsupportedError
        When the change of transfer syntax needs a codec.
    OSError
        When the file cannot be written; nothing is left then.

    Examples
    --------
    >>> ds = filmless.read("slice.dcm")
    >>> ds.PatientName = "Doe^Jane"
    >>> filmless.write(ds, "out.dcm", transfer_syntax="ImplicitVRLittleEndian")
    >>> filmless.read("out.dcm").PatientName
    'Doe^Jane'

    DICOM
    -----
    PS3.10 7, PS3.5 7, A.1 to A.5
    """
    options = (transfer_syntax and keyword_of(transfer_syntax), lengths, repair)
    if isinstance(target, str | PathLike):
        _core.write_file(dataset, fspath(target), options, durable)
    else:
        target.write(_core.encode_file(dataset, options))


def encode(
    dataset: Dataset,
    *,
    transfer_syntax: str | None = None,
    lengths: Lengths = "keep",
    repair: bool = False,
    part10: bool = True,
) -> bytes:
    """Return the bytes that `write` would write; with ``part10=False``, those of the data set alone.

    Examples
    --------
    >>> filmless.file.encode(filmless.read("slice.dcm"))[128:132]
    b'DICM'
    """
    options = (transfer_syntax and keyword_of(transfer_syntax), lengths, repair)
    return _core.encode_file(dataset, options) if part10 else _core.encode_data_set(dataset, options)
