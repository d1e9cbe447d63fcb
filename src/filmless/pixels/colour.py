"""Colour: whatever samples are in, to RGB, and from there to sRGB by a profile."""

import io
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import PixelError, UnsupportedError
from filmless.pixels.attributes import items
from filmless.pixels.description import PixelDescription
from filmless.pixels.lut import for_core
from filmless.pixels.palette import palette_of

__all__ = ["apply_icc", "icc_profile_of", "srgb_profile", "to_rgb", "ybr_to_rgb"]

# How the core undoes them. ICT is BT.601 as FULL is; decoders of JPEG 2000 undo both transforms themselves.
_KINDS = {
    "YBR_FULL": "full",
    "YBR_FULL_422": "full",
    "YBR_ICT": "full",
    "YBR_PARTIAL": "partial",
    "YBR_PARTIAL_422": "partial",
    "YBR_PARTIAL_420": "partial",
    "YBR_RCT": "reversible",
}
# What is named in an error: other values are free text, which may be a patient's.
_NOT_SHOWN = {"MONOCHROME1", "MONOCHROME2", "XYB", "HSV", "ARGB", "CMYK"}


def to_rgb(source: Dataset | PixelDescription, samples: NDArray[Any], photometric: str | None = None) -> NDArray[Any]:
    """Give samples as RGB.

    Parameters
    ----------
    source
        The data set, or the description of its pixels; palettes need the data set.
    samples
        Shape (..., 3), or (...) for a palette: decoded, chrominance in each pixel.
    photometric
        What the samples are in; None for what ``source`` says.

    Returns
    -------
    NDArray
        Shape (..., 3): uint8 for samples of up to 8 bits and palettes of 8, else uint16.

    Raises
    ------
    PixelError
        The palette cannot be read.
    UnsupportedError
        The samples are signed, of more than 16 bits, grey, or in colours that are not implemented.

    DICOM
    -----
    PS3.3 C.7.6.3.1.2, C.7.6.3.1.5

    Examples
    --------
    >>> from filmless import Dataset
    >>> ds = Dataset()
    >>> ds.Rows = ds.Columns = 1
    >>> ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.BitsAllocated = 3, "YBR_FULL", 8
    >>> to_rgb(ds, np.array([[[76, 85, 255]]], np.uint8)).tolist()
    [[[254, 0, 0]]]
    """
    description = source if isinstance(source, PixelDescription) else PixelDescription.of(source)
    photometric = photometric or description.photometric_interpretation
    if photometric == "PALETTE COLOR":
        if not isinstance(source, Dataset):
            raise TypeError("a palette is in the data set, give that instead of its description")
        return palette_of(source).apply(samples)
    if photometric != "RGB" and photometric not in _KINDS:
        named = photometric if photometric in _NOT_SHOWN else "an unknown photometric interpretation"
        raise UnsupportedError(f"samples of {named} cannot be shown in colour", feature=named, tag=0x0028_0004)
    if samples.dtype.kind != "u" or samples.dtype.itemsize > 2:
        message = "colour samples that are signed or of more than 16 bits cannot be shown"
        raise UnsupportedError(message, feature="deep colour", tag=0x0028_0100)
    if photometric == "RGB":
        return samples
    return ybr_to_rgb(samples, kind=_KINDS[photometric], bits=description.bits_stored)


def ybr_to_rgb(samples: NDArray[Any], *, kind: str = "full", bits: int = 8) -> NDArray[Any]:
    """Convert luminance and colour differences to RGB.

    Parameters
    ----------
    samples
        Shape (..., 3), uint8 or uint16: Y, Cb, Cr.
    kind
        ``"full"``: YBR_FULL as libjpeg converts it, and YBR_ICT; ``"partial"``: studio range; ``"reversible"``:
        YBR_RCT.
    bits
        Bits Stored of samples of 16; 8 take all of theirs.

    Returns
    -------
    NDArray
        Shape and dtype of ``samples``: R, G, B.

    Raises
    ------
    UnsupportedError
        The samples are signed, or of more than 16 bits.

    DICOM
    -----
    PS3.3 C.7.6.3.1.2
    """
    if samples.dtype.kind != "u" or samples.dtype.itemsize > 2:
        raise UnsupportedError("YBR samples are signed or of more than 16 bits", feature="YBR")
    native = for_core(samples)
    out = np.empty(native.shape, dtype=native.dtype)
    _core.ybr_to_rgb(kind, bits, native.reshape(-1), out.reshape(-1))
    return out


def icc_profile_of(ds: Dataset) -> bytes | None:
    """Return the ICC profile of a data set: its own, or that of its first optical path.

    DICOM
    -----
    PS3.3 C.11.15, C.8.12.5
    """
    for holder in (ds, *items(ds, "OpticalPathSequence")):
        profile = holder.get("ICCProfile")
        if isinstance(profile, bytes) and profile:
            return profile
    return None


def apply_icc(ds: Dataset, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert a picture from the colour space of a data set to sRGB.

    Parameters
    ----------
    ds
        Holds an ICC Profile, or one in its Optical Path Sequence.
    rgb
        Shape (rows, columns, 3), uint8.

    Returns
    -------
    NDArray
        Shape (rows, columns, 3), uint8, in sRGB; ``rgb`` itself when there is no profile.

    Raises
    ------
    PixelError
        The profile is damaged, or none of RGB.

    DICOM
    -----
    PS3.3 C.11.15
    """
    profile = icc_profile_of(ds)
    if profile is None:
        return rgb
    from PIL import Image, ImageCms

    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), "RGB", "RGB")
        converted = ImageCms.applyTransform(Image.fromarray(rgb), transform)
    except (OSError, ValueError, ImageCms.PyCMSError) as error:
        raise PixelError("ICCProfile cannot be applied, expected a profile of RGB", tag=0x0028_2000) from error
    return np.asarray(converted)


@cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB."""
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
