"""What a source holds on its way to DICOM: a picture (samples, or streams that go in as they are) or a document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from filmless.convert.options import Background, ReadOptions, as_colours
from filmless.errors import ConversionError, LimitError

__all__ = [
    "MOST_NUMBERED",
    "Content",
    "Document",
    "Picture",
    "Resolution",
    "Stream",
    "check_numbers",
    "check_size",
    "composite",
    "inverted",
    "orient",
]

_MAX_SIDE = 0xFFFF  # Rows and Columns are US
_MOST_TEXT = 0xFFFE  # bytes of DS
MOST_NUMBERED = 10_000
"""Frames whose numbers fit in a value of IS."""
_BLOCK = 1 << 15  # pixels that are laid over the background together: their working copies stay in the cache


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
class Stream:
    """Coded frames that go in as they are.

    Parameters
    ----------
    transfer_syntax
        UID.
    frames
        A coded stream a frame; of a video, one stream of all frames.
    lossy_method
        Defined term of Lossy Image Compression Method (0028,2114): ``ISO_10918_1``; None when nothing was lost.
    """

    transfer_syntax: str
    frames: tuple[bytes, ...]
    lossy_method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image of one or more frames.

    Parameters
    ----------
    rows, columns, samples, frames
        Its shape; samples are 1 for grey and 3 for colour.
    bits_allocated, bits_stored, signed
        Of a sample. Floats have ``is_float``, and all their bits stored.
    photometric_interpretation
        Of what is stored.
    pixels
        Shape (frames, rows, columns) or (frames, rows, columns, 3), native byte order. None beside a stream that was
        not decoded.
    stream
        What goes in, bit for bit, in place of ``pixels``.
    lossy_bytes, lossy_method
        Size and method of the lossy stream that the picture was before it was decoded; None when none is known of.
    resolution, icc_profile
        The picture's own; the profile is valid for what is stored.
    frame_times_ms
        How long each frame is shown, one number a frame; empty when nothing says it.
    facts
        Header values by keyword that the source itself tells; a caller's come before them.
    exif
        What EXIF says, by its names there: header values when they are asked for.
    """

    rows: int
    columns: int
    samples: int = 1
    frames: int = 1
    bits_allocated: int = 8
    bits_stored: int = 8
    signed: bool = False
    is_float: bool = False
    photometric_interpretation: str = "MONOCHROME2"
    pixels: NDArray[Any] | None = None
    stream: Stream | None = None
    lossy_bytes: int | None = None
    lossy_method: str | None = None
    resolution: Resolution | None = None
    icc_profile: bytes | None = None
    frame_times_ms: tuple[float, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    exif: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_samples(cls, samples: NDArray[Any], bits_stored: int | None = None, **rest: Any) -> Self:
        """Wrap one frame of samples, grey (rows, columns) or RGB (rows, columns, 3)."""
        return cls.of_frames(samples[np.newaxis], bits_stored, **rest)

    @classmethod
    def of_frames(cls, frames: NDArray[Any], bits_stored: int | None = None, **rest: Any) -> Self:
        """Wrap frames of samples, grey (frames, rows, columns) or RGB (frames, rows, columns, 3)."""
        native = frames.astype(frames.dtype.newbyteorder("="), copy=False)
        bits = native.dtype.itemsize * 8
        rest.setdefault("photometric_interpretation", "MONOCHROME2" if native.ndim == 3 else "RGB")
        return cls(
            rows=native.shape[1],
            columns=native.shape[2],
            samples=1 if native.ndim == 3 else 3,
            frames=native.shape[0],
            bits_allocated=bits,
            bits_stored=bits_stored or bits,
            signed=native.dtype.kind == "i",
            is_float=native.dtype.kind == "f",
            pixels=native,
            **rest,
        )

    @property
    def stored_bytes(self) -> int:
        """Bytes of all samples, uncompressed."""
        return self.frames * self.rows * self.columns * self.samples * self.bits_allocated // 8

    def apart(self) -> list[Self]:
        """Return each frame as a picture; the whole where a stream holds all of them."""
        one = replace(self, frames=1, frame_times_ms=(), facts={})
        if self.stream is not None:
            if len(self.stream.frames) != self.frames:
                return [self]
            return [replace(one, stream=replace(self.stream, frames=(coded,))) for coded in self.stream.frames]
        if self.pixels is None:
            return [self]
        size = None if self.lossy_bytes is None else max(1, self.lossy_bytes // self.frames)
        return [replace(one, pixels=frame[np.newaxis], lossy_bytes=size) for frame in self.pixels]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that goes in whole (PS3.3 A.45, A.85, A.104).

    Parameters
    ----------
    kind
        ``"PDF"``, ``"CDA"``, ``"STL"``, ``"OBJ"`` or ``"MTL"``.
    data
        The file.
    mime_type
        Of the file.
    facts
        Header values by keyword that the source itself tells, such as a title.
    """

    kind: str
    data: bytes
    mime_type: str
    facts: Mapping[str, Any] = field(default_factory=dict)


Content = Picture | Document
"""What becomes one object."""


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


def check_numbers(frames: int, times_ms: Sequence[float], options: ReadOptions) -> None:
    """Refuse more frames than a multi-frame object can number or time, before any is decoded.

    Parameters
    ----------
    frames
        How many there are.
    times_ms
        How long each is shown; empty of pages.
    options
        Whether they become objects of their own, and whether their time is given.

    Raises
    ------
    ConversionError
        They are too many.
    """
    if options.apart or options.timed or frames <= MOST_NUMBERED or (len(set(times_ms)) == 1 and times_ms[0] > 0):
        return
    if any(times_ms) and sum(len(f"{time:.10g}") + 1 for time in times_ms[:-1]) + 2 <= _MOST_TEXT:
        return  # Frame Time Vector holds them
    hint = "`apart` of `convert_many` makes each an object of its own"
    if times_ms:
        hint += "; or give FrameTime, the milliseconds between frames"
    raise ConversionError(f"{frames} frames are too many to {'time each' if any(times_ms) else 'number'}", hint=hint)


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


def inverted(samples: NDArray[Any], bits: int) -> NDArray[Any]:
    """Make black of white: whole numbers of which so many bits are used."""
    whole = samples.dtype.itemsize * 8
    return ~samples if bits == whole or samples.dtype.kind == "i" else samples.dtype.type((1 << bits) - 1) - samples


def composite(samples: NDArray[Any], background: Background, *, premultiplied: bool = False) -> NDArray[Any]:
    """Lay a picture whose last sample is alpha over a background.

    Parameters
    ----------
    samples
        Shape (rows, columns, 2) or (rows, columns, 4), uint8 or uint16.
    background
        Grey or colour; a colour makes a grey picture RGB.
    premultiplied
        Whether the colours were multiplied by alpha already.

    Returns
    -------
    NDArray
        Shape (rows, columns) or (rows, columns, 3), of the same dtype. Opaque samples are kept exactly.
    """
    colours = as_colours(background)
    channels = 3 if len(set(colours)) > 1 else samples.shape[2] - 1
    top, shift = int(np.iinfo(samples.dtype).max), 8 * samples.dtype.itemsize
    wide: Any = np.uint16 if shift == 8 else np.uint32  # holds `top` times `top`, and half of it more
    out = np.empty((*samples.shape[:2], channels), dtype=samples.dtype)
    step = max(1, _BLOCK // samples.shape[1])
    for start in range(0, len(samples), step):
        above, target = samples[start : start + step], out[start : start + step]
        alpha = above[..., -1].astype(wide)
        clear = wide(top) - alpha
        for channel, colour in enumerate(colours[:channels]):
            mixed = above[..., channel if above.shape[2] == 4 else 0].astype(wide)
            if premultiplied:
                mixed = np.minimum(mixed, alpha) * wide(top)
            else:
                mixed *= alpha
            mixed += clear * wide(colour * (top // 255))
            mixed += wide(top // 2)
            mixed += (mixed >> wide(shift)) + wide(1)  # with the shift, divides by `top` and not by one more
            target[..., channel] = mixed >> wide(shift)
    return out[:, :, 0] if channels == 1 else out
