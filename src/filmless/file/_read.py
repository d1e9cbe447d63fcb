"""Reading a file, from wherever it is."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike, fsdecode
from typing import Any, BinaryIO

from filmless import _core
from filmless._core import Dataset as CoreDataset
from filmless.dataset import Dataset
from filmless.errors import UnsupportedError

_PIXELS = 0x7FE00001


def read(
    source: str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO,
    *,
    stop_before_pixels: bool = False,
    specific_tags: Iterable[str | int | tuple[int, int]] | None = None,
    force: bool = False,
    strict: bool = False,
    max_depth: int = 128,
    max_elements: int = 20_000_000,
    max_inflated: int | None = None,
) -> Dataset:
    """Read a DICOM file: its header now, long values when they are asked for.

    Parameters
    ----------
    source
        A path, bytes, a binary file object, or a URL (``s3://...``, ``https://...``) that fsspec can open. Of a path,
        values above 4 KiB stay in the file until they are asked for.
    stop_before_pixels
        Leave out group 7FE0 and what follows.
    specific_tags
        Keep only these elements, and Specific Character Set.
    force
        Read what does not look like DICOM as if it were.
    strict
        Look at everything now, and raise the first deviation from the Standard.
    max_depth, max_elements
        Bounds on sequences in sequences, and on elements.
    max_inflated
        Bytes that a deflated data set may inflate to; by default 32 MiB or 16 times its size, whichever is more.

    Returns
    -------
    Dataset
        What was odd in the file is in its ``findings``.

    Raises
    ------
    FormatError
        When it is not DICOM; when `strict` and something deviates.
    LimitError
        When a bound is hit.
    OSError
        When it cannot be opened.

    Examples
    --------
    >>> ds = filmless.read("slice.dcm")
    >>> ds.Modality
    'CT'
    >>> filmless.read("slice.dcm", specific_tags=["PatientID", "Modality"])
    (0008,0005) CS Specific Character Set: ISO_IR 100
    (0008,0060) CS Modality: CT
    (0010,0020) LO Patient ID: 1CT1

    DICOM
    -----
    PS3.10 7, PS3.5 7
    """
    stop = _PIXELS if stop_before_pixels else None
    options = (max_depth, max_elements, max_inflated, stop, force, strict)
    dataset: Dataset = _open(source, options)
    if specific_tags is not None:
        keep = {tag for tag in map(_tag, specific_tags) if tag is not None} | {0x00080005}
        for tag in dataset.keys() - keep:
            del dataset[tag]
    return dataset


dcmread = read


def _tag(key: str | int | tuple[int, int]) -> int | None:
    row = _core.dictionary_entry(key)
    if row is not None:
        return row[0]
    if isinstance(key, tuple):
        return key[0] << 16 | key[1]
    return key if isinstance(key, int) else None


def _open(source: Any, options: tuple[int, int, int | None, int | None, bool, bool]) -> Any:
    if isinstance(source, str):
        return _core.read_bytes(_fetch(source), options) if "://" in source else _core.read_file(source, options)
    if isinstance(source, PathLike):
        return _core.read_file(fsdecode(source), options)
    if isinstance(source, bytes | bytearray):
        return _core.read_bytes(source, options)
    if isinstance(source, CoreDataset):
        message = "`read` takes a path, bytes or a binary file object, and was given a data set"
        raise TypeError(message)
    if hasattr(source, "read"):
        data = source.read()
        if not isinstance(data, bytes):
            message = '`read` needs a file opened in binary mode, `open(path, "rb")`'
            raise TypeError(message)
        return _core.read_bytes(data, options)
    return _core.read_bytes(bytes(memoryview(source)), options)


def _fetch(url: str) -> bytes:
    try:
        import fsspec
    except ModuleNotFoundError:
        message = f"reading a URL of scheme `{url.partition(':')[0]}` is not supported without fsspec"
        raise UnsupportedError(message, feature="URLs", hint="pip install filmless[url]") from None
    with fsspec.open(url, "rb") as stream:
        data: bytes = stream.read()
    return data
