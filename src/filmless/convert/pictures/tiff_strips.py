"""The strips of usual TIFF, decoded where the picture will be: half the time of decoding each for itself."""

from typing import Any, cast

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.convert.pictures.tiff_page import Compression, TiffPage

__all__ = ["decode_strips"]

_COMPRESSIONS = (Compression.LZW, Compression.DEFLATE, Compression.ADOBE_DEFLATE)
_HORIZONTAL = 2  # of Predictor: each sample is a difference to the one before

# Compiled code raises its own errors, which are of these.
_CODEC_ERRORS = (RuntimeError, ValueError)


def decode_strips(page: TiffPage, data: bytes) -> NDArray[Any] | None:
    """Decode strips of LZW or deflate, of 8 or 16 bits a sample.

    Parameters
    ----------
    page
        Of tifffile, checked.
    data
        The file.

    Returns
    -------
    NDArray or None
        Shape (rows, columns, samples), native byte order. None of a page that is of another kind, or damaged:
        tifffile decodes those, or tells what is wrong.
    """
    planes, _, rows, columns, samples = page.shaped
    is_usual = int(page.compression) in _COMPRESSIONS and page.predictor in (1, _HORIZONTAL) and page.fillorder == 1
    is_usual = is_usual and not page.is_tiled and planes == 1
    if not is_usual or page.bitspersample not in (8, 16) or page.dtype is None or page.dtype.kind not in "ui":
        return None
    dtype = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
    row = columns * samples * dtype.itemsize
    out = np.empty(rows * row, np.uint8)
    strip = min(page.rowsperstrip, rows) * row
    for number, (offset, size) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=False)):
        target = out[number * strip : (number + 1) * strip]
        if not len(target):
            break
        if not _decode(int(page.compression), data[offset : offset + size], target):
            return None
    whole: NDArray[Any] = out.view(dtype).reshape(rows, columns, samples)
    if not dtype.isnative:
        whole = whole.byteswap(inplace=True).view(dtype.newbyteorder("="))
    if page.predictor == _HORIZONTAL:
        cast("Any", imagecodecs.delta_decode)(whole, axis=-2, out=whole)
    return whole


def _decode(compression: int, coded: bytes, target: NDArray[np.uint8]) -> bool:
    """Fill the target; return whether it is full, and nothing was left."""
    if compression == Compression.LZW:
        return _core.lzw_decode(coded, target) == len(target)
    try:
        return len(cast("Any", imagecodecs.deflate_decode)(coded, out=target.data)) == len(target)
    except _CODEC_ERRORS:
        return False
