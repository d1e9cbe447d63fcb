"""What is done to the samples of every picture last: turned upright, laid over the background, given their profile."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import Picture, composite
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.information import PictureInformation

__all__ = ["finish", "rgb_of_cmyk", "to_8_bits"]


def finish(
    frames: NDArray[Any],
    information: PictureInformation,
    options: ReadOptions,
    *,
    bits_stored: int | None = None,
    profile_fits: bool = True,
    premultiplied: bool = False,
    **rest: Any,
) -> Picture:
    """Make a picture of samples as they were decoded.

    Parameters
    ----------
    frames
        Shape (frames, rows, columns) or (frames, rows, columns, 2, 3 or 4); 2 and 4 with alpha.
    information
        Their orientation, resolution and ICC profile.
    options
        The background, and who is told.
    bits_stored
        Of a sample, when less than all. Pictures with transparent parts get all.
    profile_fits
        Whether the profile describes these samples, and not those they were converted from.
    premultiplied
        Whether colours were multiplied by alpha.
    **rest
        Of the picture.
    """
    if information.orientation != 1:
        frames = np.stack([information.upright(frame) for frame in frames])
    if frames.ndim == 4 and frames.shape[3] in (2, 4):
        top = (1 << (bits_stored or 8 * frames.itemsize)) - 1
        if frames[..., -1].min() == top:
            frames = np.ascontiguousarray(frames[..., :-1] if frames.shape[3] == 4 else frames[..., 0])
        else:
            options.notice("alpha", "transparent parts are laid over the background")
            filled = (_filled(frame, top) for frame in frames)
            laid = [composite(frame, options.background, premultiplied=premultiplied) for frame in filled]
            frames, bits_stored = np.stack(laid), None
    profile = information.rgb_profile(options, fits=frames.ndim == 4 and profile_fits)
    return Picture.of_frames(
        frames, bits_stored, resolution=information.upright_resolution, icc_profile=profile, **rest
    )


def _filled(samples: NDArray[Any], top: int) -> NDArray[Any]:
    """Put samples of 0 to ``top`` on the scale of their dtype."""
    most = int(np.iinfo(samples.dtype).max)
    if top == most:
        return samples
    return ((samples.astype(np.uint32) * most + top // 2) // top).astype(samples.dtype)


def to_8_bits(samples: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Put samples of fewer bits on the scale of 8: black is 0 and white 255."""
    top = (1 << bits) - 1
    table = (np.arange(256, dtype=np.uint32) * 255 // top).astype(np.uint8)
    return table[samples] if bits < 8 else samples


def rgb_of_cmyk(samples: NDArray[Any]) -> NDArray[Any]:
    """Return RGB of CMYK (..., 4) of 8 or 16 bits, as Pillow does: no profile is asked."""
    top = int(np.iinfo(samples.dtype).max)
    half, shift = (top + 1) // 2, samples.dtype.itemsize * 8
    out = np.empty((*samples.shape[:-1], 3), samples.dtype)
    for row, colours in zip(out, samples, strict=True):  # a row at a time, for the wide working copies
        paper = top - colours[..., 3:].astype(np.int64)
        product = colours[..., :3] * paper + half
        row[...] = np.clip(paper - (((product >> shift) + product) >> shift), 0, top)
    return out
