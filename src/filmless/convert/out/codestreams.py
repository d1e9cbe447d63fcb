"""JPEG 2000 and JPEG XL files, as imagecodecs encodes them."""

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from filmless.convert.out.options import Job
from filmless.convert.out.source import PictureSource, checked_number, refuse_rendering
from filmless.errors import ConversionError

__all__ = ["write_jpeg_2000", "write_jpeg_xl"]

_LOSSLESS = 100


def write_jpeg_2000(job: Job, out: BinaryIO) -> None:
    """Write a lossless JP2: a picture of 8 bits, or the stored values of 16.

    DICOM
    -----
    PS3.18 8.7.3 (the media type image/jp2)
    """
    import imagecodecs

    samples, bits = _samples(job)
    colourspace = "GRAY" if samples.ndim == 2 else "SRGB"
    out.write(
        imagecodecs.jpeg2k_encode(
            samples, 0, codecformat="JP2", colorspace=colourspace, bitspersample=bits, reversible=True
        )
    )


def write_jpeg_xl(job: Job, out: BinaryIO) -> None:
    """Write a JPEG XL: lossless, or of a quality.

    DICOM
    -----
    PS3.18 8.7.3 (the media type image/jxl)
    """
    import imagecodecs

    quality = checked_number(job, "quality", _LOSSLESS, range(1, 101), "JPEG XL")
    samples, _ = _samples(job)
    if quality == _LOSSLESS:
        encoded = imagecodecs.jpegxl_encode(samples, lossless=True)
    else:
        encoded = imagecodecs.jpegxl_encode(samples, distance=_distance(quality))
    out.write(encoded)


def _distance(quality: int) -> float:
    """Return how far from the original libjxl may go for a quality: its own formula."""
    if quality >= 30:
        return 0.1 + (100 - quality) * 0.09
    return 53 / 3000 * quality * quality - 23 / 20 * quality + 25


def _samples(job: Job) -> tuple[NDArray[Any], int]:
    """Give the picture, or the stored values, and how many bits they use."""
    depth = job.options.get("depth", 8)
    if depth not in (8, 16):
        raise ConversionError(f"depth {depth} is not written, expected 8 or 16", hint="tiff has 32, npy all")
    source = PictureSource(job)
    if depth == 16:
        refuse_rendering(job, "depth 16", "leave it out, or write 8 bits")
        bits = source.description.bits_stored
        return source.unsigned(job.frames[0]), bits if bits > 8 else 16
    picture = source.picture(job.frames[0])
    if source.profile(picture) is not None:
        job.notice("icc-dropped", "the ICC profile is left out: `icc` gives colours in sRGB")
    return np.ascontiguousarray(picture), 8
