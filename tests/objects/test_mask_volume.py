"""Segments and structures cut by any plane: against the voxel that is nearest, and the shape that was contoured."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from filmless import Dataset
from filmless.errors import GeometryError, LimitError
from filmless.objects import ContourIndex, Segment, SegmentationIndex, segmentation
from filmless.objects.mask_volume import cut, lies_along, volume_of_segments, volumes_of_structures
from filmless.series import FrameGeometry

Make = Callable[..., Dataset]
KINDS: tuple[Any, ...] = ("BINARY", "FRACTIONAL", "LABELMAP")
SPACING = np.array([3.0, 2.0, 5.0])  # of columns, rows and slices of `make_slice`


def plane(position: Any, across: Any, down: Any, rows: int, columns: int, mm: float = 1.0) -> FrameGeometry:
    orientation = np.array([[*across, *down]], dtype=float)
    spacing, thickness = np.array([[mm, mm]]), np.array([np.nan])
    return FrameGeometry(np.array([position], dtype=float), orientation, spacing, thickness, rows, columns, "1.2.5")


def points_of(where: FrameGeometry) -> np.ndarray:
    rows, columns = np.mgrid[0 : where.rows, 0 : where.columns]
    return where.to_patient(np.stack([columns, rows], axis=-1))


PLANES = {
    "axial": plane((0, 0, 10), (1, 0, 0), (0, 1, 0), 16, 30),
    "between": plane((0, 0, 11.9), (1, 0, 0), (0, 1, 0), 16, 30),
    "coronal": plane((-4, 8, 30), (1, 0, 0), (0, 0, -1), 40, 40),
    "sagittal": plane((12, -3, 30), (0, 1, 0), (0, 0, -1), 40, 24),
    "oblique": plane((-1, 1, 26), (0.8, 0.6, 0), (0, 0, -1), 36, 30),
    "steep": plane((0, 2, -3), (0.6, 0, 0.8), (0, 1, 0), 12, 40),
}


@pytest.fixture
def labels() -> np.ndarray:
    """Two segments in 5 slices of 8 × 10 pixels, none in the first slice."""
    volume = np.zeros((5, 8, 10), dtype=np.uint8)
    volume[1:4, 2:7, 1:6] = 1
    volume[3:, 4:, 6:] = 2
    volume[2, 3, 3] = 0
    return volume


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PLANES)
def test_a_plane_has_the_nearest_voxels(make_slice: Make, labels: np.ndarray, kind: Any, name: str) -> None:
    source = [make_slice(float(z)) for z in range(0, 25, 5)]
    seg = segmentation(labels, source=source, segments=[Segment("one"), Segment("two")], kind=kind)
    found = cut([volume_of_segments(SegmentationIndex(seg))], PLANES[name])
    index = np.floor(points_of(PLANES[name]) / SPACING + 0.5).astype(int)
    inside = ((index >= 0) & (index < np.array(labels.shape[::-1]))).all(axis=-1)
    expected = np.zeros(inside.shape, dtype=int)
    expected[inside] = labels[index[inside][:, 2], index[inside][:, 1], index[inside][:, 0]]
    for number in (1, 2):
        mask = found.get(number, np.zeros(inside.shape, np.uint8))
        np.testing.assert_array_equal(mask, np.where(expected == number, 255, 0), name)
    assert set(found) == set(np.unique(expected)) - {0}


def test_fractions_are_kept(make_slice: Make) -> None:
    source = [make_slice(float(z)) for z in range(0, 15, 5)]
    fractions = np.full((3, 8, 10, 1), 0.4)
    seg = segmentation(fractions, source=source, segments=["one"], kind="FRACTIONAL")
    found = cut([volume_of_segments(SegmentationIndex(seg))], PLANES["coronal"])
    assert set(np.unique(found[1])) == {0, 102}


def test_slices_that_were_left_out_are_not_filled(make_slice: Make) -> None:
    """Frames without anything are not stored: what lies beside them is no thicker for that."""
    source = [make_slice(float(z)) for z in range(0, 45, 5)]
    masks = np.zeros((9, 8, 10, 1), dtype=bool)
    masks[[1, 2, 7]] = True
    seg = segmentation(masks, source=source, segments=["one"])
    down = cut([volume_of_segments(SegmentationIndex(seg))], plane((9, 4, 0), (1, 0, 0), (0, 0, 1), 45, 3))[1][:, 0]
    np.testing.assert_array_equal(np.flatnonzero(down), [*range(3, 13), *range(33, 38)])


def test_slices_of_a_tilted_gantry_lie_where_they_do(make_slice: Make) -> None:
    """Each begins 2 rows further on: what is the same pixels in all leans."""
    source = [make_slice(z, ImagePositionPatient=[0.0, z / 5 * 4, z]) for z in (0.0, 5.0, 10.0)]
    masks = np.zeros((3, 8, 10, 1), dtype=bool)
    masks[:, 2:4] = True
    seg = segmentation(masks, source=source, segments=["one"])
    side = cut([volume_of_segments(SegmentationIndex(seg))], plane((9, 0, 0), (0, 1, 0), (0, 0, 1), 11, 20))[1]
    assert [np.flatnonzero(side[z])[0] for z in (0, 5, 10)] == [3, 7, 11]


def test_another_frame_of_reference_has_nothing(make_slice: Make, labels: np.ndarray) -> None:
    source = [make_slice(float(z), FrameOfReferenceUID="1.2.77") for z in range(0, 25, 5)]
    seg = segmentation(labels, source=source, segments=["one", "two"])
    assert cut([volume_of_segments(SegmentationIndex(seg))], PLANES["coronal"]) == {}


def test_frames_that_are_no_volume_are_refused(make_slice: Make) -> None:
    source = [make_slice(0.0), make_slice(5.0, ImageOrientationPatient=[1, 0, 0, 0, 0, -1])]
    seg = segmentation(np.ones((2, 8, 10, 1), dtype=bool), source=source, segments=["one"])
    with pytest.raises(GeometryError, match="not planes of one grid"):
        volume_of_segments(SegmentationIndex(seg))


def test_too_much_memory_is_refused(make_slice: Make, labels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    source = [make_slice(float(z)) for z in range(0, 25, 5)]
    index = SegmentationIndex(segmentation(labels, source=source, segments=["one", "two"]))
    monkeypatch.setattr("filmless.objects.mask_volume._MOST_BYTES", 20)
    with pytest.raises(LimitError, match="too much memory"):
        volume_of_segments(index)


# -- structures ----------------------------------------------------------------------------------------------------


def structures(*contours: Any) -> ContourIndex:
    """A structure set of one structure, its contours given as corners and their z."""
    ds = Dataset({"Modality": "RTSTRUCT"})
    ds.StructureSetROISequence = [Dataset({"ROINumber": 1, "ROIName": "one", "ReferencedFrameOfReferenceUID": "1.2.5"})]
    roi = Dataset({"ReferencedROINumber": 1})
    roi.ContourSequence = []
    for corners, z in contours:
        item = Dataset({"ContourGeometricType": "CLOSED_PLANAR"})
        item.ContourData = [float(value) for x, y in corners for value in (x, y, z)]
        roi.ContourSequence.append(item)
    ds.ROIContourSequence = [roi]
    return ContourIndex(ds)


def box(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


@pytest.mark.parametrize("name", ["coronal", "sagittal", "oblique", "steep"])
def test_a_structure_is_as_thick_as_its_contours_are_apart(name: str) -> None:
    """A box with a hole through it, on contours of 3 mm."""
    outlines = [(corners, z) for z in (6, 9, 12, 15) for corners in (box(3, 2, 23, 14), box(9, 6, 15, 10))]
    volumes = volumes_of_structures(structures(*outlines))
    where = PLANES[name]
    assert not lies_along(volumes, where)
    found = cut(volumes, where)[0] > 0
    x, y, z = np.moveaxis(points_of(where), -1, 0)

    def within(grow: float) -> np.ndarray:
        outer = (x > 3 - grow) & (x < 23 + grow) & (y > 2 - grow) & (y < 14 + grow)
        hole = (x > 9 + grow) & (x < 15 - grow) & (y > 6 + grow) & (y < 10 - grow)
        return outer & ~hole & (z > 4.5 - grow) & (z < 16.5 + grow)

    assert within(-0.5).any()
    assert found[within(-0.5)].all()  # of the grid that it is filled on
    assert not found[~within(0.5)].any()


def test_planes_along_contours_are_told_from_those_across() -> None:
    volumes = volumes_of_structures(structures((box(0, 0, 4, 4), 0), (box(0, 0, 4, 4), 3)))
    assert lies_along(volumes, PLANES["axial"])
    assert not lies_along(volumes, PLANES["steep"])


def test_lines_without_an_area_make_no_volume() -> None:
    assert volumes_of_structures(structures(([(0, 0), (5, 0), (9, 0)], 0))) == []
