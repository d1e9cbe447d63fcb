"""Every element of an object, one at a time, with a value that nobody expects: a typed error, or layers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import filmless
from filmless import Dataset
from filmless.errors import DicomError, LimitError
from filmless.objects import contour_overlays, segment_overlays, segmentation
from filmless.series import geometry_of

_TEXT = {"AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI", "UT"}


def mutations(ds: Dataset, depth: int = 0) -> Iterator[Callable[[Dataset], None]]:
    """Ways to spoil a data set, each an edit of a copy: the first items of sequences, and all elements."""
    for element in ds:
        tag, vr = int(element.tag), element.VR
        if vr == "SQ":
            yield lambda target, tag=tag: target.add_new(tag, "SQ", [])
            yield lambda target, tag=tag: target.add_new(tag, "SQ", [Dataset()])
            yield lambda target, tag=tag: target.__delitem__(tag)
            if depth < 5:
                for number, item in enumerate(element.value[:2]):
                    for change in mutations(item, depth + 1):
                        yield lambda target, tag=tag, number=number, change=change: change(target[tag].value[number])
        elif vr in _TEXT:
            for value in (b"", b"junk", b"-1\\99999", b"1e400\\NaN\\inf"):
                yield lambda target, tag=tag, vr=vr, value=value: target.add_new(tag, vr, value)
        else:
            for value in (b"", b"\xff\xff", b"\0\0\xff\xff\0\0\xff\xff"):
                yield lambda target, tag=tag, vr=vr, value=value: target.add_new(tag, vr, value)


def spoil(ds: Dataset, use: Callable[[Dataset], Any]) -> tuple[int, int]:
    """Use each spoilt copy; count those that work and those that raise what they may."""
    worked = refused = 0
    for change in mutations(ds):
        copy = ds.copy()
        try:
            change(copy)
        except (DicomError, ValueError, TypeError):
            continue  # the data set itself does not take it
        try:
            use(copy)
            worked += 1
        except DicomError:
            refused += 1
    return worked, refused


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_spoilt_segmentations(make_slice: Callable[..., Dataset], kind: Any) -> None:
    series = [make_slice(z) for z in (0.0, 2.5)]
    labels = np.random.default_rng(1).integers(0, 3, (2, 8, 10)).astype(np.uint8)
    seg = segmentation(labels, source=series, segments=["a", "b"], kind=kind, palette=kind == "LABELMAP")
    worked, refused = spoil(seg, lambda ds: segment_overlays(ds, series[0]))
    assert worked > 100
    assert refused > 10


def test_a_label_map_of_noise_is_no_mask_for_each_pixel(make_slice: Callable[..., Dataset]) -> None:
    image = make_slice(0.0)
    labels = np.arange(80, dtype=np.uint8).reshape(1, 8, 10)
    names = [str(number) for number in range(79)]
    seg = segmentation(labels, source=[image], segments=names, kind="LABELMAP")
    assert len(segment_overlays(seg, image)) == 79
    with pytest.raises(LimitError, match="79 segments lie on an image of 8 × 10 pixels"):
        segment_overlays(seg, image, max_pixels=79 * 80 - 1)


def test_spoilt_segmentations_of_an_enhanced_image(enhanced: Dataset) -> None:
    seg = segmentation(np.ones((6, 64, 64), dtype=bool), source=enhanced, segments=["a"])
    assert spoil(seg, lambda ds: segment_overlays(ds, enhanced, 3))[0] > 100
    del seg.FrameOfReferenceUID, enhanced.SharedFunctionalGroupsSequence
    for group in enhanced.PerFrameFunctionalGroupsSequence:
        group.PlanePositionSequence = []
    worked, _ = spoil(seg, lambda ds: segment_overlays(ds, enhanced, 3))
    assert worked > 100


def test_spoilt_images_under_a_segmentation(make_slice: Callable[..., Dataset]) -> None:
    image = make_slice(0.0)
    seg = segmentation(np.ones((8, 10), dtype=bool), source=image, segments=["a"])
    assert spoil(image, lambda ds: segment_overlays(seg, ds))[0] > 20


def test_spoilt_structure_sets(corpus: Path) -> None:
    folder = corpus / "qurit+rt-utils/tests"
    ct = filmless.read(folder / "mock_data/ct_1.dcm")
    worked, _ = spoil(filmless.read(folder / "mock_data/rt.dcm"), lambda ds: contour_overlays(ds, ct, filled=True))
    assert worked > 100
    rtstruct = filmless.read(folder / "mock_data/rt.dcm")
    assert spoil(ct, lambda ds: contour_overlays(rtstruct, ds))[0] > 100


def test_spoilt_geometry(enhanced: Dataset) -> None:
    del enhanced.PixelData
    worked, refused = spoil(enhanced, geometry_of)
    assert worked > 100
    assert refused > 5


def test_spoilt_sources(make_slice: Callable[..., Dataset]) -> None:
    def use(ds: Dataset) -> None:
        try:
            segmentation(np.ones((8, 10), dtype=bool), source=ds, segments=["a"])
        except ValueError as error:
            assert "source" in str(error)  # noqa: PT017 - of all errors only this one is looked at

    assert spoil(make_slice(0.0), use)[0] > 20


def test_spoilt_enhanced_sources(enhanced: Dataset) -> None:
    enhanced.PerFrameFunctionalGroupsSequence = enhanced.PerFrameFunctionalGroupsSequence[:2]
    enhanced.NumberOfFrames = 2

    def use(ds: Dataset) -> None:
        try:
            segmentation(np.ones((2, 64, 64), dtype=bool), source=ds, segments=["a"])
        except ValueError as error:
            assert "source" in str(error)  # noqa: PT017 - of all errors only this one is looked at

    assert spoil(enhanced, use)[0] > 100
