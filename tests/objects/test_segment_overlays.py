"""Segments on the images that were segmented: against highdicom, by geometry, and hostile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import filmless
from filmless import Dataset
from filmless.errors import DicomError, GeometryError, LimitError, UnsupportedError
from filmless.objects import Segment, SegmentationIndex, segment_overlays, segmentation

HIGHDICOM = "ImagingDataCommons+highdicom/data/test_files"


@pytest.fixture
def series(make_slice: Callable[..., Dataset]) -> list[Dataset]:
    return [make_slice(z) for z in (0.0, 2.5, 5.0, 7.5)]


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 3, (4, 8, 10)).astype(np.uint8)


# -- against highdicom ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "seg_image_ct_binary",
        "seg_image_ct_binary_overlap",
        "seg_image_ct_binary_fractional",
        "seg_image_ct_true_fractional",
        "seg_image_ct_binary_single_frame",
    ],
)
def test_highdicom_gives_the_same_masks_of_slices(corpus: Path, name: str) -> None:
    highdicom = pytest.importorskip("highdicom")
    path = corpus / HIGHDICOM / f"{name}.dcm"
    ds, peer = filmless.read(path), highdicom.seg.segread(path)
    index = SegmentationIndex(ds)
    compared = 0
    for reference in ds.ReferencedSeriesSequence[0].ReferencedInstanceSequence:
        uid = str(reference.ReferencedSOPInstanceUID)
        expected = peer.get_pixels_by_source_instance([uid], assert_missing_frames_are_empty=True)[0]
        image = as_source(ds, uid)
        masks = {} if image is None else {overlay.label: overlay.mask for overlay in segment_overlays(index, image)}
        for number, look in enumerate(index.segments.values()):
            mask = masks.get(look.label, np.zeros(expected.shape[:2]))
            assert np.allclose(mask, expected[..., number])
            compared += mask.any()
    assert compared > 0


def as_source(seg: Dataset, uid: str) -> Dataset | None:
    """Make what a segmentation says of the image that it was made on: the image itself is not in the corpus."""
    shared = seg.SharedFunctionalGroupsSequence[0]
    for group in seg.PerFrameFunctionalGroupsSequence:
        source = group.DerivationImageSequence[0].SourceImageSequence[0]
        if source.ReferencedSOPInstanceUID == uid:
            image = Dataset({"Rows": seg.Rows, "Columns": seg.Columns, "SOPInstanceUID": uid})
            image.ImagePositionPatient = group.PlanePositionSequence[0].ImagePositionPatient
            image.ImageOrientationPatient = shared.PlaneOrientationSequence[0].ImageOrientationPatient
            image.PixelSpacing = shared.PixelMeasuresSequence[0].PixelSpacing
            image.FrameOfReferenceUID = seg.FrameOfReferenceUID
            image.SeriesInstanceUID = seg.ReferencedSeriesSequence[0].SeriesInstanceUID
            return image
    return None


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("seg_image_sm_dots_tiled_full", "sm_image_dots"),
        ("seg_image_sm_control_labelmap", "sm_image_control"),
        ("seg_image_sm_control_labelmap_palette_color", "sm_image_control"),
        # These put their matrix a pixel off the image's: they are laid over themselves.
        ("seg_image_sm_dots", "seg_image_sm_dots"),
        ("seg_image_sm_control", "seg_image_sm_control"),
        ("seg_image_sm_numbers", "seg_image_sm_numbers"),
    ],
)
def test_highdicom_gives_the_same_masks_of_tiles(corpus: Path, name: str, image: str) -> None:
    highdicom = pytest.importorskip("highdicom")
    path = corpus / HIGHDICOM / f"{name}.dcm"
    ds, slide = filmless.read(path), filmless.read(corpus / HIGHDICOM / f"{image}.dcm")
    index = SegmentationIndex(ds)
    matrix = highdicom.seg.segread(path).get_total_pixel_matrix()
    looks = [look for number, look in index.segments.items() if number]
    tiles = slide.get("PerFrameFunctionalGroupsSequence") or [None] * slide.NumberOfFrames
    for frame, group in enumerate(tiles):
        row, column = (frame // 5 * 10, frame % 5 * 10)
        if group is not None and "PlanePositionSlideSequence" in group:
            position = group.PlanePositionSlideSequence[0]
            row = position.RowPositionInTotalImagePixelMatrix - 1
            column = position.ColumnPositionInTotalImagePixelMatrix - 1
        tile = matrix[row : row + 10, column : column + 10]
        masks = {overlay.label: overlay.mask for overlay in segment_overlays(index, slide, frame)}
        assert set(masks) == {look.label for number, look in enumerate(looks) if tile[..., number].any()}
        for number, look in enumerate(looks):
            if look.label in masks:
                assert np.array_equal(masks[look.label], tile[..., number] != 0)


# -- what is made comes back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_what_was_made_lies_on_its_images(series: list[Dataset], labels: np.ndarray, kind: Any) -> None:
    seg = segmentation(labels, source=series, segments=[Segment("a", colour=(9, 8, 7)), "b"], kind=kind)
    index = SegmentationIndex(seg)
    for image, frame in zip(series, labels, strict=True):
        first, second = segment_overlays(index, image, opacity=0.3)
        assert (first.label, first.colour, first.opacity) == ("a", (9, 8, 7), 0.3)
        assert second.label == "b"
        assert second.colour is not None
        assert first.mask.dtype == (np.float32 if kind == "FRACTIONAL" else bool)
        assert np.array_equal(first.mask, frame == 1)
        assert np.array_equal(second.mask, frame == 2)


def test_frames_of_an_enhanced_image(enhanced: Dataset) -> None:
    labels = np.random.default_rng(3).integers(0, 3, (6, 64, 64)).astype(np.uint8)
    index = SegmentationIndex(segmentation(labels, source=enhanced, segments=["a", "b"]))
    for frame in range(6):
        assert np.array_equal(segment_overlays(index, enhanced, frame)[1].mask, labels[frame] == 2)


def test_an_image_without_a_place_by_what_it_came_from(radiograph: Dataset) -> None:
    mask = np.random.default_rng(4).random((radiograph.Rows, radiograph.Columns)) > 0.5
    seg = segmentation(mask, source=radiograph, segments=["a"])
    assert np.array_equal(segment_overlays(seg, radiograph)[0].mask, mask)
    radiograph.SOPInstanceUID = "1.2.3"
    assert segment_overlays(seg, radiograph) == []


def test_fractions_are_floats(series: list[Dataset]) -> None:
    fractions = np.linspace(0, 1, 320).reshape(4, 8, 10)
    seg = segmentation(fractions, source=series, segments=["a"], kind="FRACTIONAL")
    [overlay] = segment_overlays(seg, series[1])
    assert np.abs(overlay.mask - fractions[1]).max() < 1 / 255


# -- geometry ------------------------------------------------------------------------------------------------------


def test_another_image_of_the_same_place(series: list[Dataset], labels: np.ndarray, make_slice: Any) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    other = make_slice(2.5, SOPInstanceUID="1.2.77", SeriesInstanceUID="1.2.78")
    assert np.array_equal(segment_overlays(seg, other)[0].mask, labels[1] == 1)
    other.FrameOfReferenceUID = "1.2.79"
    assert segment_overlays(seg, other) == []


def test_a_finer_grid_is_filled_with_the_nearest_pixel(
    series: list[Dataset], labels: np.ndarray, make_slice: Any
) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    # Each pixel becomes 2 by 3: their centres lie within the coarse one.
    fine = make_slice(
        5.0,
        Rows=16,
        Columns=30,
        PixelSpacing=[1.0, 1.0],
        ImagePositionPatient=[-1.0, -0.5, 5.0],
        SOPInstanceUID="1.2.9",
    )
    fine.SeriesInstanceUID = "1.2.78"
    expected = np.repeat(np.repeat(labels[2] == 2, 2, axis=0), 3, axis=1)
    assert np.array_equal(segment_overlays(seg, fine)[1].mask, expected)


def test_a_part_turned_by_a_right_angle(series: list[Dataset], labels: np.ndarray, make_slice: Any) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    turned = make_slice(
        0.0,
        Rows=10,
        Columns=8,
        PixelSpacing=[3.0, 2.0],
        ImageOrientationPatient=[0, 1, 0, 1, 0, 0],
        SOPInstanceUID="1.2.9",
        SeriesInstanceUID="1.2.78",
    )
    assert np.array_equal(segment_overlays(seg, turned)[0].mask, (labels[0] == 1).T)


def test_planes_between_slices_have_nothing(series: list[Dataset], labels: np.ndarray, make_slice: Any) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    between = make_slice(1.2, SeriesInstanceUID="1.2.78")
    assert segment_overlays(seg, between) == []
    assert len(segment_overlays(seg, between, tolerance_mm=1.3)) == 2


def test_times_of_a_cine_are_told_apart(make_slice: Any) -> None:
    cine = [make_slice(0.0, SOPInstanceUID=f"1.2.9.{time}") for time in (1, 2, 3)]
    labels = np.zeros((3, 8, 10), dtype=np.uint8)
    labels[0, :3], labels[2, 3:] = 1, 1
    index = SegmentationIndex(segmentation(labels, source=cine, segments=["a"]))
    assert np.array_equal(segment_overlays(index, cine[0])[0].mask, labels[0] == 1)
    assert segment_overlays(index, cine[1]) == []
    assert np.array_equal(segment_overlays(index, cine[2])[0].mask, labels[2] == 1)


def test_pixel_on_pixel_equals_by_geometry(series: list[Dataset], labels: np.ndarray) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    by_place = segment_overlays(seg, series[3])
    for image in (seg, series[3]):
        del image.FrameOfReferenceUID
    seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence = []
    by_reference = segment_overlays(seg, series[3])
    for left, right in zip(by_place, by_reference, strict=True):
        assert np.array_equal(left.mask, right.mask)


# -- only what is needed is read -----------------------------------------------------------------------------------


def test_a_long_segmentation_decodes_only_what_lies_there(make_slice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    series = [make_slice(z * 2.5) for z in range(400)]
    labels = np.random.default_rng(5).integers(0, 4, (400, 8, 10)).astype(np.uint8)
    index = SegmentationIndex(segmentation(labels, source=series, segments=["a", "b", "c"]))
    decoded = []
    original = SegmentationIndex.values
    monkeypatch.setattr(SegmentationIndex, "values", lambda self, frame: decoded.append(frame) or original(self, frame))
    assert len(segment_overlays(index, series[200])) == 3
    assert decoded == [200, 600, 1000]


# -- hostile -------------------------------------------------------------------------------------------------------


def test_what_is_no_segmentation(make_slice: Any) -> None:
    with pytest.raises(UnsupportedError):
        segment_overlays(make_slice(), make_slice())


@pytest.mark.parametrize("frames", [9, 2**31 - 1])
def test_more_frames_than_groups(series: list[Dataset], labels: np.ndarray, frames: int) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    seg.NumberOfFrames = frames
    with pytest.raises(GeometryError):
        segment_overlays(seg, series[0])


def test_groups_without_anything(series: list[Dataset], labels: np.ndarray) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    seg.PerFrameFunctionalGroupsSequence = [Dataset() for _ in range(8)]
    assert segment_overlays(seg, series[0]) == []


def test_segments_that_are_not_described(series: list[Dataset], labels: np.ndarray) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    seg.SegmentSequence = []
    assert [overlay.label for overlay in segment_overlays(seg, series[0])] == ["segment 1", "segment 2"]


def test_references_to_nothing_to_itself_and_in_the_wrong_type(series: list[Dataset], labels: np.ndarray) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    for group in seg.PerFrameFunctionalGroupsSequence:
        source = group.DerivationImageSequence[0].SourceImageSequence[0]
        source.ReferencedSOPInstanceUID = seg.SOPInstanceUID
        source.ReferencedFrameNumber = [0, 99]
    assert len(segment_overlays(seg, series[0])) == 2  # by where it lies
    for group in seg.PerFrameFunctionalGroupsSequence:
        group.DerivationImageSequence[0].SourceImageSequence = []
    assert len(segment_overlays(seg, series[0])) == 2


def test_an_image_without_geometry_or_size(series: list[Dataset], labels: np.ndarray) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    assert segment_overlays(seg, Dataset()) == []
    assert segment_overlays(seg, Dataset({"Rows": 8, "Columns": 10})) == []


def test_an_image_larger_than_allowed(series: list[Dataset], labels: np.ndarray) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    series[0].Rows = series[0].Columns = 65535
    with pytest.raises(LimitError):
        segment_overlays(seg, series[0])


def test_pixels_that_are_not_there(series: list[Dataset], labels: np.ndarray) -> None:
    seg = segmentation(labels, source=series, segments=["a", "b"])
    seg.add_new("PixelData", "OB", b"\0\0")
    with pytest.raises(DicomError):
        segment_overlays(seg, series[3])


@pytest.mark.usefixtures("corpus")  # whose files are counted
def test_every_real_segmentation_over_itself(all_files: list[Path]) -> None:
    layers = 0
    for path in all_files:
        try:
            ds = filmless.read(path, force=True)
            if ds.get("Modality") == "SEG":
                layers += len(segment_overlays(ds, ds))
        except DicomError:
            continue
    assert layers > 10
