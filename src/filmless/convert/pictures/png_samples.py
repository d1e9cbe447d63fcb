"""From the coded data of PNG to samples: inflated by libdeflate, unfiltered in the core."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, cast

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.convert.pictures.finishing import to_8_bits
from filmless.convert.pictures.png_chunks import GREY, PALETTE, PngHeader
from filmless.errors import ConversionError

__all__ = ["EXPANSION", "coded_samples", "samples_of"]

EXPANSION = 1032
"""Bytes that deflate makes of one at most."""

_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))

# Compiled code raises its own errors, which are of these.
_CODEC_ERRORS = (RuntimeError, ValueError)


def coded_samples(header: PngHeader, columns: int, rows: int, parts: Sequence[memoryview]) -> NDArray[Any]:
    """Decode a picture, or a frame of an animation, to the numbers that were coded.

    Parameters
    ----------
    header
        Says how samples are coded.
    columns, rows
        Of the picture.
    parts
        Contents of IDAT or fdAT.

    Returns
    -------
    NDArray
        Shape (rows, columns) or (rows, columns, 2, 3 or 4), uint8 or uint16; indices of a palette as they are.

    Raises
    ------
    ConversionError
        They are damaged or end early.

    Notes
    -----
    W3C PNG 7 to 10.
    """
    passes = list(_passes(columns, rows)) if header.interlaced else [(0, 0, 1, 1, columns, rows)]
    sizes = [rows_of * (1 + header.row_bytes(columns_of)) for *_, columns_of, rows_of in passes]
    coded = parts[0] if len(parts) == 1 else _joined(parts)
    if sum(sizes) > EXPANSION * len(coded) + EXPANSION:
        raise ConversionError(f"the PNG of {len(coded)} coded bytes is too short for its size")
    inflated = _inflate(coded, sum(sizes))
    if not header.interlaced:
        return _pixels(header, inflated, columns, rows)
    shape = (rows, columns) if header.samples == 1 else (rows, columns, header.samples)
    whole: NDArray[Any] = np.empty(shape, np.uint16 if header.depth == 16 else np.uint8)
    start = 0
    for (left, top, right, down, columns_of, rows_of), size in zip(passes, sizes, strict=True):
        whole[top::down, left::right] = _pixels(header, inflated[start : start + size], columns_of, rows_of)
        start += size
    return whole


def samples_of(
    header: PngHeader, coded: NDArray[Any], palette: NDArray[np.uint8] | None, transparent: bytes
) -> NDArray[Any]:
    """Make grey or RGB, with or without alpha, of coded numbers.

    Parameters
    ----------
    header
        Says what they are.
    coded
        As of `coded_samples`.
    palette
        Shape (256, 1 to 4): grey or RGB, with or without alpha; of pictures that have one.
    transparent
        tRNS.
    """
    if header.colour_type == PALETTE and palette is not None:
        taken = np.take(palette, coded, axis=0)
        return taken[..., 0] if palette.shape[1] == 1 else taken
    depth = header.depth
    shown = to_8_bits(coded, depth) if depth < 8 else coded
    if len(transparent) < (2 if header.colour_type == GREY else 6) or header.samples not in (1, 3):
        return shown
    key = np.frombuffer(transparent, ">u2", header.samples) & ((1 << depth) - 1)
    colours = np.atleast_3d(coded)
    opaque = (colours != key.astype(coded.dtype)).any(axis=-1, keepdims=True)
    alpha = np.where(opaque, coded.dtype.type(np.iinfo(coded.dtype).max), coded.dtype.type(0))
    return np.concatenate([np.atleast_3d(shown), alpha], axis=-1)


def _passes(columns: int, rows: int) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Give the passes of Adam7 that have pixels: where they begin, their steps, their size."""
    for left, top, right, down in _ADAM7:
        if left < columns and top < rows:
            yield left, top, right, down, -(-(columns - left) // right), -(-(rows - top) // down)


def _joined(parts: Sequence[memoryview]) -> memoryview:
    """Put parts behind each other, in memory as numpy takes it: in large pages, which are soon had."""
    whole = np.empty(sum(map(len, parts)), np.uint8)
    start = 0
    for part in parts:
        whole.data[start : start + len(part)] = part
        start += len(part)
    return whole.data


def _inflate(coded: memoryview, size: int) -> NDArray[np.uint8]:
    """Inflate to so many bytes; what is behind them is not looked at."""
    out = np.empty(size, np.uint8)
    try:
        decode = cast("Any", imagecodecs.deflate_decode)
        if len(decode(coded, out=out.data)) == size:
            return out
    except _CODEC_ERRORS:
        pass  # damaged, or longer: zlib tells which
    try:
        inflated = zlib.decompressobj().decompress(coded, size + 1)
    except zlib.error as error:
        raise ConversionError(f"the PNG is damaged: {error}") from error
    if len(inflated) < size:
        raise ConversionError(f"the PNG ends early: {len(inflated)} bytes of samples, expected {size}")
    return np.frombuffer(bytearray(inflated), np.uint8, size)


def _pixels(header: PngHeader, inflated: NDArray[np.uint8], columns: int, rows: int) -> NDArray[Any]:
    """Undo the filters where the bytes are, and take the samples out of them."""
    row = header.row_bytes(columns)
    try:
        _core.png_unfilter(inflated, row, header.step)
    except ValueError as error:
        raise ConversionError(f"the PNG is damaged: {error}") from error
    out = inflated[: rows * row].reshape(rows, row)
    if header.depth < 8:
        return _unpacked(out, header.depth)[:, :columns]
    samples: NDArray[Any] = out
    if header.depth == 16:
        samples = out.view(np.uint16)
        if np.little_endian:
            samples.byteswap(inplace=True)
    return samples if header.samples == 1 else samples.reshape(rows, columns, header.samples)


def _unpacked(packed: NDArray[np.uint8], depth: int) -> NDArray[np.uint8]:
    if depth == 1:
        return np.unpackbits(packed, axis=1)
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    parts = (packed[:, :, np.newaxis] >> shifts) & np.uint8((1 << depth) - 1)
    return parts.reshape(len(packed), -1)
