"""Wrong arguments: what is said of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import filmless
from filmless.errors import PixelError
from filmless.objects import ContourIndex, SegmentationIndex, contour_overlays, segment_overlays, segmentation

MASK = np.ones((8, 10), bool)


@pytest.mark.parametrize("source", ["slice.dcm", b"slice.dcm", Path("slice.dcm"), ["slice.dcm"], None, 5])
def test_a_source_is_a_data_set(source: Any) -> None:
    with pytest.raises(TypeError, match=r"`source` is a Dataset or a list of them, not \w+"):
        segmentation(MASK, source=source, segments=["bone"])


@pytest.mark.parametrize("segments", [[5], ["bone", None], 5, None])
def test_segments_are_segments_or_labels(make_slice: Callable[..., filmless.Dataset], segments: Any) -> None:
    with pytest.raises(TypeError, match="`segments` is a list of Segments or labels, not"):
        segmentation(MASK, source=make_slice(), segments=segments)


def structures() -> filmless.Dataset:
    rtstruct = filmless.Dataset()
    rtstruct.StructureSetROISequence = []
    return rtstruct


def test_layers_take_data_sets(make_slice: Callable[..., filmless.Dataset]) -> None:
    ct = make_slice()
    seg = segmentation(MASK, source=ct, segments=["bone"])
    for wrong in ("seg.dcm", Path("seg.dcm"), None, [seg]):
        for call, name in (
            (lambda wrong=wrong: segment_overlays(wrong, ct), "seg"),
            (lambda wrong=wrong: SegmentationIndex(wrong), "seg"),
            (lambda wrong=wrong: segment_overlays(seg, wrong), "image"),
            (lambda wrong=wrong: contour_overlays(wrong, ct), "rtstruct"),
            (lambda wrong=wrong: ContourIndex(wrong), "rtstruct"),
            (lambda wrong=wrong: contour_overlays(structures(), wrong), "image"),
        ):
            with pytest.raises(TypeError, match=f"`{name}` is a Dataset"):
                call()


@pytest.mark.parametrize("frame", [9, 1, -1])
def test_a_frame_that_is_not_there(make_slice: Callable[..., filmless.Dataset], frame: int) -> None:
    ct = make_slice()
    seg = segmentation(MASK, source=ct, segments=["bone"])
    for call in (lambda: segment_overlays(seg, ct, frame), lambda: contour_overlays(structures(), ct, frame)):
        with pytest.raises(PixelError, match=rf"frame {frame} does not exist, expected 0 to 0"):
            call()
    assert len(segment_overlays(seg, ct, 0)) == 1


def test_the_last_frame_is_there(enhanced: filmless.Dataset) -> None:
    seg = segmentation(np.ones((6, 64, 64), bool), source=enhanced, segments=["all"])
    assert len(segment_overlays(seg, enhanced, 5)) == 1
    with pytest.raises(PixelError, match="expected 0 to 5"):
        segment_overlays(seg, enhanced, 6)
