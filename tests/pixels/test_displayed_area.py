"""The way from an image to the picture of its displayed area: turned, cut, scaled."""

from typing import Any

import numpy as np
import pytest

from filmless import Dataset
from filmless.errors import LimitError
from filmless.pixels.displayed_area import View, tile_offset, view_of

PICTURE = np.arange(1, 7, dtype=np.uint8).reshape(2, 3)


def view(shape: tuple[int, int] = (2, 3), *, turn: int = 0, flip: str = "N", size: Any = None, **area: Any) -> View:
    state = Dataset({"ImageRotation": turn, "ImageHorizontalFlip": flip})
    return view_of(state, Dataset(area) if area else None, Dataset(), shape, 0, size)


def area(*corners: int, **more: Any) -> dict[str, Any]:
    first, last = list(corners[:2]), list(corners[2:])
    return {"DisplayedAreaTopLeftHandCorner": first, "DisplayedAreaBottomRightHandCorner": last} | more


@pytest.mark.parametrize(
    ("turn", "flip", "expected"),
    [
        (0, "N", [[1, 2, 3], [4, 5, 6]]),
        (90, "N", [[4, 1], [5, 2], [6, 3]]),  # clockwise
        (180, "N", [[6, 5, 4], [3, 2, 1]]),
        (270, "N", [[3, 6], [2, 5], [1, 4]]),
        (0, "Y", [[3, 2, 1], [6, 5, 4]]),
        (90, "Y", [[1, 4], [2, 5], [3, 6]]),  # turned, then flipped: PS3.3 C.10.6
        (270, "Y", [[6, 3], [5, 2], [4, 1]]),
    ],
)
def test_turned_then_flipped(turn: int, flip: str, expected: list[list[int]]) -> None:
    assert view(turn=turn, flip=flip).place(PICTURE).tolist() == expected


@pytest.mark.parametrize("flip", ["N", "Y"])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_positions_go_where_their_pixels_go(turn: int, flip: str) -> None:
    picture = np.random.default_rng(0).permutation(96).astype(np.uint8).reshape(8, 12)
    seen = view((8, 12), turn=turn, flip=flip, **area(3, 2, 9, 7))
    placed = seen.place(picture)
    for row, column in ((1, 2), (4, 5), (6, 8)):
        ((x, y),) = seen.of_pixels(np.array([[column + 0.5, row + 0.5]]))
        assert placed[int(y), int(x)] == picture[row, column]


def test_area_may_name_its_corners_as_they_are_shown() -> None:
    # Turned by 180 degrees the upper left corner of what is shown is the lower right one of the image.
    assert view(turn=180, **area(3, 2, 2, 1)).place(PICTURE).tolist() == [[6, 5], [3, 2]]


def test_beyond_the_image_is_background() -> None:
    assert view(**area(0, 0, 2, 2)).place(PICTURE).tolist() == [[0, 0, 0], [0, 1, 2], [0, 4, 5]]
    assert view(**area(10, 10, 11, 12)).place(PICTURE).tolist() == [[0, 0], [0, 0], [0, 0]]


def test_colours_and_masks_are_placed_too() -> None:
    seen = view(turn=90, **area(2, 1, 3, 2))
    assert seen.place(np.stack([PICTURE] * 3, axis=-1))[..., 1].tolist() == [[5, 2], [6, 3]]
    placed = seen.place(PICTURE > 4)
    assert placed.dtype == np.bool_
    assert placed.tolist() == [[True, False], [True, False]]


def test_whole_image_as_it_is_costs_no_copy() -> None:
    assert np.shares_memory(view().place(PICTURE), PICTURE)


def test_magnified() -> None:
    seen = view(**area(1, 1, 3, 2, PresentationSizeMode="MAGNIFY", PresentationPixelMagnificationRatio=3.0))
    assert seen.shape == (6, 9)
    mask = seen.place(PICTURE > 3)
    assert mask.dtype == np.float32
    assert mask[0].max() == 0
    assert mask[-1].min() == 1
    assert view(**area(1, 1, 3, 2, PresentationPixelMagnificationRatio=3.0)).shape == (2, 3)  # of another mode


@pytest.mark.parametrize("keyword", ["PresentationPixelSpacing", "PresentationPixelAspectRatio"])
def test_pixels_become_square(keyword: str) -> None:
    flat, tall = {keyword: [1, 2]}, {keyword: [2, 1]}
    assert view(**area(1, 1, 3, 2), **tall).shape == (4, 3)
    assert view(**area(1, 1, 3, 2), **flat).shape == (2, 6)
    assert view(**area(1, 1, 3, 2), **tall, turn=90).shape == (3, 4)


@pytest.mark.parametrize(("size", "shape"), [(6, (4, 6)), ((100, 30), (20, 30)), ((4, 100), (4, 6)), ((1, 1), (1, 1))])
def test_size_is_fitted(size: Any, shape: tuple[int, int]) -> None:
    assert view(size=size).shape == shape
    assert view(size=size).place(PICTURE).shape == shape


def test_scaled_part_lies_where_it_belongs() -> None:
    seen = view((4, 4), size=80, **area(-1, 1, 6, 4))
    placed = seen.place(np.full((4, 4), 9, dtype=np.uint8))
    assert placed.shape == (40, 80)
    assert (placed[:, 20:60] == 9).all()
    assert not placed[:, :20].any()
    assert not placed[:, 60:].any()


def test_fractions_are_of_the_area() -> None:
    assert view(size=60).of_fractions(np.array([[0.5, 1.0]])).tolist() == [[30, 40]]


def test_huge_areas_are_refused_unless_a_size_is_given() -> None:
    huge = area(-(2**31), -(2**31), 2**31 - 1, 2**31 - 1)
    with pytest.raises(LimitError, match="pixels"):
        view(**huge)
    assert view(size=100, **huge).place(PICTURE).shape == (100, 100)
    magnified = area(1, 1, 3, 2, PresentationSizeMode="MAGNIFY", PresentationPixelMagnificationRatio=1e30)
    with pytest.raises(LimitError):
        view(**magnified)


@pytest.mark.parametrize("odd", [{"DisplayedAreaTopLeftHandCorner": [1]}, {"PresentationPixelAspectRatio": [0, 1]}])
def test_what_makes_no_sense_is_left_out(odd: dict[str, Any]) -> None:
    assert view(**odd).place(PICTURE).tolist() == PICTURE.tolist()
    assert view(turn=45, **odd).place(PICTURE).tolist() == PICTURE.tolist()


def test_tiles() -> None:
    ds = Dataset({"TotalPixelMatrixColumns": 25, "TotalPixelMatrixRows": 20, "Rows": 10, "Columns": 10})
    assert [tile_offset(ds, frame) for frame in (0, 2, 3)] == [(0, 0), (20, 0), (0, 10)]
    position = Dataset({"ColumnPositionInTotalImagePixelMatrix": 11, "RowPositionInTotalImagePixelMatrix": 4})
    ds.PerFrameFunctionalGroupsSequence = [Dataset({"PlanePositionSlideSequence": [position]})]
    assert tile_offset(ds, 0) == (10, 3)
    assert tile_offset(Dataset(), 5) == (0, 0)
    matrix = area(11, 4, 12, 5, PixelOriginInterpretation="VOLUME")
    assert view_of(Dataset(), Dataset(matrix), ds, (10, 10), 0).area == (0, 0, 2, 2)
