"""From a source of any kind to what it holds."""

from dataclasses import replace
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filmless.convert.content import Content, Picture
from filmless.convert.formats import Format, format_of
from filmless.convert.options import ReadOptions

__all__ = ["Source", "bytes_of", "contents", "contents_of_bytes"]

Source = str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image | NDArray[Any]


def contents(source: Source, options: ReadOptions) -> list[Content]:
    """Return what a source holds: one content for each object that it becomes.

    Raises
    ------
    ConversionError
        It is damaged, ends early, or is of a kind that is not converted.
    LimitError
        It is larger than the options allow.
    OSError
        The path cannot be read.
    """
    if isinstance(source, Image.Image):
        from filmless.convert.pictures.array import read_image

        return [read_image(source, options)]
    if isinstance(source, np.ndarray):
        from filmless.convert.pictures.array import read_array

        return [read_array(source, options)]
    return contents_of_bytes(bytes_of(source), options)


def contents_of_bytes(data: bytes, options: ReadOptions) -> list[Content]:
    """Return what the bytes of a file hold, whose format is found in them."""
    found: list[Content] = list(_reader_of(format_of(data))(data, options))
    if not options.exif:
        return found
    from filmless.convert.pictures.exif import exif_of

    exif = exif_of(data)
    return [replace(content, exif=exif) if isinstance(content, Picture) else content for content in found]


def bytes_of(source: str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO) -> bytes:
    """Read a path or a binary stream to its end."""
    if isinstance(source, str | PathLike):
        return Path(source).read_bytes()
    if isinstance(source, bytes):
        return source
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    if not hasattr(source, "read"):
        raise TypeError(f"source is a {type(source).__name__}, expected a path, bytes, a binary stream, image or array")
    data = source.read()
    if not isinstance(data, bytes):
        raise TypeError("source is a stream of text, expected a binary one")
    return data


def _reader_of(source_format: Format) -> Any:
    module, _, function = source_format.reader.partition(":")
    return cast("Any", getattr(import_module(f"filmless.convert.{module}"), function))
