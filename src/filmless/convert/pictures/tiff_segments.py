"""Strips and tiles of LZW and deflate, decoded where the picture will be: in half the time of decoding each for itself.

LZW is decoded nowhere else: that of imagecodecs leaves its memory on damaged data.
"""

import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.convert.pictures.tiff_page import Compression, TiffPage
from filmless.errors import ConversionError

__all__ = ["decode_segments"]

_DIFFERENCES, _FLOAT_DIFFERENCES = 2, 3  # of Predictor
_LSB_FIRST = 2  # of FillOrder

# Compiled code raises its own errors, which are of these.
_CODEC_ERRORS = (RuntimeError, ValueError)


class _Segment(NamedTuple):
    """A strip or tile: its size as it is coded, and which part of which plane it shows."""

    rows: int
    columns: int
    plane: int
    top: int
    left: int


def decode_segments(page: TiffPage, data: bytes) -> NDArray[Any] | None:
    """Decode a page of LZW or deflate.

    Parameters
    ----------
    page
        Of tifffile, checked.
    data
        The file.

    Returns
    -------
    NDArray or None
        Shape (planes, rows, columns, samples), native byte order. None of a page of another compression.

    Raises
    ------
    ConversionError
        A strip or tile is damaged or ends early, or its samples are of a kind that is not converted.
    """
    compression = int(page.compression)
    if compression not in (Compression.LZW, Compression.DEFLATE, Compression.ADOBE_DEFLATE):
        return None
    if page.dtype is None or page.predictor not in (1, _DIFFERENCES, _FLOAT_DIFFERENCES):
        raise ConversionError(f"TIFF of {page.bitspersample} bits and predictor {page.predictor} is not converted")
    planes, _, rows, columns, samples = page.shaped
    whole: NDArray[Any] = np.empty((planes, rows, columns, samples), page.dtype)
    for segment, offset, size in zip(_segments(page), page.dataoffsets, page.databytecounts, strict=False):
        coded = data[offset : offset + size]
        if page.fillorder == _LSB_FIRST:
            coded = cast("Any", imagecodecs.bitorder_decode)(coded)
        place = whole[segment.plane, segment.top : segment.top + segment.rows]
        place = place[:, segment.left : segment.left + segment.columns]
        is_place = place.shape[:2] == segment[:2] and place.flags.c_contiguous  # a strip, decoded where it belongs
        decoded = _decoded(page, segment, coded, place if is_place else None)
        if decoded is not place:
            place[...] = decoded[: place.shape[0], : place.shape[1]]
    return whole


def _segments(page: TiffPage) -> Iterator[_Segment]:
    """Give the strips or tiles in the order they are stored in."""
    planes, _, rows, columns, _ = page.shaped
    high = page.tilelength if page.is_tiled else min(page.rowsperstrip, rows)
    wide = page.tilewidth if page.is_tiled else columns
    for plane in range(planes):
        for top in range(0, rows, high):
            for left in range(0, columns, wide):
                yield _Segment(high if page.is_tiled else min(high, rows - top), wide, plane, top, left)


def _decoded(page: TiffPage, segment: _Segment, coded: bytes, place: NDArray[Any] | None) -> NDArray[Any]:
    """Decode a segment to (rows, columns, samples), into its place where that will do."""
    samples, bits = page.shaped[-1], page.bitspersample
    shape = (segment.rows, segment.columns, samples)
    is_whole = bits == page.dtype.itemsize * 8 and page.dtype.kind != "b"
    row = (segment.columns * samples * bits + 7) // 8
    if not is_whole:
        place = None
    buffer = np.empty(segment.rows * row, np.uint8) if place is None else place.reshape(-1).view(np.uint8)
    if not _fill(int(page.compression), coded, buffer):
        raise ConversionError("the TIFF is damaged or ends early, in a strip or tile")
    native = np.dtype(page.dtype).newbyteorder("=")
    if not is_whole:
        unpack = cast("Any", imagecodecs.packints_decode)
        unpacked: NDArray[Any] = unpack(buffer.tobytes(), native, bits, runlen=segment.columns * samples)
        return unpacked.reshape(shape)
    values: NDArray[Any] = buffer.view(native).reshape(shape)
    if page.predictor == _FLOAT_DIFFERENCES:  # sorted by bytes, which have no order
        return cast("NDArray[Any]", cast("Any", imagecodecs.floatpred_decode)(values, axis=-2))
    if page.parent.byteorder != ("<" if np.little_endian else ">"):
        values.byteswap(inplace=True)
    if page.predictor == _DIFFERENCES:
        cast("Any", imagecodecs.delta_decode)(values, axis=-2, out=values)
    return values if place is None else place


def _fill(compression: int, coded: bytes, target: NDArray[np.uint8]) -> bool:
    """Fill the target; return whether it is full."""
    if compression == Compression.LZW:
        return _core.lzw_decode(coded, target) == len(target)
    try:
        if len(cast("Any", imagecodecs.deflate_decode)(coded, out=target.data)) == len(target):
            return True
    except _CODEC_ERRORS:
        pass  # damaged, or longer: zlib tells which
    return _fill_by_zlib(coded, target)


def _fill_by_zlib(coded: bytes, target: NDArray[np.uint8]) -> bool:
    try:
        inflated = zlib.decompressobj().decompress(coded, len(target))
    except zlib.error:
        return False
    target[: len(inflated)] = np.frombuffer(inflated, np.uint8)
    return len(inflated) == len(target)
