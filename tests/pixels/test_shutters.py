"""Display shutters: shapes, their union, and what covers them."""

import time

import numpy as np
import pytest

from filmless import Dataset
from filmless.errors import LimitError
from filmless.pixels.shutters import Shutter, apply, shutter_of

RECTANGLE = {
    "ShutterLeftVerticalEdge": 2,
    "ShutterRightVerticalEdge": 3,
    "ShutterUpperHorizontalEdge": 2,
    "ShutterLowerHorizontalEdge": 4,
}


def shutter(shape: object, rows: int = 5, columns: int = 4, **attributes: object) -> Shutter | None:
    return shutter_of(Dataset({"ShutterShape": shape, **attributes}), rows, columns)


def visible(found: Shutter | None) -> list[str]:
    assert found is not None
    return ["".join(".#"[int(covered)] for covered in row) for row in found.mask]


def test_without_shape_there_is_none() -> None:
    assert shutter_of(Dataset(), 4, 4) is None
    assert shutter_of(Dataset(RECTANGLE), 4, 4) is None


def test_rectangle_keeps_its_edges() -> None:
    assert visible(shutter("RECTANGULAR", **RECTANGLE)) == ["####", "#..#", "#..#", "#..#", "####"]


def test_edges_beyond_the_picture_cover_nothing() -> None:
    edges = dict.fromkeys(RECTANGLE, 0) | {"ShutterRightVerticalEdge": 99, "ShutterLowerHorizontalEdge": 99}
    assert shutter("RECTANGULAR", **edges) is None


def test_circle_counts_rows_and_columns_from_one() -> None:
    found = shutter("CIRCULAR", 5, 6, CenterOfCircularShutter=[3, 2], RadiusOfCircularShutter=1)
    assert visible(found) == ["######", "#.####", "...###", "#.####", "######"]


def test_circle_is_round_where_pixels_are_not_square() -> None:
    found = shutter(
        "CIRCULAR", 5, 7, CenterOfCircularShutter=[3, 4], RadiusOfCircularShutter=2, PixelSpacing=[2.0, 1.0]
    )
    expected = ["#######", "###.###", "#.....#", "###.###", "#######"]
    assert visible(found) == expected
    circle = Dataset({"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [3, 4], "RadiusOfCircularShutter": 2})
    assert visible(shutter_of(circle, 5, 7, image=Dataset({"PixelAspectRatio": [2, 1]}))) == expected


def test_polygon_closes_itself() -> None:
    found = shutter("POLYGONAL", 5, 5, VerticesOfThePolygonalShutter=[1, 1, 5, 1, 5, 5])
    assert visible(found) == [".####", "..###", "...##", "....#", "....."]


def test_shapes_together_leave_the_least() -> None:
    circle = {"CenterOfCircularShutter": [2, 2], "RadiusOfCircularShutter": 1}
    found = shutter(["RECTANGULAR", "CIRCULAR"], **RECTANGLE, **circle)
    assert visible(found) == ["####", "#..#", "#.##", "####", "####"]


def test_bitmap_covers_where_bits_are_set() -> None:
    ds = Dataset({"ShutterShape": "BITMAP", "ShutterOverlayGroup": 0x6002})
    for element, vr, value in ((0x10, "US", 2), (0x11, "US", 2), (0x3000, "OW", b"\x06\x00")):
        ds.add_new((0x6002, element), vr, value)
    assert visible(shutter_of(ds, 2, 2)) == [".#", "#."]
    assert visible(shutter_of(ds, 2, 2, image=Dataset())) == [".#", "#."]
    ds.ShutterOverlayGroup = 0x0010
    assert shutter_of(ds, 2, 2) is None


@pytest.mark.parametrize(("value", "grey"), [(None, 0), (0, 0), (0xFFFF, 255), (0x8080, 128)])
def test_presentation_value_is_scaled(value: int | None, grey: int) -> None:
    more = {} if value is None else {"ShutterPresentationValue": value}
    found = shutter("RECTANGULAR", **RECTANGLE, **more)
    assert found is not None
    assert apply(np.full((5, 4), 7, dtype=np.uint8), found)[:2].tolist() == [[grey] * 4, [grey, 7, 7, grey]]


def test_colour_covers_colours_and_its_luminance_greys() -> None:
    found = shutter("RECTANGULAR", **RECTANGLE, ShutterPresentationColorCIELabValue=[0xFFFF, 0x8080, 0x8080])
    assert found is not None
    picture = np.full((5, 4, 3), 7, dtype=np.uint8)
    assert apply(picture, found)[0, 0].tolist() == [255, 255, 255]
    assert apply(picture, found)[1, 1].tolist() == [7, 7, 7]
    assert apply(picture[..., 0], found)[0, 0] == 255
    assert apply(picture, None) is picture


def test_frames_of_an_enhanced_xray_have_their_own() -> None:
    own = Dataset({"FrameDisplayShutterSequence": [Dataset({"ShutterShape": "RECTANGULAR", **RECTANGLE})]})
    ds = Dataset({"Modality": "XA", "SharedFunctionalGroupsSequence": [Dataset()]})
    ds.PerFrameFunctionalGroupsSequence = [Dataset(), own]
    assert shutter_of(ds, 5, 4, frame=0) is None
    assert visible(shutter_of(ds, 5, 4, frame=1))[0] == "####"


@pytest.mark.parametrize(
    ("shape", "attributes"),
    [
        ("CIRCULAR", {}),
        ("CIRCULAR", {"CenterOfCircularShutter": [1], "RadiusOfCircularShutter": 3}),
        ("CIRCULAR", {"CenterOfCircularShutter": [1, 1], "RadiusOfCircularShutter": -1}),
        ("CIRCULAR", {"CenterOfCircularShutter": [1, 1], "RadiusOfCircularShutter": 2**31 - 1}),
        ("POLYGONAL", {"VerticesOfThePolygonalShutter": [1, 1, 2]}),
        ("POLYGONAL", {"VerticesOfThePolygonalShutter": [-(2**31), -(2**31), -(2**31), 2**31 - 1] + [2**31 - 1] * 2}),
        ("BITMAP", {}),
        ("STAR", {}),
        ([], {}),
    ],
)
def test_what_is_described_badly_covers_nothing_or_all_but_never_fails(shape: object, attributes: dict) -> None:
    found = shutter(shape, 64, 64, **attributes)
    assert found is None or found.mask.shape == (64, 64)


def test_polygons_are_bounded() -> None:
    vertices = np.random.default_rng(0).integers(1, 512, 2_000_000).tolist()
    begin = time.perf_counter()
    with pytest.raises(LimitError, match="1000000 vertices"):
        shutter("POLYGONAL", 512, 512, VerticesOfThePolygonalShutter=vertices)
    assert shutter("POLYGONAL", 512, 512, VerticesOfThePolygonalShutter=vertices[: 1 << 15]) is not None
    assert time.perf_counter() - begin < 30
