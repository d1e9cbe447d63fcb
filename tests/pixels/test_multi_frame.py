"""Functional groups as arrays: what pydicom and highdicom find frame by frame, and hostile ones."""

import copy
import time

import numpy as np
import pytest

from filmless import Dataset, read
from filmless.errors import GeometryError, LimitError
from filmless.file import encode
from filmless.pixels.multi_frame import frame_group, frame_values, functional_groups

_FIELDS = {
    "positions": ("PlanePositionSequence", ["ImagePositionPatient"]),
    "orientations": ("PlaneOrientationSequence", ["ImageOrientationPatient"]),
    "spacing": ("PixelMeasuresSequence", ["PixelSpacing"]),
    "thickness_mm": ("PixelMeasuresSequence", ["SliceThickness"]),
    "rescale": ("PixelValueTransformationSequence", ["RescaleSlope", "RescaleIntercept"]),
    "real_world": ("RealWorldValueMappingSequence", ["RealWorldValueSlope", "RealWorldValueIntercept"]),
    "window": ("FrameVOILUTSequence", ["WindowCenter", "WindowWidth"]),
    "dimension_index": ("FrameContentSequence", ["DimensionIndexValues"]),
    "stack_positions": ("FrameContentSequence", ["InStackPositionNumber"]),
    "temporal_positions": ("FrameContentSequence", ["TemporalPositionIndex"]),
    "segment_numbers": ("SegmentIdentificationSequence", ["ReferencedSegmentNumber"]),
    "tile_positions": (
        "PlanePositionSlideSequence",
        ["RowPositionInTotalImagePixelMatrix", "ColumnPositionInTotalImagePixelMatrix"],
    ),
    "stack_ids": ("FrameContentSequence", ["StackID"]),
}
_FIRST_ONLY = {"window"}


def _by_hand(ds, frame, macro, attributes, first_only):
    """What pydicom has of a frame, its own item before the shared one; None when that is nothing."""
    for groups in (
        ds.get("PerFrameFunctionalGroupsSequence", [])[frame : frame + 1],
        ds.SharedFunctionalGroupsSequence,
    ):
        for item in groups:
            if macro in item and len(item[macro].value):
                values = []
                for attribute in attributes:
                    value = item[macro][0].get(attribute)
                    many = [] if value is None else list(value) if hasattr(value, "append") else [value]
                    values += many[:1] if first_only else many
                if values:
                    return values
    return None


def _files(all_files):
    import pydicom

    for path in all_files:
        try:
            peer = pydicom.dcmread(path, stop_before_pixels=True)
        except Exception:  # noqa: BLE001 - broken on purpose
            continue
        if "SharedFunctionalGroupsSequence" in peer and "NumberOfFrames" in peer:
            yield path, peer


@pytest.mark.filterwarnings("ignore")
def test_values_are_those_of_pydicom(corpus, all_files):
    assert corpus.is_dir()
    compared = dict.fromkeys(_FIELDS, 0)
    for path, peer in _files(all_files):
        ours = functional_groups(read(path))
        for name, (macro, attributes) in _FIELDS.items():
            found = getattr(ours, name)
            expected = [
                _by_hand(peer, n, macro, attributes, name in _FIRST_ONLY) for n in range(int(peer.NumberOfFrames))
            ]
            if all(value is None for value in expected):
                derived = {"positions", "orientations", "tile_positions", "segment_numbers"}
                assert found is None or name in derived, (path, name)
                continue
            if isinstance(found, tuple):
                assert [str(row[0]) for row in expected] == list(found)
            else:
                assert not found.flags.writeable
                np.testing.assert_array_equal(found.reshape(len(expected), -1), np.array(expected, float), str(path))
            compared[name] += len(expected)
    assert min(compared.values()) > 0, compared


@pytest.mark.filterwarnings("ignore")
def test_tiled_full_positions_are_those_of_highdicom(corpus):
    highdicom = pytest.importorskip("highdicom")
    import pydicom

    compared = 0
    for name in ("sm_image", "sm_image_grayscale", "sm_image_jpegls", "seg_image_sm_dots_tiled_full"):
        path = next(corpus.glob(f"ImagingDataCommons+highdicom/**/{name}.dcm"))
        peer = pydicom.dcmread(path)
        for planes in (1, 2):
            if peer.NumberOfFrames * planes < 10**4:
                tall, ours = copy.deepcopy(peer), read(path)
                tall.NumberOfFrames = ours.NumberOfFrames = peer.NumberOfFrames * planes
                tall.TotalPixelMatrixFocalPlanes = ours.TotalPixelMatrixFocalPlanes = planes
                measures = ours.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
                measures.SpacingBetweenSlices = 0.25
                tall.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = 0.25
                expected = list(highdicom.utils.iter_tiled_full_frame_data(tall))
                found = functional_groups(ours)
                np.testing.assert_array_equal(found.tile_positions, [[row[3], row[2]] for row in expected])
                np.testing.assert_allclose(found.positions[:, :2], [row[4:6] for row in expected], atol=1e-9)
                if found.segment_numbers is not None:
                    assert found.segment_numbers.tolist() == [row[0] for row in expected]
                compared += len(expected)
    assert compared > 2000


@pytest.mark.usefixtures("corpus")  # whose files are counted
def test_frame_values_and_groups(all_files):
    path = next(path for path, peer in _files(all_files) if "MREchoSequence" in peer.SharedFunctionalGroupsSequence[0])
    ds = read(path)
    values = frame_values(ds, "MREchoSequence", "EffectiveEchoTime")
    assert values.shape == (ds.NumberOfFrames, 1)
    assert values[0, 0] == frame_group(ds, "MREchoSequence", 0).EffectiveEchoTime
    assert frame_values(ds, "MREchoSequence", "SliceThickness") is None
    with pytest.raises(ValueError, match="no keyword"):
        frame_values(ds, "NoSuchSequence", "EffectiveEchoTime")


def _enhanced(frames, items=None):
    ds = Dataset()
    ds.NumberOfFrames = frames
    shared = Dataset({"PixelMeasuresSequence": [Dataset({"PixelSpacing": [0.5, 0.25], "SliceThickness": 2})]})
    shared.FrameVOILUTSequence = [Dataset({"WindowCenter": [40, 1], "WindowWidth": [400, 2]})]
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = [
        Dataset({"PlanePositionSequence": [Dataset({"ImagePositionPatient": [0, 0, n]})]})
        for n in range(frames if items is None else items)
    ]
    return ds


def test_what_some_frames_lack():
    ds = _enhanced(4)
    items = ds.PerFrameFunctionalGroupsSequence
    items[1].PixelMeasuresSequence = [Dataset({"PixelSpacing": [1, 2]})]
    del items[2].PlanePositionSequence
    items[2].FrameContentSequence = [Dataset({"DimensionIndexValues": [3, 4], "StackID": "A"})]
    items[3].FrameContentSequence = [Dataset({"DimensionIndexValues": [5]})]
    for groups in (functional_groups(ds), functional_groups(_again(ds))):
        assert groups.spacing.tolist() == [[0.5, 0.25], [1, 2], [0.5, 0.25], [0.5, 0.25]]
        assert groups.thickness_mm.tolist() == [2] * 4
        assert groups.window.tolist() == [[40, 400]] * 4
        assert groups.positions[:, 2].tolist()[:2] == [0, 1]
        assert np.isnan(groups.positions[2]).all()
        assert groups.dimension_index.tolist() == [[0, 0], [0, 0], [3, 4], [5, 0]]
        assert groups.dimension_index.dtype == np.int64
        assert groups.stack_ids == (None, None, "A", None)
        assert groups.rescale is None
    items[0].PixelMeasuresSequence = [Dataset({"PixelSpacing": [9, 9]})]  # what is edited counts at once
    assert functional_groups(ds).spacing[0].tolist() == [9, 9]


def _again(ds):
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4.1", "1.2.3"
    return read(encode(ds))


def test_classic_images(image):
    ds = image(bytes(6), PixelSpacing=[1, 2], ImagePositionPatient=[3, 4, 5], RescaleSlope=2, RescaleIntercept=-3)
    ds.WindowCenter, ds.WindowWidth = [40, 50], [400, 500]
    groups = functional_groups(ds)
    assert groups.positions.tolist() == [[3, 4, 5]]
    assert groups.rescale.tolist() == [[2, -3]]
    assert groups.window.tolist() == [[40, 400]]
    assert groups.orientations is None
    ds.NumberOfFrames = 2
    assert functional_groups(ds).positions is None  # it is of the first frame only
    assert functional_groups(ds).spacing.tolist() == [[1, 2]] * 2
    assert functional_groups(Dataset()).frames == 1
    for vr, broken in (("LO", "x"), ("LO", ["x", "y"]), ("DS", [1]), ("DS", None)):
        ds.add_new("PixelSpacing", vr, broken)
        assert functional_groups(ds).spacing is None


def test_twelve_thousand_frames_take_milliseconds():
    ds = _again(_enhanced(12_000))
    start = time.perf_counter()
    groups = functional_groups(ds)
    first = time.perf_counter() - start
    assert groups.positions[:, 2].tolist() == list(range(12_000))
    assert first < 0.5  # 10 ms where nothing else runs: far from what 12,000 data sets take


@pytest.mark.parametrize("items", [2, 6])
def test_fewer_and_more_items_than_frames(items):
    ds = _again(_enhanced(4, items))
    if items > 4:
        assert functional_groups(ds).positions.shape == (4, 3)
        return
    for call in (lambda: functional_groups(ds), lambda: frame_values(ds, "PixelMeasuresSequence", "PixelSpacing")):
        with pytest.raises(GeometryError, match="hold 2 of 4 frames"):
            call()


def test_frames_that_nothing_stands_for():
    ds = _enhanced(10**9, 0)
    with pytest.raises(LimitError):
        functional_groups(ds)
    del ds.PerFrameFunctionalGroupsSequence
    with pytest.raises(LimitError):
        functional_groups(ds)


@pytest.mark.parametrize(
    "attributes",
    [
        {"TotalPixelMatrixRows": 2**31, "TotalPixelMatrixColumns": 2**31},
        {"TotalPixelMatrixRows": 2**32 - 1},
        {"TotalPixelMatrixRows": 0},
        {"Rows": 0},
        {"TotalPixelMatrixFocalPlanes": 2**31},
        {"NumberOfOpticalPaths": 2**31},
        {"Rows": None},
    ],
)
def test_tiled_full_that_cannot_be(attributes):
    size = {"Rows": 2, "Columns": 2, "TotalPixelMatrixRows": 4, "TotalPixelMatrixColumns": 4, "NumberOfFrames": 4}
    ds = Dataset({name: value for name, value in (size | attributes).items() if value is not None})
    ds.DimensionOrganizationType = "TILED_FULL"
    with pytest.raises(GeometryError):
        functional_groups(ds)


@pytest.mark.parametrize("keyword", ["PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"])
def test_functional_groups_that_are_text_are_none(keyword):
    ds = Dataset()
    ds.add_new(keyword, "LO", "not items")
    assert frame_group(ds, "FrameVOILUTSequence", 0) is None


def test_a_macro_that_is_text_is_none():
    own, shared, voi = Dataset(), Dataset(), Dataset({"WindowCenter": 5})
    own.add_new("FrameVOILUTSequence", "LO", "not items")
    shared.FrameVOILUTSequence = [voi]
    ds = Dataset({"PerFrameFunctionalGroupsSequence": [own], "SharedFunctionalGroupsSequence": [shared]})
    assert frame_group(ds, "FrameVOILUTSequence", 0).WindowCenter == 5
    assert frame_group(ds, "FrameVOILUTSequence", 1).WindowCenter == 5
    shared.add_new("FrameVOILUTSequence", "LO", "neither")
    assert frame_group(ds, "FrameVOILUTSequence", 0) is None


def test_a_text_that_frames_share_is_one_object():
    def content(text):
        return Dataset({"FrameContentSequence": [Dataset({"StackID": text})]})

    groups = [Dataset(), content("own"), Dataset(), Dataset()]
    ds = Dataset({"NumberOfFrames": 4, "PerFrameFunctionalGroupsSequence": groups})
    ds.SharedFunctionalGroupsSequence = [content("s" * 60)]
    found = functional_groups(read(encode(ds))).stack_ids
    assert found == ("s" * 60, "own", "s" * 60, "s" * 60)
    assert found[0] is found[2] is found[3]
