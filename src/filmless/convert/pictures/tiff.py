"""TIFF and BigTIFF: every page, with all its bits."""

import io
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from filmless.convert.content import Content, Picture, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.finishing import finish
from filmless.convert.pictures.information import DECODER_ERRORS
from filmless.convert.pictures.pillow import open_with_pillow
from filmless.convert.pictures.tiff_directories import count_pages
from filmless.convert.pictures.tiff_page import TiffPage, check_page, information_of, lossy_method
from filmless.convert.pictures.tiff_samples import samples_of_page
from filmless.errors import ConversionError

__all__ = ["read"]

# tifffile logs the damage that we raise; without any handler Python would print it as well.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _DIRECTORIES_BELOW = 254, 255, 330
_REDUCED, _MASK = 1, 4
_OLD_REDUCED = 2


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read the pages of a TIFF: frames of one picture when they are of one size and kind, else pictures.

    Raises
    ------
    ConversionError
        It is damaged, ends early, or holds samples of a kind that is not converted.
    LimitError
        All pages together are larger than ``options.max_pixels``.
    """
    count = count_pages(data)
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            pages = _pages(tiff, count, data, options)
            pictures = list(_pictures(pages, data, options))
    except ConversionError:
        raise
    except DECODER_ERRORS as error:
        raise ConversionError(f"the TIFF is damaged or ends early: {error}") from error
    if len(pictures) > 1 and not options.apart and len({_kind(picture) for picture in pictures}) == 1:
        return [_joined(pictures)]
    return [*pictures]


def _pages(tiff: tifffile.TiffFile, count: int, data: bytes, options: ReadOptions) -> list[tuple[int, TiffPage]]:
    """Give the pages that are pictures of their own, and their numbers; all are checked before any is decoded."""
    pages: list[tuple[int, TiffPage]] = []
    left_out: list[tuple[int, TiffPage]] = []
    pixels = 0
    for number in range(count):
        page: Any = tiff.pages.get(number)
        kind, old_kind = page.tags.get(_NEW_SUBFILE_TYPE), page.tags.get(_SUBFILE_TYPE)
        is_reduced = kind is not None and kind.value & (_REDUCED | _MASK)
        is_reduced = is_reduced or (old_kind is not None and old_kind.value == _OLD_REDUCED)
        (left_out if is_reduced else pages).append((number, page))
    if left_out and pages:
        options.notice("reduced-page", "pages of the TIFF that show another in small, or mask it, are left out")
    if not pages and any(_DIRECTORIES_BELOW in page.tags for _, page in left_out):
        raise ConversionError(
            "the TIFF shows its picture in small only; the picture itself, as of a raw file, is not converted"
        )
    pages = pages or left_out
    for _, page in pages:
        check_size(page.imagewidth, page.imagelength, options.max_pixels)
        pixels += page.imagewidth * page.imagelength
    check_size(1, 1, options.max_pixels, frames=pixels)
    for _, page in pages:
        check_page(page, data)
    return pages


def _pictures(pages: list[tuple[int, TiffPage]], data: bytes, options: ReadOptions) -> Iterator[Picture]:
    for number, page in pages:

        def image(number: int = number) -> Image.Image:
            opened = open_with_pillow("TIFF", data)
            opened.seek(number)
            return opened

        information = information_of(page)
        decoded = samples_of_page(page, data, options, image)
        if decoded.by_pillow:
            information = replace(information, orientation=1)  # Pillow turns TIFF upright itself
        method = lossy_method(page, data)
        grey = {"photometric_interpretation": "MONOCHROME1"} if decoded.white_is_zero else {}
        yield finish(
            decoded.samples[np.newaxis],
            information,
            options,
            bits_stored=decoded.bits,
            profile_fits=decoded.profile_fits,
            premultiplied=decoded.premultiplied,
            lossy_bytes=sum(page.databytecounts) if method else None,
            lossy_method=method,
            **grey,
        )


def _kind(picture: Picture) -> tuple[Any, ...]:
    """Return what frames of one picture have in common."""
    return (
        *(picture.rows, picture.columns, picture.samples, picture.bits_allocated, picture.bits_stored),
        *(picture.signed, picture.is_float, picture.lossy_method, picture.resolution, picture.icc_profile),
        picture.photometric_interpretation,
    )


def _joined(pictures: list[Picture]) -> Picture:
    frames = np.concatenate([picture.pixels for picture in pictures if picture.pixels is not None])
    lossy_bytes = sum(picture.lossy_bytes or 0 for picture in pictures) or None
    return replace(pictures[0], frames=len(frames), pixels=frames, lossy_bytes=lossy_bytes)
