"""Segments as layers on the images that were segmented."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import LimitError
from filmless.objects.arguments import check_dataset, check_frame
from filmless.objects.segment_colours import PALETTE, Look
from filmless.objects.segmentation_index import SegmentationIndex
from filmless.pixels.overlays import Overlay

__all__ = ["segment_masks", "segment_overlays"]


def segment_overlays(
    seg: Dataset | SegmentationIndex,
    image: Dataset,
    frame: int = 0,
    *,
    tolerance_mm: float = 0.1,
    opacity: float = 0.5,
    max_pixels: int = 1 << 28,
) -> list[Overlay]:
    """Lay the segments of a segmentation over a frame of an image.

    Parameters
    ----------
    seg
        The segmentation; for many images its `SegmentationIndex`.
    image
        The image: what was segmented, or another one of the same frame of reference.
    frame
        Which frame of the image, from 0.
    tolerance_mm
        How far the planes of segmentation and image may be apart, in mm.
    opacity
        0 to 1, of each layer.
    max_pixels
        How many pixels all masks may have together.

    Returns
    -------
    list of Overlay
        By segment number, one for each that is found there: the mask has the rows and columns of the image, bool, or
        float32 from 0 to 1 for fractional segmentations, and is resampled to the nearest pixel where the grids differ.
        The colour is the recommended one, that of the palette, or one of ours. Empty when nothing lies in this plane.

    Raises
    ------
    UnsupportedError
        This is no segmentation of a kind there is.
    TypeError
        An argument is no data set.
    PixelError
        The image has no such frame, or one that is needed does not decode; `GeometryError` when there is not a
        functional group for each.
    LimitError
        The masks would have more pixels than ``max_pixels``.

    DICOM
    -----
    PS3.3 C.8.20, C.7.6.16.2.6, C.7.6.2.1.1

    Examples
    --------
    >>> from filmless import read
    >>> from filmless.objects import Segment, segmentation
    >>> ct = read("slice.dcm")
    >>> seg = segmentation(ct.pixel_array > 1000, source=ct, segments=[Segment("bone", colour=(255, 200, 0))])
    >>> [overlay] = segment_overlays(seg, ct)
    >>> overlay.label, overlay.colour, overlay.mask.shape
    ('bone', (255, 200, 0), (128, 128))
    """
    index = seg if isinstance(seg, SegmentationIndex) else SegmentationIndex(seg)
    masks = segment_masks(index, image, frame, tolerance_mm=tolerance_mm, max_pixels=max_pixels)
    overlays = []
    for number, mask in masks.items():
        look = index.segments.get(number) or Look(f"segment {number}", PALETTE[number % len(PALETTE)])
        overlays.append(Overlay(mask, look.colour, opacity, look.label))
    return overlays


def segment_masks(
    index: SegmentationIndex,
    image: Dataset,
    frame: int = 0,
    *,
    tolerance_mm: float = 0.1,
    max_pixels: int = 1 << 28,
) -> dict[int, NDArray[Any]]:
    """Return where segments lie on a frame of an image; parameters and errors as of `segment_overlays`.

    Returns
    -------
    dict
        By segment number, ascending, those that are found there: masks as of `segment_overlays`.
    """
    check_dataset("image", image)
    check_frame(image, frame)
    found = index.frames_on(image, frame, tolerance_mm=tolerance_mm)
    if not found:
        return {}
    shape = (image.Rows, image.Columns)
    _check(1, shape, max_pixels)
    layers: dict[int | None, NDArray[Any]] = {}
    for number, placement in found:
        values = index.values(number)
        key = None if index.kind == "LABELMAP" else index.number_of(number)
        layer = layers.setdefault(key, np.zeros(shape, dtype=values.dtype))
        if placement is None:
            np.maximum(layer, values, out=layer)
        else:
            placement.paste(values, layer)
        _check(len(layers), shape, max_pixels)
    masks = _labels(layers.get(None), max_pixels) if index.kind == "LABELMAP" else layers
    return {number: masks[number] for number in sorted(filter(None, masks)) if masks[number].any()}


def _labels(labels: NDArray[Any] | None, max_pixels: int) -> dict[int | None, NDArray[Any]]:
    if labels is None:
        return {}
    found = np.flatnonzero(np.bincount(labels.reshape(-1))[1:]) + 1
    _check(len(found), labels.shape, max_pixels)
    return {int(number): labels == number for number in found}


def _check(masks: int, shape: tuple[int, ...], max_pixels: int) -> None:
    if masks * shape[0] * shape[1] > max_pixels:
        message = f"{masks} segments lie on an image of {shape[0]} × {shape[1]} pixels"
        raise LimitError(message, limit="max_pixels", value=max_pixels)
