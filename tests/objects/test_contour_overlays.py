"""Contours on images: against plain definitions, Pillow and a real structure set; and hostile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import filmless
from filmless import Dataset
from filmless.errors import DicomError, LimitError, UnsupportedError
from filmless.objects import ContourIndex, contour_overlays
from filmless.objects.contour_masks import filled, outline, spots
from filmless.objects.contours import contours_on

RT_UTILS = "qurit+rt-utils/tests"
SQUARE = [(2.0, 2.0), (12.0, 2.0), (12.0, 10.0), (2.0, 10.0)]  # mm: on the slices of make_slice columns are 3 apart
Make = Callable[..., Dataset]


def contour(points: Any, z: float = 0.0, kind: str = "CLOSED_PLANAR", *images: str) -> Dataset:
    item = Dataset({"ContourGeometricType": kind})
    item.ContourData = [float(value) for x, y in points for value in (x, y, z)]
    if images:
        item.ContourImageSequence = [Dataset({"ReferencedSOPInstanceUID": uid}) for uid in images]
    return item


def structure_set(*contours: Dataset, **roi: object) -> Dataset:
    ds = Dataset({"Modality": "RTSTRUCT"})
    ds.StructureSetROISequence = [
        Dataset({"ROINumber": 7, "ROIName": "kidney", "ReferencedFrameOfReferenceUID": "1.2.5"} | roi)
    ]
    item = Dataset({"ReferencedROINumber": 7, "ROIDisplayColor": [1, 2, 300]})
    item.ContourSequence = list(contours)
    ds.ROIContourSequence = [item]
    return ds


def inside(polygon: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The even-odd rule, a pixel at a time."""
    mask = np.zeros((rows, columns), dtype=bool)
    for row in range(rows):
        for column in range(columns):
            for first, second in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
                (x0, y0), (x1, y1) = sorted((first, second), key=lambda point: point[1])
                if y0 <= row < y1 and x0 + (row - y0) * ((x1 - x0) / (y1 - y0)) <= column:
                    mask[row, column] ^= True
    return mask


# -- masks ---------------------------------------------------------------------------------------------------------

coordinates = st.floats(-5, 25, width=32).map(lambda value: round(value * 4) / 4)


@given(points=st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=12))
def test_areas_follow_the_even_odd_rule(points: list[tuple[float, float]]) -> None:
    polygon = np.array(points)
    assert np.array_equal(filled(polygon, 16, 20), inside(polygon, 16, 20))


@given(points=st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=8), closed=st.booleans())
def test_lines_go_along_the_edges(points: list[tuple[float, float]], *, closed: bool) -> None:
    mask = outline(np.array(points), 16, 20, closed=closed)
    ends = [*points, points[0]] if closed else points
    expected = np.zeros((16, 20), dtype=bool)
    for (x0, y0), (x1, y1) in zip(ends, ends[1:] or ends, strict=False):
        for share in np.linspace(0, 1, 400):
            column, row = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
            here = np.s_[max(0, int(row)) : max(0, int(row) + 2), max(0, int(column)) : max(0, int(column) + 2)]
            expected[here] = True
            if 0 <= row <= 15 and 0 <= column <= 19:
                around = np.s_[max(0, round(row) - 1) : round(row) + 2, max(0, round(column) - 1) : round(column) + 2]
                assert mask[around].any()
    assert not (mask & ~expected).any()


def test_a_line_is_closed_or_not_and_as_wide_as_asked() -> None:
    corners = np.array([(2, 2), (8, 2), (8, 6)])
    assert outline(corners, 10, 12, closed=False).sum() == 11
    assert outline(corners, 10, 12, closed=True).sum() == 16
    wide = outline(np.array([(2, 5), (9, 5)]), 10, 12, closed=False, width=3)
    assert np.array_equal(np.flatnonzero(wide.any(axis=1)), [4, 5, 6])
    assert np.array_equal(np.flatnonzero(wide.any(axis=0)), np.arange(1, 11))


def test_a_spot_is_a_cross() -> None:
    assert spots(np.array([(5.2, 4.0)]), 10, 12).sum() == 9
    assert spots(np.array([(0.0, 0.0)]), 10, 12).sum() == 5
    assert not spots(np.array([(-50.0, 1e30)]), 10, 12).any()


# -- structure sets ------------------------------------------------------------------------------------------------


def test_a_square(make_slice: Make) -> None:
    [overlay] = contour_overlays(structure_set(contour(SQUARE)), make_slice(0.0), filled=True, opacity=0.4)
    assert (overlay.label, overlay.colour, overlay.opacity) == ("kidney", (1, 2, 255), 0.4)
    expected = np.zeros((8, 10), dtype=bool)
    expected[1:5, 1:4] = True  # rows of 2 mm at 2, 4, 6, 8; columns of 3 mm at 3, 6, 9
    assert np.array_equal(overlay.mask, expected)
    [line] = contour_overlays(structure_set(contour(SQUARE)), make_slice(0.0))
    assert line.mask[1, 1]
    assert not line.mask[3, 2]


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_contours_in_contours_are_holes(make_slice: Make, kind: str) -> None:
    hole = [(5.0, 3.0), (7.0, 3.0), (7.0, 7.0), (5.0, 7.0)]
    rtstruct = structure_set(contour(SQUARE, 0.0, kind), contour(hole, 0.0, kind))
    [overlay] = contour_overlays(rtstruct, make_slice(0.0), filled=True)
    assert overlay.mask.sum() == 12 - 2
    assert not overlay.mask[2, 2]


def test_points_and_open_lines(make_slice: Make) -> None:
    [point] = contour_overlays(structure_set(contour([(12.0, 6.0)], 0.0, "POINT")), make_slice(0.0), filled=True)
    assert point.mask[3, 4]
    assert point.mask.sum() == 9
    [line] = contour_overlays(structure_set(contour(SQUARE[:2], 0.0, "OPEN_PLANAR")), make_slice(0.0), filled=True)
    assert line.mask.sum() == 4


def test_all_points_that_a_slice_holds_are_on_it(make_slice: Make) -> None:
    """Slices are 5 mm thick: the third is halfway to the next one, and on both."""
    points = [contour([(3.0 * at, 6.0)], z, "POINT") for at, z in enumerate([0.0, 1.0, 2.5, 4.0])]
    index = ContourIndex(structure_set(*points))

    def found(z: float) -> list[int]:
        return [round(float(on.points[0, 0])) for on in contours_on(index, make_slice(z)).get(0, [])]

    assert found(0.0) == [0, 1, 2]
    assert found(5.0) == [2, 3]
    several = ContourIndex(structure_set(contour([(0.0, 6.0), (9.0, 6.0)], 0.0, "POINT")))
    several.structures[0].contours[0].points[1, 2] = 8.0
    assert [len(on.points) for on in contours_on(several, make_slice(0.0))[0]] == [1]


def test_contours_belong_to_the_nearest_slice(make_slice: Make) -> None:
    rtstruct = structure_set(contour(SQUARE, 0.0), contour([(0.0, 0.0), (3.0, 0.0), (3.0, 2.0)], 1.0))
    assert contour_overlays(rtstruct, make_slice(0.2), filled=True)[0].mask.sum() == 12
    assert contour_overlays(rtstruct, make_slice(0.8), filled=True)[0].mask.sum() < 12
    assert contour_overlays(rtstruct, make_slice(3.4)) != []
    assert contour_overlays(rtstruct, make_slice(3.5)) == []  # slices are 5 mm thick
    assert contour_overlays(rtstruct, make_slice(3.5), tolerance_mm=3) != []
    assert contour_overlays(rtstruct, make_slice(2.0, SpacingBetweenSlices=2)) == []


def test_a_contour_of_another_image_has_to_lie_in_the_plane(make_slice: Make) -> None:
    here = make_slice(1.0)
    assert contour_overlays(structure_set(contour(SQUARE, 0.0, "CLOSED_PLANAR", "1.2.99")), here) == []
    assert contour_overlays(structure_set(contour(SQUARE, 1.0, "CLOSED_PLANAR", "1.2.99")), here) != []
    own = str(here.SOPInstanceUID)
    assert contour_overlays(structure_set(contour(SQUARE, 0.0, "CLOSED_PLANAR", "1.2.99", own)), here) != []


def test_contours_of_another_frame_of_reference(make_slice: Make) -> None:
    rtstruct = structure_set(contour(SQUARE), ReferencedFrameOfReferenceUID="1.2.6")
    assert contour_overlays(rtstruct, make_slice(0.0)) == []


def test_a_contour_across_the_plane_is_not_in_it(make_slice: Make) -> None:
    item = contour(SQUARE)
    item.ContourData = [2.0, 2.0, -1.0, 12.0, 2.0, 1.0, 7.0, 9.0, 0.0]
    assert contour_overlays(structure_set(item), make_slice(0.0)) == []


def test_a_real_structure_set_on_its_slices(corpus: Path) -> None:
    index = ContourIndex(filmless.read(corpus / RT_UTILS / "empty/dummy_rt.dcm"))
    for name, height in (("ct_1", 60.0), ("ct_2", 65.0)):
        ct = filmless.read(corpus / RT_UTILS / f"mock_data/{name}.dcm")
        overlays = contour_overlays(index, ct, filled=True)
        assert [overlay.label for overlay in overlays] == ["ROI-1", "ROI-2", "ROI-3", "ROI-4"]
        assert [overlay.colour for overlay in overlays] == [(255, 0, 255), (0, 235, 235), (255, 255, 0), (255, 0, 0)]
        for overlay, structure in zip(overlays, index.structures, strict=True):
            [points] = [item.points for item in structure.contours if item.points[0, 2] == height]
            pixels = np.rint((points[:, :2] + 125) / 0.488281).astype(int)
            # rt-utils fills whole pixel coordinates, the line among them; Pillow's polygon does as well.
            image = Image.new("1", (512, 512))
            ImageDraw.Draw(image).polygon([tuple(point) for point in pixels.tolist()], fill=1, outline=1)
            difference = np.array(image) ^ overlay.mask
            line = outline(pixels.astype(float), 512, 512, closed=True, width=3)
            assert not (difference & ~line).any()
            x, y = points[:, 0], points[:, 1]
            area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
            assert overlay.mask.sum() * 0.488281**2 == pytest.approx(area, rel=0.02)


@pytest.mark.usefixtures("corpus")  # whose files are counted
def test_every_real_structure_set(all_files: list[Path]) -> None:
    found = 0
    for path in all_files:
        try:
            ds = filmless.read(path, force=True)
            if ds.get("Modality") == "RTSTRUCT":
                found += sum(len(structure.contours) for structure in ContourIndex(ds).structures)
        except DicomError:
            continue
    assert found > 15


# -- hostile -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        [1.0],
        [1.0, 2.0, 0.0, 3.0],
        [1.0, 2.0, 0.0, 3.0, 4.0, 0.0],
        ["NaN"] * 9,
        [1e30] * 9,
        [1.0, 1.0, 0.0] * 3,
    ],
)
def test_contours_that_cannot_be_right_are_passed_over(make_slice: Make, data: Any) -> None:
    bad = Dataset({"ContourGeometricType": "CLOSED_PLANAR"})
    try:
        bad.ContourData = data
    except (DicomError, ValueError, TypeError):
        bad.add_new("ContourData", "DS", "\\".join(str(value) for value in data).encode())
    overlays = contour_overlays(structure_set(bad, contour(SQUARE)), make_slice(0.0), filled=True)
    assert overlays[0].mask.sum() == 12


def test_far_and_huge_coordinates_are_drawn_as_far_as_they_go(make_slice: Make) -> None:
    wide = contour([(-1e8, -1e8), (1e8, -1e8), (1e8, 1e8), (-1e8, 1e8)])
    assert contour_overlays(structure_set(wide), make_slice(0.0)) == []
    assert contour_overlays(structure_set(wide), make_slice(0.0), filled=True)[0].mask.all()


def test_a_million_points(make_slice: Make) -> None:
    angles = np.linspace(0, 2 * np.pi, 10**6)
    circle = np.column_stack([14 + 8 * np.cos(angles), 7 + 6 * np.sin(angles)])
    item = Dataset({"ContourGeometricType": "CLOSED_PLANAR"})
    item.ContourData = np.column_stack([circle, np.zeros(len(circle))]).round(4).reshape(-1).tolist()
    index = ContourIndex(structure_set(item))
    assert contour_overlays(index, make_slice(0.0), filled=True)[0].mask.sum() * 6 == pytest.approx(48 * np.pi, rel=0.1)
    assert contour_overlays(index, make_slice(0.0)) != []
    with pytest.raises(LimitError):
        ContourIndex(structure_set(item), max_points=10**5)


def test_a_contour_that_crosses_every_row_for_ever() -> None:
    zigzag = np.column_stack([np.arange(100_000) % 7, np.where(np.arange(100_000) % 2, 0.0, 4000.0)])
    with pytest.raises(LimitError):
        filled(zigzag, 4000, 10)
    with pytest.raises(LimitError):
        outline(zigzag, 4000, 10, closed=True)


def test_an_image_without_a_place_or_too_large(make_slice: Make) -> None:
    rtstruct = structure_set(contour(SQUARE))
    assert contour_overlays(rtstruct, Dataset()) == []
    large = make_slice(0.0)
    large.Rows = large.Columns = 65535
    with pytest.raises(LimitError):
        contour_overlays(rtstruct, large)


def test_what_is_no_structure_set(make_slice: Make) -> None:
    with pytest.raises(UnsupportedError):
        contour_overlays(make_slice(), make_slice())
    assert contour_overlays(Dataset({"ROIContourSequence": []}), make_slice()) == []
