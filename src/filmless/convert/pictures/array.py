"""Numpy arrays and PIL images: pictures that are in memory already."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filmless.convert.content import Picture, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.exif import exif_of
from filmless.convert.pictures.finishing import finish
from filmless.convert.pictures.information import DECODER_ERRORS, PictureInformation
from filmless.convert.pictures.pillow import decode_with_pillow
from filmless.errors import ConversionError

__all__ = ["read_array", "read_image"]

_COLOUR = {np.dtype(np.uint8), np.dtype(np.uint16)}
_GREY = _COLOUR | {np.dtype(kind) for kind in (np.int8, np.int16, np.uint32, np.int32, np.float32, np.float64)}
_LOSSY = ("JPEG", "MPO")  # formats of PIL that always lose something
_UNLIMITED = 1 << 62  # it is in memory: there is nothing left to protect


def read_image(image: Image.Image, options: ReadOptions) -> Picture:
    """Read a PIL image, the frame that it is at; its EXIF orientation is applied."""
    check_size(image.width, image.height, _UNLIMITED)
    if _has_more(image):
        options.notice("further-pictures", "the image has more frames: the one it is at is converted")
    exif = _exif(image) if options.exif else {}
    lossy_bytes = _file_size(image) if image.format in _LOSSY else None
    if image.format in _LOSSY and not lossy_bytes:
        options.notice("lossy", "the image was a JPEG of unknown size: Lossy Image Compression is not said of it")
    picture = decode_with_pillow(image, PictureInformation.of(image), options, lossy_bytes=lossy_bytes)
    return replace(picture, exif=exif)


def _file_size(image: Image.Image) -> int | None:
    """Return the bytes of the file that an image was opened from, as long as it is open or has a name."""
    try:
        file = getattr(image, "fp", None)
        if file is None:
            name = image.filename  # type: ignore[attr-defined]
            return Path(name).stat().st_size if name else None
        position = file.tell()
        size = int(file.seek(0, os.SEEK_END))
        file.seek(position)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return size


def _has_more(image: Image.Image) -> bool:
    try:
        return getattr(image, "n_frames", 1) > 1
    except DECODER_ERRORS:  # of frames that are not asked for
        return True


def _exif(image: Image.Image) -> Mapping[str, Any]:
    """Read the EXIF block that an image was opened with, or has been given."""
    try:
        block = image.info.get("exif") or image.getexif().tobytes()
    except DECODER_ERRORS:
        return {}  # damaged
    return exif_of(block) if isinstance(block, bytes) else {}


def read_array(array: NDArray[Any], options: ReadOptions) -> Picture:
    """Read an array of samples.

    Parameters
    ----------
    array
        Grey of shape (rows, columns), (rows, columns, 1), (frames, rows, columns) or (frames, rows, columns, 1); RGB or
        RGBA of shape (rows, columns, 3 or 4) or (frames, rows, columns, 3 or 4). So three axes whose last has 1, 3 or 4
        are one picture. Grey is bool (becomes 0 and 255), whole numbers of 8, 16 or 32 bits, or floats of 16 (become
        32), 32 or 64; colour is uint8 or uint16.
    options
        The background of RGBA.

    Raises
    ------
    ConversionError
        Shape or dtype are of another kind, or values are masked out.
    """
    if isinstance(array, np.ma.MaskedArray):
        raise ConversionError("the array is masked, which no image can be", hint="fill it, as with `.filled(0)`")
    frames = _as_frames(array)
    if not len(frames):
        raise ConversionError(f"the array has shape {array.shape}, which is of no frames")
    check_size(frames.shape[2], frames.shape[1], _UNLIMITED, frames=frames.shape[0])
    if array.dtype == np.bool_:
        frames = frames.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.float16:
        frames = frames.astype(np.float32)
    expected = _COLOUR if frames.ndim == 4 else _GREY
    if frames.dtype.newbyteorder("=") not in expected:
        names = ", ".join(sorted(map(str, expected)))
        raise ConversionError(
            f"the array is of {array.dtype}, expected {names}", hint="scale and convert it, as with .astype"
        )
    native = np.ascontiguousarray(frames, dtype=frames.dtype.newbyteorder("="))
    return finish(native, PictureInformation(), options)


def _as_frames(array: NDArray[Any]) -> NDArray[Any]:
    """(frames, rows, columns) or (frames, rows, columns, 3 or 4)."""
    if array.ndim == 3 and array.shape[2] == 1:
        return array[np.newaxis, ..., 0]
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4)):
        return array[np.newaxis]
    if array.ndim == 3:
        return array
    if array.ndim == 4 and array.shape[3] == 1:
        return array[..., 0]
    if array.ndim == 4 and array.shape[3] in (3, 4):
        return array
    raise ConversionError(
        f"the array has shape {array.shape}, expected (rows, columns) or (frames, rows, columns), and 1, 3 or 4 samples"
    )
