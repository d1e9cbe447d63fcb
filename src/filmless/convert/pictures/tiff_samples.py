"""From a page of a TIFF to samples of grey or RGB."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filmless.convert.content import inverted
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.finishing import rgb_of_cmyk, to_8_bits
from filmless.convert.pictures.pillow import samples_of_image
from filmless.convert.pictures.tiff_page import Compression, TiffPage
from filmless.convert.pictures.tiff_segments import decode_segments
from filmless.errors import ConversionError

__all__ = ["TiffSamples", "samples_of_page"]

_MINISWHITE, _MINISBLACK, _RGB, _PALETTE, _MASK, _SEPARATED, _YCBCR, _CIELAB = 0, 1, 2, 3, 4, 5, 6, 8
_COLOURS = {_MINISWHITE: 1, _MINISBLACK: 1, _MASK: 1, _PALETTE: 1, _RGB: 3, _YCBCR: 3, _SEPARATED: 4}
_ASSOCIATED, _UNASSOCIATED = 1, 2


class TiffSamples(NamedTuple):
    """Samples of (rows, columns[, 2 | 3 | 4]), how many bits of each are used, whether a profile of RGB fits them.

    ``by_pillow`` says that they are upright already, ``premultiplied`` that the colours were multiplied by alpha,
    ``white_is_zero`` that the smallest is white.
    """

    samples: NDArray[Any]
    bits: int
    profile_fits: bool
    by_pillow: bool = False
    premultiplied: bool = False
    white_is_zero: bool = False


def samples_of_page(page: TiffPage, data: bytes, options: ReadOptions, image: Callable[[], Image.Image]) -> TiffSamples:
    """Decode a page; not turned upright.

    Parameters
    ----------
    page
        Of tifffile, checked.
    data
        The file.
    options
        Who is told.
    image
        The page as Pillow opens it, for colours that tifffile does not convert.

    Raises
    ------
    ConversionError
        Its samples are of a kind that is not converted.
    """
    photometric, bits = int(page.photometric), page.bitspersample
    coded_by_jpeg = page.compression == Compression.JPEG
    if (
        page.compression == Compression.OLD_JPEG
        or photometric == _CIELAB
        or (photometric == _YCBCR and not coded_by_jpeg)
    ):
        return _by_pillow(page, image)
    colours = _COLOURS.get(photometric)
    if colours is None or page.samplesperpixel < colours:
        raise ConversionError(f"TIFF of {page.samplesperpixel} samples and photometric {photometric} is not converted")
    samples = np.atleast_3d(_decoded(page, data))
    kind = samples.dtype.kind
    if (colours > 1 and (kind != "u" or bits > 16)) or bits > (64 if kind == "f" else 32):
        raise ConversionError(f"TIFF of {bits} bits and {colours} colours is not converted")
    if kind == "i" and bits not in (8, 16, 32):
        raise ConversionError(f"TIFF of signed samples of {bits} bits is not converted")
    samples, has_alpha = _without_extra(page, samples, colours, options)
    if photometric == _PALETTE:
        return TiffSamples(_coloured(page, samples[:, :, 0]), 8, True)
    premultiplied = has_alpha and page.extrasamples[0] == _ASSOCIATED
    white_is_zero = photometric == _MINISWHITE and bits >= 8 and not has_alpha
    if white_is_zero and kind == "f":
        raise ConversionError("TIFF of floats whose smallest is white is not converted")
    if photometric == _MINISWHITE and not white_is_zero:
        samples = _upright_grey(samples, bits, has_alpha=has_alpha, premultiplied=premultiplied)
        if has_alpha:
            options.notice("inverted", "the smallest value of the TIFF is white: with alpha, it is stored inverted")
    if bits < 8:
        samples, bits = to_8_bits(samples, bits), 8
    if photometric == _SEPARATED:
        if bits not in (8, 16) or has_alpha:
            raise ConversionError(f"TIFF of inks of {bits} bits, or with alpha, is not converted")
        return TiffSamples(rgb_of_cmyk(samples), bits, False)
    samples = samples[:, :, 0] if samples.shape[2] == 1 else samples
    return TiffSamples(samples, bits, True, premultiplied=premultiplied, white_is_zero=white_is_zero)


def _by_pillow(page: TiffPage, image: Callable[[], Image.Image]) -> TiffSamples:
    if page.bitspersample != 8 or page.samplesperpixel not in (1, 3, 4):
        raise ConversionError(f"TIFF of {page.bitspersample} bits and such colours is not converted")
    opened = image()
    opened.load()
    samples = samples_of_image(opened)
    return TiffSamples(samples, samples.dtype.itemsize * 8, opened.mode in ("RGB", "RGBA", "RGBX"), by_pillow=True)


def _decoded(page: TiffPage, data: bytes) -> NDArray[Any]:
    """Return what tifffile decodes, as (rows, columns, samples); a view of the file where it lies there like that."""
    planes, _, rows, columns, samples = page.shaped
    is_plain = page.is_contiguous and page.fillorder == 1 and page.dtype is not None
    if is_plain and page.bitspersample == page.dtype.itemsize * 8:
        dtype = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
        count = planes * rows * columns * samples
        array: NDArray[Any] = np.frombuffer(data, dtype, count, page.dataoffsets[0])
    else:
        decoded = decode_segments(page, data)
        array = page.asarray() if decoded is None else decoded
    if array.dtype == np.bool_:
        array = array.view(np.uint8)
    elif array.dtype.kind == "f" and array.dtype.itemsize == 2:
        array = array.astype(np.float32)  # holds them all; DICOM has no smaller one
    array = array.reshape(planes, rows, columns, samples)
    return array[0] if planes == 1 else np.moveaxis(array[..., 0], 0, -1)


def _without_extra(
    page: TiffPage, samples: NDArray[Any], colours: int, options: ReadOptions
) -> tuple[NDArray[Any], bool]:
    """Leave out what is neither colour nor alpha; return the rest, and whether alpha is there."""
    if samples.shape[2] == colours:
        return samples, False
    extra = page.extrasamples[0] if page.extrasamples else 0
    has_alpha = extra in (_ASSOCIATED, _UNASSOCIATED) and samples.dtype.kind == "u" and page.bitspersample <= 16
    has_alpha = has_alpha and int(page.photometric) != _PALETTE
    kept = colours + has_alpha
    if samples.shape[2] > kept:
        options.notice("extra-samples", "samples of the TIFF that are neither colour nor alpha are left out")
    return samples[:, :, :kept], has_alpha


def _upright_grey(samples: NDArray[Any], bits: int, *, has_alpha: bool, premultiplied: bool) -> NDArray[Any]:
    """Make white the largest, as alpha and the scale of 8 bits have it."""
    grey = inverted(samples, bits)
    if has_alpha:
        grey[:, :, -1] = samples[:, :, -1]
    if premultiplied:  # by alpha, which therefore is the largest
        grey[:, :, 0] = samples[:, :, 1] - np.minimum(samples[:, :, 0], samples[:, :, 1])
    return grey


def _coloured(page: TiffPage, indices: NDArray[Any]) -> NDArray[np.uint8]:
    """Look the colours up; grey where the whole palette is."""
    if page.colormap is None or indices.dtype.kind != "u" or page.bitspersample > 16:
        raise ConversionError("the TIFF has no palette, or samples that do not point into one")
    entries = np.asarray(page.colormap, np.uint16).T
    if entries.shape != (1 << page.bitspersample, 3):
        raise ConversionError("the palette of the TIFF is damaged")
    # Some writers have put 8 bits where 16 belong; libtiff reads them like this, too.
    palette = np.ascontiguousarray(entries >> 8 if entries.max() > 255 else entries, np.uint8)
    if (palette == palette[:, :1]).all():
        palette = palette[:, 0]
    return np.take(palette, indices, axis=0)
