"""The frames of APNG, each as it is displayed: laid on what those before left (W3C PNG 12.3)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.options import ReadOptions
from filmless.convert.pictures.png_chunks import PngFile
from filmless.convert.pictures.png_samples import coded_samples, samples_of
from filmless.errors import ConversionError

__all__ = ["read_frames"]

_BACKGROUND, _PREVIOUS = 1, 2
_OVER = 1


def read_frames(png: PngFile, palette: NDArray[np.uint8] | None, options: ReadOptions) -> NDArray[Any]:
    """Decode and compose all frames.

    Returns
    -------
    NDArray
        Shape (frames, rows, columns, 2 or 4), with alpha.

    Raises
    ------
    ConversionError
        One is damaged or missing.
    """
    header = png.header
    if not png.default_is_frame:
        options.notice("default-image", "the picture that programs without animation show is left out: it is no frame")
    composed: NDArray[Any] | None = None
    canvas: NDArray[Any] | None = None
    for number, (frame, samples) in enumerate(zip(png.frames, _frames(png, palette), strict=True)):
        if composed is None or canvas is None:
            canvas = np.zeros((header.rows, header.columns, samples.shape[2]), samples.dtype)
            composed = np.empty((len(png.frames), *canvas.shape), samples.dtype)
        region = canvas[frame.top : frame.top + frame.rows, frame.left : frame.left + frame.columns]
        before = region.copy() if frame.disposal == _PREVIOUS and number else None
        region[...] = _over(samples, region) if frame.blending == _OVER else samples
        composed[number] = canvas
        if before is not None:
            region[...] = before
        elif frame.disposal in (_BACKGROUND, _PREVIOUS):
            region[...] = 0
    if composed is None:
        raise ConversionError("the APNG has no frames")
    return composed


def _frames(png: PngFile, palette: NDArray[np.uint8] | None) -> Iterator[NDArray[Any]]:
    """Give the samples of each frame, with alpha."""
    transparent = bytes(png.single.get(b"tRNS", b""))
    for number, frame in enumerate(png.frames):
        parts = png.parts if number == 0 and png.default_is_frame else frame.parts
        coded = coded_samples(png.header, frame.columns, frame.rows, parts)
        samples = np.atleast_3d(samples_of(png.header, coded, palette, transparent))
        if samples.shape[2] in (1, 3):
            opaque = np.full((*samples.shape[:2], 1), np.iinfo(samples.dtype).max, samples.dtype)
            samples = np.concatenate([samples, opaque], axis=-1)
        yield samples


def _over(above: NDArray[Any], below: NDArray[Any]) -> NDArray[Any]:
    """Lay samples with alpha over others with alpha."""
    top = int(np.iinfo(above.dtype).max)
    alpha = above[..., -1:]
    if alpha.min() == top:
        return above
    out = np.empty_like(above)
    for row, upper, lower in zip(out, above, below, strict=True):  # a row at a time, for the wide working copies
        a = upper[:, -1:].astype(np.float64)
        b = lower[:, -1:] * (top - a) / top
        weight = np.maximum(a + b, 1)
        row[:, :-1] = np.rint((upper[:, :-1] * a + lower[:, :-1] * b) / weight)
        row[:, -1:] = np.rint(a + b)
    return out
