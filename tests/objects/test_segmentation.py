"""Segmentations that are made: what they hold, and what other programs say of them."""

import itertools
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import filmless
from filmless import Dataset
from filmless.errors import GeometryError, ValidationError
from filmless.objects import Code, Segment, segmentation
from filmless.pixels.cielab import cielab_to_rgb

LIVER = Segment(
    "liver",
    category=Code("123037004", "SCT", "Anatomical Structure"),
    type=Code("10200004", "SCT", "Liver"),
    algorithm="AUTOMATIC",
    algorithm_name="net",
    colour=(10, 200, 30),
    tracking_id="liver 1",
    tracking_uid="1.2.840.99.1",
)
TUMOUR = Segment("tumour", colour=(255, 0, 200))

#: What Debian's dciodvfy (2022) does not know: label maps came in 2024. They number their background 0 (C.8.20.2.3).
NOT_KNOWN = ("Information Object Not found", "SegmentNumber not monotonically increasing")


def masks(frames: int, rows: int, columns: int) -> np.ndarray:
    labels = np.random.default_rng(1).integers(0, 3, (frames, rows, columns)).astype(np.uint8)
    if frames > 1:
        labels[1] = 0
    return labels


def errors(dciodvfy: str, ds: Dataset, path: Path) -> list[str]:
    ds.save_as(path)
    done = subprocess.run([dciodvfy, path], capture_output=True, text=True, check=False)
    lines = (done.stderr + done.stdout).splitlines()
    assert len(lines) > 0
    return [line for line in lines if line.startswith("Error") and not any(known in line for known in NOT_KNOWN)]


@pytest.fixture(params=["ct", "enhanced", "slide", "radiograph"])
def source(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def shape_of(source: Any) -> tuple[int, int, int]:
    images = source if isinstance(source, list) else [source]
    frames = len(images) if len(images) > 1 else images[0].get("NumberOfFrames") or 1
    return frames, images[0].Rows, images[0].Columns


# -- other programs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP", "palette"])
def test_dciodvfy_finds_no_error(source: Any, kind: str, peer: Callable[[str], str], tmp_path: Path) -> None:
    palette = kind == "palette"
    ds = segmentation(
        masks(*shape_of(source)),
        source=source,
        segments=[LIVER, TUMOUR],
        kind="LABELMAP" if palette else kind,  # type: ignore[arg-type]
        palette=palette,
        header={"SeriesDescription": "masks", "ContentCreatorName": "Reader^One"},
    )
    assert errors(peer("dciodvfy"), ds, tmp_path / "seg.dcm") == []
    assert filmless.read(tmp_path / "seg.dcm").findings == []


def test_dciodvfy_does_see_an_error(ct: list[Dataset], peer: Callable[[str], str], tmp_path: Path) -> None:
    ds = segmentation(masks(4, 16, 16), source=ct, segments=["a", "b"])
    del ds.ContentLabel
    assert errors(peer("dciodvfy"), ds, tmp_path / "seg.dcm") != []


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_highdicom_reads_the_same_masks_by_instance(ct: list[Dataset], kind: Any, tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    labels = masks(4, 16, 16)
    segmentation(labels, source=ct, segments=["a", TUMOUR], kind=kind).save_as(tmp_path / "seg.dcm")
    seg = highdicom.seg.segread(tmp_path / "seg.dcm")
    found = seg.get_pixels_by_source_instance(
        source_sop_instance_uids=[str(ds.SOPInstanceUID) for ds in ct],
        segment_numbers=[1, 2],
        assert_missing_frames_are_empty=True,
        rescale_fractional=True,
    )
    assert np.array_equal(found, np.stack([labels == 1, labels == 2], axis=-1))


def test_highdicom_makes_a_volume(make_slice: Callable[..., Dataset], tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    source = [make_slice(z) for z in (0.0, 2.5, 5.0, 7.5)]
    labels = masks(4, 8, 10)
    segmentation(labels, source=source, segments=["a", "b"]).save_as(tmp_path / "seg.dcm")
    volume = highdicom.seg.segread(tmp_path / "seg.dcm").get_volume(combine_segments=True, allow_missing_positions=True)
    assert volume.spacing == (2.5, 2.0, 3.0)
    heights = [volume.map_indices_to_reference(np.array([[index, 0, 0]]))[0, 2] for index in range(4)]
    assert np.array_equal(volume.array[np.argsort(heights)], labels)


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_highdicom_reads_the_same_masks_by_frame(enhanced: Dataset, kind: Any, tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    labels = masks(6, 64, 64)
    segmentation(labels, source=enhanced, segments=["a", "b"], kind=kind).save_as(tmp_path / "seg.dcm")
    found = highdicom.seg.segread(tmp_path / "seg.dcm").get_pixels_by_source_frame(
        source_sop_instance_uid=str(enhanced.SOPInstanceUID),
        source_frame_numbers=range(1, 7),
        assert_missing_frames_are_empty=True,
    )
    assert np.array_equal(found, np.stack([labels == 1, labels == 2], axis=-1))


def test_highdicom_puts_the_tiles_of_a_slide_where_they_were(slide: Dataset, tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    labels = masks(25, 10, 10)
    segmentation(labels, source=slide, segments=["a", "b"]).save_as(tmp_path / "seg.dcm")
    matrix = highdicom.seg.segread(tmp_path / "seg.dcm").get_total_pixel_matrix(combine_segments=True)
    for (row, column), tile in zip(itertools.product(range(5), range(5)), labels, strict=True):
        assert np.array_equal(matrix[row * 10 :, column * 10 :][:10, :10], tile)


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_pydicom_decodes_it(kind: Any, ct: list[Dataset], tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    labels = masks(4, 16, 16)
    ds = segmentation(labels, source=ct, segments=["a", "b"], kind=kind)
    ds.save_as(tmp_path / "seg.dcm")
    assert np.array_equal(pydicom.dcmread(tmp_path / "seg.dcm").pixel_array, ds.pixel_array)


@pytest.mark.parametrize(
    ("kind", "transfer_syntax"),
    [
        ("BINARY", "1.2.840.10008.1.2.8.1"),
        ("BINARY", "1.2.840.10008.1.2.4.90"),
        ("FRACTIONAL", "1.2.840.10008.1.2.5"),
        ("LABELMAP", "JPEGLSLossless"),
    ],
)
def test_compressed_it_holds_the_same(kind: Any, transfer_syntax: str, ct: list[Dataset], tmp_path: Path) -> None:
    plain = segmentation(masks(4, 16, 16), source=ct, segments=["a", "b"], kind=kind)
    ds = segmentation(masks(4, 16, 16), source=ct, segments=["a", "b"], kind=kind, transfer_syntax=transfer_syntax)
    ds.save_as(tmp_path / "seg.dcm")
    read = filmless.read(tmp_path / "seg.dcm")
    assert read["PixelData"].is_encapsulated
    assert np.array_equal(read.pixel_array, plain.pixel_array)
    assert read.LossyImageCompression == "00"


def test_masks_are_not_compressed_with_a_loss(ct: list[Dataset]) -> None:
    with pytest.raises(ValueError, match="loses"):
        segmentation(masks(4, 16, 16), source=ct, segments=["a", "b"], transfer_syntax="1.2.840.10008.1.2.4.50")


# -- masks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), [(3, 5), (8, 8), (1, 1), (7, 9)])
@pytest.mark.parametrize("frames", [1, 2, 9, 17])
def test_bits_are_packed_across_frames(
    make_slice: Callable[..., Dataset], frames: int, rows: int, columns: int
) -> None:
    source = [make_slice(z, Rows=rows, Columns=columns) for z in range(frames)]
    mask = np.random.default_rng(frames).integers(0, 2, (frames, rows, columns)).astype(bool)
    ds = segmentation(mask, source=source, segments=["a"], omit_empty=False)
    assert np.array_equal(ds.pixel_array.reshape(mask.shape), mask)
    assert len(ds.PixelData) % 2 == 0


def test_every_form_of_the_same_masks_gives_the_same_pixels(ct: list[Dataset]) -> None:
    labels = masks(4, 16, 16)
    stack = np.stack([labels == 1, labels == 2], axis=-1)
    expected = segmentation(labels, source=ct, segments=["a", "b"])
    for array in (stack, stack.astype(np.uint8), stack.astype(float), labels.astype(np.int64)):
        other = segmentation(array, source=ct, segments=["a", "b"])
        assert other.PixelData == expected.PixelData
        assert segmentation(array, source=ct, segments=["a", "b"], kind="LABELMAP").PixelData == (
            labels[[0, 2, 3]].tobytes()
        )


def test_empty_frames_are_left_out_when_any_is_left(ct: list[Dataset]) -> None:
    mask = np.zeros((4, 16, 16), dtype=bool)
    assert segmentation(mask, source=ct, segments=["a"]).NumberOfFrames == 4
    mask[2, 3, 4] = True
    ds = segmentation(mask, source=ct, segments=["a"])
    assert ds.NumberOfFrames == 1
    derivation = ds.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0]
    assert derivation.SourceImageSequence[0].ReferencedSOPInstanceUID == ct[2].SOPInstanceUID
    assert segmentation(mask, source=ct, segments=["a"], omit_empty=False).NumberOfFrames == 4


def test_one_image_and_a_mask_without_frames(ct: list[Dataset]) -> None:
    mask = np.eye(16, dtype=bool)
    ds = segmentation(mask, source=ct[0], segments=["a"])
    assert np.array_equal(ds.pixel_array, mask)
    assert (
        "ReferencedFrameNumber"
        not in (ds.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0])
    )


def test_fractions(ct: list[Dataset]) -> None:
    fractions = np.linspace(0, 1, 4 * 256).reshape(4, 16, 16)
    ds = segmentation(fractions, source=ct, segments=["a"], kind="FRACTIONAL", fractional_type="OCCUPANCY")
    assert (ds.SegmentationFractionalType, ds.MaximumFractionalValue) == ("OCCUPANCY", 255)
    assert np.abs(ds.pixel_array / 255 - fractions).max() <= 0.5 / 255 + 1e-9


def test_label_maps_of_16_bits_and_numbers_with_gaps(ct: list[Dataset]) -> None:
    labels = np.zeros((4, 16, 16), dtype=np.uint16)
    labels[:, 0, 0], labels[:, 1, 1] = 7, 40000
    segments = [Segment("a", number=7), Segment("b", number=40000)]
    ds = segmentation(labels, source=ct, segments=segments, kind="LABELMAP")
    assert ds.BitsAllocated == 16
    assert np.array_equal(ds.pixel_array, labels)
    assert [item.SegmentNumber for item in ds.SegmentSequence] == [0, 7, 40000]
    with pytest.raises(ValueError, match="without gaps"):
        segmentation(labels, source=ct, segments=segments)


def test_overlapping_segments(ct: list[Dataset]) -> None:
    stack = np.ones((4, 16, 16, 2), dtype=bool)
    assert segmentation(stack, source=ct, segments=["a", "b"]).SegmentsOverlap == "YES"
    with pytest.raises(ValueError, match="overlap"):
        segmentation(stack, source=ct, segments=["a", "b"], kind="LABELMAP")


def test_a_palette_shows_the_colours(ct: list[Dataset]) -> None:
    labels = np.full((4, 16, 16), 2, dtype=np.uint8)
    ds = segmentation(labels, source=ct, segments=[LIVER, TUMOUR], kind="LABELMAP", palette=True)
    assert filmless.pixels.render(ds)[0, 0].tolist() == [255, 0, 200]
    assert "RecommendedDisplayCIELabValue" not in ds.SegmentSequence[1]


# -- header --------------------------------------------------------------------------------------------------------


def test_segments_are_described(ct: list[Dataset]) -> None:
    item = segmentation(masks(4, 16, 16), source=ct, segments=[LIVER, "lesion"]).SegmentSequence[0]
    assert item.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Liver"
    assert (item.SegmentAlgorithmType, item.SegmentAlgorithmName) == ("AUTOMATIC", "net")
    assert cielab_to_rgb(item.RecommendedDisplayCIELabValue) == (10, 200, 30)
    assert (item.TrackingID, item.TrackingUID) == ("liver 1", "1.2.840.99.1")


def test_patient_and_study_are_the_sources_and_the_series_is_new(ct: list[Dataset]) -> None:
    ct[0].SpecificCharacterSet = "ISO_IR 100"
    ct[0].PatientName = "Müller^Jörg"
    ds = segmentation(masks(4, 16, 16), source=ct, segments=["a", "b"], header={"SeriesDescription": "Größe"})
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "AccessionNumber"):
        assert ds[keyword].value == ct[0][keyword].value
    assert (ds.FrameOfReferenceUID, ds.SeriesDescription) == (ct[0].FrameOfReferenceUID, "Größe")
    assert ds.SeriesInstanceUID != ct[0].SeriesInstanceUID
    assert len(ds.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == 4


def test_what_is_taken_over_is_not_shared(ct: list[Dataset]) -> None:
    ct[0].ProcedureCodeSequence = [Code("1", "99TEST", "before").item()]
    ds = segmentation(masks(4, 16, 16), source=ct, segments=["a", "b"])
    ds.ProcedureCodeSequence[0].CodeMeaning = "after"
    assert ct[0].ProcedureCodeSequence[0].CodeMeaning == "before"


def test_frames_lie_where_their_sources_lie(ct: list[Dataset]) -> None:
    ds = segmentation(masks(4, 16, 16), source=ct, segments=["a", "b"], omit_empty=False)
    groups = ds.PerFrameFunctionalGroupsSequence
    for group, (segment, (index, image)) in zip(groups, itertools.product((1, 2), enumerate(ct, 1)), strict=True):
        assert group.PlanePositionSequence[0].ImagePositionPatient == image.ImagePositionPatient
        assert group.FrameContentSequence[0].DimensionIndexValues == [segment, index]
        assert group.SegmentIdentificationSequence[0].ReferencedSegmentNumber == segment
    shared = ds.SharedFunctionalGroupsSequence[0]
    assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == ct[0].ImageOrientationPatient
    assert shared.PixelMeasuresSequence[0].PixelSpacing == ct[0].PixelSpacing


def test_frames_at_one_place_have_dimensions_of_their_own(make_slice: Callable[..., Dataset]) -> None:
    source = [make_slice(z, SOPInstanceUID=f"1.2.9.{time}.{z}") for z in (0, 5) for time in (1, 2)]
    ds = segmentation(np.ones((4, 8, 10), dtype=bool), source=source, segments=["a"])
    values = [group.FrameContentSequence[0].DimensionIndexValues for group in ds.PerFrameFunctionalGroupsSequence]
    assert values == [[1, 1, 1], [1, 1, 2], [1, 2, 1], [1, 2, 2]]


def test_what_was_lossy_stays_so(ct: list[Dataset]) -> None:
    ct[1].LossyImageCompression, ct[1].LossyImageCompressionRatio = "01", 12
    ct[1].LossyImageCompressionMethod = "ISO_10918_1"
    ds = segmentation(masks(4, 16, 16), source=ct, segments=["a", "b"])
    assert (ds.LossyImageCompression, ds.LossyImageCompressionRatio) == ("01", 12)


# -- what does not fit ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "segments", "what"),
    [
        (np.zeros((4, 16, 15), dtype=bool), ["a"], "the source has"),
        (np.zeros((3, 16, 16), dtype=bool), ["a"], "the source has"),
        (np.zeros((4, 16), dtype=bool), ["a"], "the source has"),
        (np.zeros((0, 16, 16), dtype=bool), ["a"], "shape"),
        (np.zeros(16, dtype=bool), ["a"], "shape"),
        (np.zeros((4, 16, 16), dtype=complex), ["a"], "complex"),
        (np.zeros((4, 16, 16, 3), dtype=bool), ["a"], "3 segments, expected 1"),
        (np.full((4, 16, 16), 2, dtype=np.uint8), ["a"], "label 2"),
        (np.full((4, 16, 16), -1), ["a"], "labels beyond"),
        (np.full((4, 16, 16), 1 << 20), ["a"], "labels beyond"),
        (np.full((4, 16, 16), 0.5), ["a"], "FRACTIONAL"),
        (np.full((4, 16, 16), np.nan), ["a"], "fractions are 0 to 1"),
        (np.full((4, 16, 16, 1), 255, dtype=np.uint8), ["a"], "masks are 0 and 1"),
        (np.zeros((4, 16, 16), dtype=bool), [], "at least one"),
        (np.zeros((4, 16, 16), dtype=bool), "liver", "at least one"),
    ],
)
def test_masks_that_do_not_fit(ct: list[Dataset], array: np.ndarray, segments: Any, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        segmentation(array, source=ct, segments=segments)


@pytest.mark.parametrize(
    "header", [{"Rows": 5}, {"PatientName": "X"}, {"NoSuchKeyword": 1}, {"SeriesNumber": "not a number"}]
)
def test_header_values_that_cannot_be_given(ct: list[Dataset], header: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(header))) as raised:
        segmentation(masks(4, 16, 16), source=ct, segments=["a", "b"], header=header)
    assert str(next(iter(header.values()))) not in str(raised.value)


def test_sources_that_do_not_belong_together(ct: list[Dataset]) -> None:
    ct[1].StudyInstanceUID = "1.2.3"
    with pytest.raises(ValueError, match="StudyInstanceUID"):
        segmentation(masks(4, 16, 16), source=ct, segments=["a", "b"])


def test_a_source_without_what_is_pointed_to(ct: list[Dataset]) -> None:
    del ct[1].SOPInstanceUID
    with pytest.raises(ValidationError):
        segmentation(masks(4, 16, 16), source=ct, segments=["a", "b"])


def test_a_source_with_fewer_groups_than_frames(slide: Dataset, enhanced: Dataset) -> None:
    slide.DimensionOrganizationType = "TILED_SPARSE"
    for image, size in ((slide, (25, 10, 10)), (enhanced, (6, 64, 64))):
        image.PerFrameFunctionalGroupsSequence = [Dataset()]
        with pytest.raises(GeometryError):
            segmentation(masks(*size), source=image, segments=["a", "b"])


@pytest.mark.parametrize(
    "values",
    [
        {"label": ""},
        {"label": "x" * 65},
        {"label": "a", "algorithm": "GUESS"},
        {"label": "a", "algorithm": "AUTOMATIC"},
        {"label": "a", "tracking_id": "t"},
        {"label": "a", "colour": (0, 0, 256)},
        {"label": "a", "number": 0},
    ],
)
def test_segments_that_cannot_be(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a segment|RGB|tracking"):
        Segment(**values)
