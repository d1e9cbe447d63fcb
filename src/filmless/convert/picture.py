"""A picture on its way to DICOM: the samples, or a JPEG stream that goes in as it is, and what goes with them."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from filmless.errors import ConversionError, LimitError

__all__ = ["Background", "Picture", "Resolution", "check_size", "composite", "orient"]

Background = int | tuple[int, int, int]
"""A grey or a colour of 0 to 255."""

_MAX_SIDE = 0xFFFF  # Rows and Columns are US


@dataclass(frozen=True, slots=True)
class Resolution:
    """Pixels per inch across and down; only their ratio when it is not ``absolute``."""

    x: float
    y: float
    absolute: bool = True

    def turned(self) -> Self:
        """Return it for the picture turned by a quarter."""
        return replace(self, x=self.y, y=self.x)


@dataclass(frozen=True, slots=True)
class Picture:
    """What a source holds.

    Parameters
    ----------
    pixels
        Shape (frames, rows, columns) or (frames, rows, columns, 3); 8 or 16 bits, grey possibly signed.
    bits_stored
        Of the samples.
    jpeg
        A JPEG Baseline stream that goes in as it is, in place of ``pixels`` (which it decodes to).
    photometric_interpretation
        Of what is stored.
    lossy_bytes
        The size of the lossy JPEG stream that the picture was, None when none is known of.
    icc_profile
        The picture's own, valid for what is stored.
    """

    pixels: NDArray[Any]
    bits_stored: int
    photometric_interpretation: str
    jpeg: bytes | None = None
    lossy_bytes: int | None = None
    resolution: Resolution | None = None
    icc_profile: bytes | None = None

    @classmethod
    def of_samples(cls, samples: NDArray[Any], bits_stored: int | None = None, **rest: Any) -> Self:
        """Wrap one frame of samples, grey (rows, columns) or RGB (rows, columns, 3)."""
        photometric = "MONOCHROME2" if samples.ndim == 2 else "RGB"
        native = samples.astype(samples.dtype.newbyteorder("="), copy=False)
        return cls(native[np.newaxis], bits_stored or native.dtype.itemsize * 8, photometric, **rest)

    @property
    def frames(self) -> int:
        """How many."""
        return int(self.pixels.shape[0])

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[1])

    @property
    def columns(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[2])

    @property
    def samples(self) -> int:
        """1 for grey, 3 for colour."""
        return 1 if self.pixels.ndim == 3 else 3

    @property
    def bits_allocated(self) -> int:
        """8 or 16."""
        return self.pixels.dtype.itemsize * 8

    @property
    def signed(self) -> bool:
        """Whether samples may be negative."""
        return self.pixels.dtype.kind == "i"


def check_size(columns: int, rows: int, max_pixels: int, *, frames: int = 1) -> None:
    """Refuse a size before anything is decoded.

    Raises
    ------
    ConversionError
        No DICOM image can have it.
    LimitError
        It is more than ``max_pixels``.
    """
    if not (1 <= rows <= _MAX_SIDE and 1 <= columns <= _MAX_SIDE and frames >= 1):
        raise ConversionError(f"the picture has {columns} x {rows} pixels, expected 1 to {_MAX_SIDE} on each side")
    if rows * columns * frames > max_pixels:
        raise LimitError(
            f"the picture has {rows * columns * frames} pixels, expected at most max_pixels={max_pixels}",
            limit="max_pixels",
            value=rows * columns * frames,
        )


def orient(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn and mirror samples so that the first row is the top and the first column the left.

    Parameters
    ----------
    samples
        Shape (rows, columns[, samples]).
    orientation
        The EXIF or TIFF Orientation, 1 to 8; others are as 1.
    """
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    return samples


def composite(samples: NDArray[Any], background: Background) -> NDArray[Any]:
    """Lay a picture whose last sample is alpha (not premultiplied) over a background.

    Parameters
    ----------
    samples
        Shape (rows, columns, 2) or (rows, columns, 4), uint8 or uint16.
    background
        Grey or colour; a colour makes a grey picture RGB.

    Returns
    -------
    NDArray
        Shape (rows, columns) or (rows, columns, 3), of the same dtype. Opaque samples are kept exactly.
    """
    colours = as_colours(background)
    if samples.shape[2] == 2 and len(set(colours)) > 1:
        samples = samples[:, :, [0, 0, 0, 1]]
    top = int(np.iinfo(samples.dtype).max)
    channels = samples.shape[2] - 1
    behind = np.array(colours[:channels], dtype=np.uint64) * (top // 255)
    out = np.empty((*samples.shape[:2], channels), dtype=samples.dtype)
    for row in range(len(samples)):  # a row at a time, for the wide working copies
        alpha = samples[row, :, -1:].astype(np.uint64)
        out[row] = (samples[row, :, :-1] * alpha + behind * (top - alpha) + top // 2) // top
    return out[:, :, 0] if channels == 1 else out


def as_colours(background: Background) -> tuple[int, int, int]:
    """Return a background as a colour.

    Raises
    ------
    ValueError
        It is none.
    """
    colours = (background,) * 3 if isinstance(background, int) else tuple(background)
    if len(colours) != 3 or not all(part in range(256) for part in colours):
        raise ValueError("background must be a grey of 0 to 255 or three such numbers")
    return colours[0], colours[1], colours[2]
