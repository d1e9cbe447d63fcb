"""Layers through the one pixel path: colour where the masks are, the plain picture everywhere else."""

from pathlib import Path

import numpy as np

import filmless
from filmless.objects import Segment, contour_overlays, segment_overlays, segmentation
from filmless.pixels import render
from filmless.pixels.overlays import Overlay

RT_UTILS = "qurit+rt-utils/tests"


def assert_drawn(picture: np.ndarray, plain: np.ndarray, overlays: list[Overlay]) -> None:
    """Blend plainly and compare."""
    expected = np.repeat(plain[..., np.newaxis], 3, axis=2).astype(float)
    for overlay in overlays:
        share = overlay.mask[..., np.newaxis] * overlay.opacity
        expected = expected * (1 - share) + np.array(overlay.colour) * share
    assert np.abs(picture - expected).max() <= 1.5
    outside = ~np.any([overlay.mask for overlay in overlays], axis=0)
    assert np.array_equal(picture[outside, 0], plain[outside])


def test_a_ct_with_segments(pydicom_files: list[Path]) -> None:
    ct = filmless.read(next(path for path in pydicom_files if path.name == "CT_small.dcm"))
    hounsfield = filmless.pixels.to_modality(ct, ct.pixel_array)
    masks = np.stack([hounsfield > 200, (hounsfield > 0) & (hounsfield < 80)], axis=-1)[np.newaxis]
    segments = [Segment("bone", colour=(255, 200, 0)), "soft tissue"]
    for kind in ("BINARY", "FRACTIONAL", "LABELMAP"):
        seg = segmentation(masks, source=ct, segments=segments, kind=kind)  # type: ignore[arg-type]
        overlays = segment_overlays(seg, ct)
        assert len(overlays) == 2
        plain = render(ct, window=(40, 400))
        assert_drawn(render(ct, window=(40, 400), overlays=overlays), plain, overlays)


def test_a_ct_with_contours(corpus: Path) -> None:
    ct = filmless.read(corpus / RT_UTILS / "mock_data/ct_1.dcm")
    rtstruct = filmless.read(corpus / RT_UTILS / "empty/dummy_rt.dcm")
    plain = render(ct, window=(40, 400))
    for filled, opacity in ((False, 1.0), (True, 0.5)):
        overlays = contour_overlays(rtstruct, ct, filled=filled, opacity=opacity)
        assert len(overlays) == 4
        assert_drawn(render(ct, window=(40, 400), overlays=overlays), plain, overlays)
