"""A frame of a DICOM image becomes an ordinary picture."""

import io
import uuid
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, Literal

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filmless.dataset import Dataset
from filmless.errors import ConversionError
from filmless.file import read
from filmless.pixels import PixelDescription, decode_as_stored, render
from filmless.pixels.grey import WindowChoice

__all__ = ["from_dicom"]


def from_dicom(
    source: Dataset | str | PathLike[str],
    output: str | PathLike[str] | BinaryIO,
    *,
    format: Literal["png"] = "png",  # noqa: A002 - the word everybody looks for
    frame: int = 0,
    window: WindowChoice | None = None,
    depth: Literal[8, 16] = 8,
) -> None:
    """Write one frame of a DICOM image as a PNG.

    Parameters
    ----------
    source
        A data set, or the path of a DICOM file.
    output
        A path, which is written whole or not at all, or a binary stream.
    format
        The format of the picture.
    frame
        Which frame, from 0.
    window
        As of `filmless.pixels.render`, for 8 bits.
    depth
        8 gives the picture as `filmless.pixels.render` makes it. 16 gives the stored values of grey or RGB in a
        16-bit PNG, without rescale and window: signed ones moved up by half of their range, MONOCHROME1 inverted.

    Raises
    ------
    PixelError
        The frame cannot be decoded.
    ConversionError
        The format is none that is written, or the stored values cannot be written with 16 bits.

    DICOM
    -----
    PS3.3 C.7.6.3, C.11.1, C.11.2

    Examples
    --------
    >>> from_dicom("slice.dcm", "slice.png", window=(40, 400))
    """
    if format != "png":
        raise ConversionError("the format is not written yet, expected png")
    if depth not in (8, 16):
        raise ConversionError(f"a PNG of {depth} bits is not written, expected 8 or 16")
    ds = source if isinstance(source, Dataset) else read(source)
    if depth == 8:
        encoded = _png_of_8_bits(render(ds, frame, window=window), ds)
    elif window is not None:
        raise ConversionError("a window gives 8 bits, expected none for 16")
    else:
        encoded = bytes(imagecodecs.png_encode(_stored_values(ds, frame)))
    _write(encoded, output)


def _png_of_8_bits(picture: NDArray[np.uint8], ds: Dataset) -> bytes:
    profile = ds.get("ICCProfile") if picture.ndim == 3 else None
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG", icc_profile=profile if isinstance(profile, bytes) else None)
    return stream.getvalue()


def _stored_values(ds: Dataset, frame: int) -> NDArray[np.uint16]:
    description = PixelDescription.of(ds)
    stored: NDArray[Any]
    stored, photometric = decode_as_stored(ds, frame)
    if photometric not in ("MONOCHROME1", "MONOCHROME2", "RGB") or description.bits_stored > 16:
        raise ConversionError(f"{photometric} of {description.bits_stored} bits is not written with 16")
    values = stored.astype(np.int32)
    if description.signed:
        values += 1 << (description.bits_stored - 1)
    if photometric == "MONOCHROME1":
        values = (1 << description.bits_stored) - 1 - values
    return values.astype(np.uint16)


def _write(encoded: bytes, output: str | PathLike[str] | BinaryIO) -> None:
    if not isinstance(output, str | PathLike):
        output.write(encoded)
        return
    path = Path(output)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            file.write(encoded)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
