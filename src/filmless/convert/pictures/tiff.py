"""TIFF: with Pillow up to 8 bits a sample, all bits of 9 to 16 with tifffile."""

import io
import logging
from dataclasses import replace
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from filmless.convert.content import Content, Resolution, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.pillow import (
    DECODER_ERRORS,
    PictureInformation,
    deep_picture,
    read_with_pillow,
    sensible_resolution,
)
from filmless.errors import ConversionError

__all__ = ["read"]

# tifffile logs the damage that we raise; without any handler Python would print it as well.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_LOSSY_COMPRESSIONS = (6, 7)  # both are JPEG
_EXPANSION = {1: 1, 5: 2800, 8: 1032, 32773: 64, 32946: 1032}  # bytes out of one byte at most: none, LZW, deflate, …


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read the first page of a TIFF: with Pillow up to 8 bits a sample, all bits of 9 to 16.

    Raises
    ------
    ConversionError
        It is damaged, ends early, or holds floats or more than 16 bits.
    """
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            page: Any = tiff.pages.first
            _check_page(page, data, options)
            if _has_second_page(tiff):
                options.notice("first-page", "the TIFF has more than one page: its first one is converted")
            lossy = sum(page.databytecounts) if page.compression in _LOSSY_COMPRESSIONS else None
            bits = page.bitspersample
            if bits > 8:
                information, samples = _tiff_information(page), _tiff_samples(page)
    except DECODER_ERRORS as error:
        raise ConversionError(f"the TIFF is damaged or ends early: {error}") from error
    if bits <= 8:
        return [
            replace(read_with_pillow("TIFF", data, options), lossy_bytes=lossy, lossy_method=lossy and "ISO_10918_1")
        ]
    picture = deep_picture(samples, bits, information, options)
    return [replace(picture, lossy_bytes=lossy, lossy_method=lossy and "ISO_10918_1")]


def _has_second_page(tiff: tifffile.TiffFile) -> bool:
    """Whether there is a second page, without walking to the last of what may be a million."""
    try:
        tiff.pages.get(1)
    except DECODER_ERRORS:
        return False
    return True


def _check_page(page: Any, data: bytes, options: ReadOptions) -> None:
    """Refuse what cannot be, before it is allocated for."""
    rows, columns = page.imagelength, page.imagewidth
    check_size(columns, rows, options.max_pixels)
    if page.bitspersample > 16 or page.sampleformat not in (1, 2, 4):
        raise ConversionError(
            f"the TIFF has samples of {page.bitspersample} bits or floats, expected whole numbers of up to 16 bits"
        )
    size = rows * columns * page.samplesperpixel * page.bitspersample // 8
    if size > len(data) * _EXPANSION.get(int(page.compression), 1 << 24):
        raise ConversionError(f"the TIFF of {len(data)} bytes is too short for its size")


def _tiff_samples(page: Any) -> NDArray[Any]:
    """Decode samples of more than 8 bits: grey or RGB, alpha last and not premultiplied."""
    photometric = page.photometric.name
    colours = {"MINISWHITE": 1, "MINISBLACK": 1, "RGB": 3}.get(photometric)
    if colours is None:
        raise ConversionError(f"TIFF of {page.bitspersample} bits and {photometric} colours is not converted yet")
    samples: NDArray[Any] = page.asarray()
    if page.axes.startswith("S"):  # a plane per sample
        samples = np.moveaxis(samples, 0, -1)
    samples = np.atleast_3d(samples)
    if samples.ndim != 3 or samples.shape[2] < colours:
        raise ConversionError(f"TIFF of axes {page.axes} is not converted yet")
    if photometric == "MINISWHITE":
        samples = ((1 << page.bitspersample) - 1 - samples.astype(np.int64)).astype(np.uint16)
    extra = page.extrasamples[0] if page.extrasamples else 0
    if extra not in (1, 2) or samples.dtype.kind == "i":
        samples = samples[:, :, :colours]
        return samples[:, :, 0] if colours == 1 else samples
    samples = _widened(samples[:, :, : colours + 1], page.bitspersample)
    return _straight(samples) if extra == 1 else samples


def _widened(samples: NDArray[Any], bits: int) -> NDArray[Any]:
    """Put samples with alpha on the scale of 16 bits, for `composite`."""
    top = (1 << bits) - 1
    return ((samples.astype(np.uint64) * 0xFFFF + top // 2) // top).astype(np.uint16)


def _straight(samples: NDArray[Any]) -> NDArray[Any]:
    """Divide by alpha what was multiplied by it."""
    alpha = np.maximum(samples[:, :, -1:].astype(np.uint64), 1)
    colours = np.minimum((samples[:, :, :-1].astype(np.uint64) * 0xFFFF + alpha // 2) // alpha, 0xFFFF)
    return np.concatenate([colours.astype(np.uint16), samples[:, :, -1:]], axis=-1)


def _tiff_information(page: Any) -> PictureInformation:
    def value(code: int) -> Any:
        tag = page.tags.get(code)
        return None if tag is None else tag.value

    orientation, unit, profile = value(274), value(296), value(34675)
    resolution: Resolution | None = None
    x, y = value(282), value(283)
    if isinstance(x, tuple) and isinstance(y, tuple) and x[1] and y[1]:
        to_inch = 2.54 if unit == 3 else 1.0
        resolution = sensible_resolution((x[0] / x[1] * to_inch, y[0] / y[1] * to_inch), absolute=unit in (2, 3, None))
    return PictureInformation(
        int(orientation) if orientation in range(1, 9) else 1,
        resolution,
        profile if isinstance(profile, bytes) and profile else None,
    )
