"""TIFF: a page for each frame, of rendered pictures, stored values or values of the modality."""

import itertools
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from filmless.convert.out.options import Job
from filmless.convert.out.source import PictureSource, refuse_rendering
from filmless.errors import ConversionError, DicomError
from filmless.pixels import functional_groups
from filmless.pixels.attributes import numbers

__all__ = ["write"]

_COMPRESSIONS = {"deflate": "zlib", "lzw": "lzw", "none": None}
_CLASSIC_BYTES = (1 << 32) - (1 << 26)  # what offsets of 32 bits reach, less room for the directories
_DIRECTORY_BYTES = 512  # of a page, roughly
_FLOAT_BITS = 24  # of a float32, that tell values apart
_AT_ONCE = 1 << 24  # bytes of samples in hand
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")


def write(job: Job, out: BinaryIO) -> None:
    """Write a TIFF, page after page: memory is that of a few frames.

    ``depth=8`` is the picture as it is rendered, with its ICC profile. ``depth=16`` is the stored values: signed ones
    as signed, MONOCHROME1 as WhiteIsZero. ``depth=32`` is the values of the modality (Hounsfield units of CT) as float,
    with the notice ``rounded`` when they had more than its 24 bits.
    A file that may become larger than 4 GiB is a BigTIFF.

    DICOM
    -----
    PS3.3 C.7.6.3, C.11.1
    """
    import tifffile

    compression = job.options.get("compression", "deflate")
    if compression not in _COMPRESSIONS:
        known = ", ".join(_COMPRESSIONS)
        raise ConversionError(f"compression {compression!r} of TIFF is not written, expected {known}")
    source = PictureSource(job)
    pages, photometric = _pages(job, source)
    first = next(pages)
    profile = source.profile(first) if first.dtype == np.uint8 else None
    resolution = _pixels_per_cm(job, source, first.shape)
    large = (first.nbytes + _DIRECTORY_BYTES) * len(job.frames) > _CLASSIC_BYTES
    with tifffile.TiffWriter(out, bigtiff=large, byteorder="<") as tiff:
        tiff.write(
            source.same_shape(itertools.chain([first], pages)),
            shape=(len(job.frames), *first.shape),
            dtype=first.dtype,
            photometric=photometric if first.ndim == 2 else "rgb",
            planarconfig=None if first.ndim == 2 else "contig",
            compression=_COMPRESSIONS[compression],
            predictor=compression != "none",
            iccprofile=profile,
            resolution=resolution,
            resolutionunit="NONE" if resolution is None else "CENTIMETER",
            software=False,
            metadata=None,
            buffersize=_AT_ONCE,
            maxworkers=job.options.get("threads"),
        )


def _pages(job: Job, source: PictureSource) -> tuple[Iterator[NDArray[Any]], str]:
    """Give the arrays of the pages, and what their greys mean."""
    depth = job.options.get("depth", 8)
    if depth == 8:
        return source.each(source.picture), "minisblack"
    if depth not in (16, 32):
        raise ConversionError(f"a TIFF of {depth} bits is not written, expected 8, 16 or 32")
    refuse_rendering(job, f"depth {depth}", "leave it out, or write 8 bits")
    if depth == 32:
        return _floats(job, source), "minisblack"
    dtype = np.int16 if source.description.signed else np.uint16
    inverse = source.description.photometric_interpretation == "MONOCHROME1"
    return source.each(lambda frame: source.exact(frame)[0].astype(dtype)), "miniswhite" if inverse else "minisblack"


def _floats(job: Job, source: PictureSource) -> Iterator[NDArray[np.float32]]:
    """Give the values of the modality; tell once when different ones may have become the same."""
    can_lose = source.description.bits_stored > _FLOAT_BITS

    def rounded(frame: int) -> tuple[NDArray[np.float32], bool]:
        values = source.modality(frame)
        floats = values.astype(np.float32)
        return floats, can_lose and not np.array_equal(floats, values, equal_nan=True)

    is_told = False
    for floats, has_lost in source.each(rounded):
        if has_lost and not is_told:
            is_told = True
            job.notice("rounded", "values are rounded to the 24 bits of a float of 32: npy holds them as they are")
        yield floats


def _pixels_per_cm(job: Job, source: PictureSource, shape: tuple[int, ...]) -> tuple[float, float] | None:
    """Return columns and rows per cm; None when the image does not say how large its pixels are."""
    spacing = [numbers(job.ds, keyword) for keyword in _SPACINGS]
    try:
        groups = functional_groups(job.ds).spacing
    except DicomError:
        groups = None
    if groups is not None:
        spacing.insert(0, groups[job.frames[0]])
    for row_mm, column_mm in (values for values in spacing if len(values) == 2):
        if 1e-6 < row_mm < 1e6 and 1e-6 < column_mm < 1e6 and "presentation_state" not in job.options:
            # A picture of another size has other pixels.
            down, across = shape[0] / source.description.rows, shape[1] / source.description.columns
            return 10 / column_mm * across, 10 / row_mm * down
    return None
