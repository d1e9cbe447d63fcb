"""A frame of a DICOM image becomes an ordinary picture."""

from collections.abc import Iterable
from os import PathLike, fspath
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.convert.png import LEVEL, LEVELS, encode_png
from filmless.dataset import Dataset
from filmless.errors import ConversionError
from filmless.file import read
from filmless.pixels import render
from filmless.pixels.decoding import decode_as_stored
from filmless.pixels.description import described
from filmless.pixels.grey import Lut, Window, WindowChoice
from filmless.pixels.overlays import Overlay

__all__ = ["from_dicom"]


def from_dicom(
    source: Dataset | str | PathLike[str],
    output: str | PathLike[str] | BinaryIO,
    *,
    format: Literal["png"] = "png",  # noqa: A002 - the word everybody looks for
    frame: int = 0,
    window: WindowChoice | None = None,
    voi: int | str | Lut | Window | None = None,
    presentation_state: Dataset | None = None,
    overlays: bool | Iterable[Overlay] = True,
    size: int | tuple[int, int] | None = None,
    icc: bool = False,
    depth: Literal[8, 16] = 8,
    level: int = LEVEL,
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
    window, voi, presentation_state, overlays, size, icc
        As of `filmless.pixels.render`, for 8 bits.
    depth
        8 gives the picture as `filmless.pixels.render` makes it. 16 gives the stored values of grey or RGB in a
        16-bit PNG, without rescale and window: signed ones moved up by half of their range, MONOCHROME1 inverted.
    level
        How much work goes into a small file: from 0, none, to 12; 6 does what zlib's 6 does, faster.

    Raises
    ------
    PixelError
        The frame cannot be decoded.
    ConversionError
        The format or level is none that is written, or the stored values cannot be written with 16 bits.

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
    if level not in LEVELS:
        raise ConversionError(f"level {level} of PNG does not exist, expected 0 to {LEVELS[-1]}")
    ds = source if isinstance(source, Dataset) else read(source)
    if depth == 16:
        given = {
            "window": window,
            "voi": voi,
            "presentation_state": presentation_state,
            "size": size,
            "icc": icc or None,
        }
        for name, value in given.items():
            if value is not None:
                raise ConversionError(f"{name} goes with 8 bits, expected none for 16")
        encoded = encode_png(_stored_values(ds, frame), level=level)
    else:
        picture = render(
            ds,
            frame,
            window=window,
            voi=voi,
            presentation_state=presentation_state,
            overlays=overlays,
            size=size,
            icc=icc,
        )
        # What is in sRGB already needs nothing beside it.
        profile = None if icc else _profile(picture, ds if presentation_state is None else presentation_state)
        encoded = encode_png(picture, level=level, icc_profile=profile)
    if isinstance(output, str | PathLike):
        _core.write_bytes(fspath(output), encoded)
    else:
        output.write(encoded)


def _profile(picture: NDArray[np.uint8], ds: Dataset) -> bytes | None:
    """Give what the colours of a picture are in (PS3.3 C.11.15): of a presentation state, when one made them."""
    profile = ds.get("ICCProfile") if picture.ndim == 3 else None
    return profile if isinstance(profile, bytes) else None


def _stored_values(ds: Dataset, frame: int) -> NDArray[np.uint16]:
    description, _ = described(ds)
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
