"""Graphic and text annotations: each kind drawn where it belongs, and nothing drawn without end."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from filmless import Dataset
from filmless.dataset import Finding
from filmless.pixels.annotations import Graphic, Label, annotations_of, layers_of
from filmless.pixels.displayed_area import View
from filmless.pixels.drawing import draw_annotations

BLACK = np.zeros((64, 64), dtype=np.uint8)


def graphic(kind: str, *values: float, **more: Any) -> Dataset:
    given = {"GraphicAnnotationUnits": "PIXEL", "GraphicDimensions": 2, "GraphicFilled": "N"} | more
    return Dataset({"GraphicType": kind, "GraphicData": [float(value) for value in values]} | given)


def words(text: str, **more: Any) -> Dataset:
    return Dataset({"UnformattedTextValue": text} | more)


def box(left: float, top: float, right: float, bottom: float, units: str = "PIXEL") -> dict[str, Any]:
    corners = {"BoundingBoxTopLeftHandCorner": [left, top], "BoundingBoxBottomRightHandCorner": [right, bottom]}
    return corners | {"BoundingBoxAnnotationUnits": units}


def read(*objects: Dataset, findings: list[Finding] | None = None, **more: Any) -> list[Graphic | Label]:
    item = Dataset({"GraphicLayer": "L"} | more)
    for keyword, key in (("GraphicObjectSequence", "GraphicType"), ("TextObjectSequence", "UnformattedTextValue")):
        chosen = [made for made in objects if key in made]
        if chosen:
            setattr(item, keyword, chosen)
    return annotations_of([item], [] if findings is None else findings)


def drawn(
    *objects: Dataset, picture: np.ndarray = BLACK, view: View | None = None, colour: Any = None, **more: Any
) -> np.ndarray:
    rows, columns = picture.shape[:2]
    view = view or View((rows, columns), 0, False, (0, 0, columns, rows), (rows, columns))
    items = [replace(item, colour=item.colour or colour) for item in read(*objects)]
    return draw_annotations(picture, items, view, **more)


def extent(picture: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is not black."""
    rows, columns = np.nonzero(picture)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


class TestGraphics:
    def test_polyline_goes_through_the_pixels_of_its_points(self) -> None:
        out = drawn(graphic("POLYLINE", 10.5, 20.5, 30.5, 20.5))
        assert extent(out) == (10, 20, 30, 20)
        assert (out[20, 10:31] == 255).all()

    def test_circle_has_center_and_a_point_on_it(self) -> None:
        out = drawn(graphic("CIRCLE", 32.5, 32.5, 42.5, 32.5))
        assert extent(out) == (22, 22, 42, 42)
        assert not out[32, 32]

    def test_ellipse_by_the_ends_of_its_axes(self) -> None:
        out = drawn(graphic("ELLIPSE", 12.5, 32.5, 52.5, 32.5, 32.5, 22.5, 32.5, 42.5))
        assert extent(out) == (12, 22, 52, 42)

    def test_turned_ellipse(self) -> None:
        out = drawn(graphic("ELLIPSE", 12.5, 12.5, 52.5, 52.5, 37.5, 27.5, 27.5, 37.5))
        assert out[12:14, 12:14].any()
        assert out[51:53, 51:53].any()
        assert not out[:20, 44:].any()

    def test_interpolated_passes_its_points_and_bends(self) -> None:
        out = drawn(graphic("INTERPOLATED", 10.5, 32.5, 32.5, 12.5, 54.5, 32.5))
        assert all(out[y, x] for x, y in ((10, 32), (32, 12), (54, 32)))
        straight = drawn(graphic("POLYLINE", 10.5, 32.5, 32.5, 12.5, 54.5, 32.5))
        assert (out != straight).sum() > 20

    def test_point_is_a_dot(self) -> None:
        out = drawn(graphic("POINT", 32.5, 16.5))
        assert out[16, 32] == 255
        assert 1 < (out > 0).sum() < 20

    def test_filled_leaves_the_inside_visible(self) -> None:
        out = drawn(graphic("CIRCLE", 32, 32, 42, 32, GraphicFilled="Y"))
        assert out[32, 32] == 128
        solid = Dataset({"PatternOnOpacity": 1.0, "PatternOnColorCIELabValue": [0x8000, 0x8080, 0x8080]})
        out = drawn(graphic("CIRCLE", 32, 32, 42, 32, GraphicFilled="Y", FillStyleSequence=[solid]))
        assert out[32, 32] == 119

    def test_units(self) -> None:
        view = View((64, 64), 0, False, (32, 32, 64, 64), (64, 64))
        assert extent(drawn(graphic("POLYLINE", 40, 40.25, 48, 40.25), view=view))[:2] == (16, 16)
        display = graphic("POLYLINE", 0.25, 0.26, 0.5, 0.26, GraphicAnnotationUnits="DISPLAY")
        assert extent(drawn(display, view=view))[:2] == (16, 16)
        matrix = graphic("POLYLINE", 140, 240.25, 148, 240.25, GraphicAnnotationUnits="MATRIX")
        assert extent(drawn(matrix, view=view, tile=(100, 200)))[:2] == (16, 16)

    def test_line_style(self) -> None:
        style = Dataset({"LineThickness": 5.0, "PatternOnColorCIELabValue": [34885, 53485, 50171]})
        out = drawn(graphic("POLYLINE", 10.5, 20.5, 30.5, 20.5, LineStyleSequence=[style]))
        assert out.shape == (64, 64, 3)
        assert extent(out[..., 0]) == (10, 18, 30, 22)
        assert out[20, 20].tolist() == [250, 0, 6]

    def test_grey_layer_keeps_a_grey_picture(self) -> None:
        line = graphic("POLYLINE", 10, 20, 30, 20)
        assert drawn(line, colour=(80, 80, 80)).max() == 80
        assert drawn(line, colour=(255, 0, 0)).shape == (64, 64, 3)

    def test_picture_stays_as_it_is(self) -> None:
        picture = BLACK.copy()
        drawn(graphic("POLYLINE", 0, 0, 64, 64), picture=picture)
        assert not picture.any()


class TestTexts:
    def test_stays_in_its_box(self) -> None:
        picture = np.zeros((400, 400), dtype=np.uint8)
        out = drawn(words("Lesion 12 mm\nsecond", **box(100, 50, 180, 90)), picture=picture)
        left, top, right, bottom = extent(out)
        assert (left >= 98, top >= 49, right <= 182, bottom <= 92) == (True,) * 4

    @pytest.mark.parametrize(("justification", "side"), [("LEFT", 0), ("CENTER", 1), ("RIGHT", 2)])
    def test_justified(self, justification: str, side: int) -> None:
        picture = np.zeros((300, 300), dtype=np.uint8)
        placed = box(30, 20, 270, 50) | {"BoundingBoxTextHorizontalJustification": justification}
        left, _, right, _ = extent(drawn(words("abc", **placed), picture=picture))
        gaps = left - 30, 270 - right
        assert [gaps[0] < 5, abs(gaps[0] - gaps[1]) < 8, gaps[1] < 5][side]

    def test_stands_upright_in_a_flipped_picture(self) -> None:
        flipped = View((64, 64), 0, True, (0, 0, 64, 64), (64, 64))
        upright = drawn(words("R", **box(10, 10, 30, 30)))
        shown = drawn(words("R", **box(10, 10, 30, 30)), view=flipped)
        left, top, right, bottom = extent(upright)
        at = extent(shown)
        assert 32 <= at[0] <= 36
        assert (shown[at[1] : at[3] + 1, at[0] : at[2] + 1] == upright[top : bottom + 1, left : right + 1]).all()

    def test_anchor_with_and_without_a_line(self) -> None:
        picture = np.zeros((256, 256), dtype=np.uint8)
        placed = box(100, 100, 200, 130) | {"AnchorPoint": [20.5, 20.5], "AnchorPointAnnotationUnits": "PIXEL"}
        assert drawn(words("x", **placed, AnchorPointVisibility="Y"), picture=picture)[20, 20]
        assert not drawn(words("x", **placed, AnchorPointVisibility="N"), picture=picture)[20, 20]
        beside = drawn(words("x", AnchorPoint=[250.0, 128.0]), picture=picture)
        assert extent(beside)[2] < 250  # left of its anchor, where the picture ends

    def test_can_be_read_on_white(self) -> None:
        out = drawn(words("x", **box(10, 10, 40, 40)), picture=np.full((64, 64), 255, dtype=np.uint8))
        assert out.min() == 0

    def test_stays_on_the_picture(self) -> None:
        out = drawn(words("far", **box(1e8, -1e8, 1e9, -1e7)))
        assert out.any()


def test_layers_are_in_order_with_their_colours() -> None:
    state = Dataset()
    state.GraphicLayerSequence = [
        Dataset({"GraphicLayer": "TOP", "GraphicLayerOrder": 2, "GraphicLayerRecommendedDisplayGrayscaleValue": 0}),
        Dataset({"GraphicLayer": "LOW", "GraphicLayerOrder": 1}),
        Dataset({"GraphicLayer": "RED", "GraphicLayerOrder": 3}),
    ]
    state.GraphicLayerSequence[2].GraphicLayerRecommendedDisplayCIELabValue = [34885, 53485, 50171]
    layers = [(layer.name, layer.colour) for layer in layers_of(state)]
    assert layers == [("LOW", (255, 255, 255)), ("TOP", (0, 0, 0)), ("RED", (250, 0, 6))]


class TestHostile:
    @pytest.mark.parametrize(
        "item",
        [
            graphic("POLYLINE", 1, 2, 3),
            graphic("POLYLINE", float("nan"), 2, 3, 4),
            graphic("POLYLINE", float("inf"), 2, 3, 4),
            graphic("STAR", 1, 2, 3, 4),
            graphic("ELLIPSE", 1, 2, 3, 4),
            graphic("CIRCLE", 1, 2, 3, 4, GraphicDimensions=3),
            Dataset({"GraphicType": "POINT"}),
        ],
    )
    def test_what_cannot_be_drawn_is_a_finding(self, item: Dataset) -> None:
        findings: list[Finding] = []
        assert read(item, findings=findings) == []
        assert [finding.code for finding in findings] == ["graphic"]

    def test_texts_without_words_or_place_are_findings(self) -> None:
        findings: list[Finding] = []
        assert read(words("x"), words(" ", **box(1, 1, 2, 2)), findings=findings) == []
        assert [finding.code for finding in findings] == ["text", "text"]

    def test_points_beyond_those_said_are_not_drawn(self) -> None:
        (item,) = read(graphic("POLYLINE", 1, 1, 2, 2, 3, 3, 4, NumberOfGraphicPoints=2))
        assert isinstance(item, Graphic)
        assert item.points.tolist() == [[1, 1], [2, 2]]

    def test_compound_graphics_are_drawn_by_their_simple_ones(self) -> None:
        findings: list[Finding] = []
        compound = [Dataset({"CompoundGraphicInstanceID": 1, "CompoundGraphicType": "ARROW"})]
        line = graphic("POLYLINE", 1, 1, 2, 2, CompoundGraphicInstanceID=1)
        assert len(read(line, CompoundGraphicSequence=compound, findings=findings)) == 1
        assert findings == []
        read(graphic("POLYLINE", 1, 1, 2, 2), CompoundGraphicSequence=compound, findings=findings)
        assert [finding.code for finding in findings] == ["compound-graphic"]

    @pytest.mark.parametrize("filled", ["Y", "N"])
    @pytest.mark.parametrize("reach", [64.0, 3e38])
    def test_a_million_points(self, reach: float, filled: str) -> None:
        values = (np.random.default_rng(0).random(2_000_000) * reach).tolist()
        item = read(graphic("POLYLINE", *values, GraphicFilled=filled))
        view = View((64, 64), 0, False, (0, 0, 64, 64), (64, 64))
        begin = time.perf_counter()
        draw_annotations(BLACK, item, view)
        assert time.perf_counter() - begin < 20

    @pytest.mark.parametrize("filled", ["Y", "N"])
    @pytest.mark.parametrize("kind", ["CIRCLE", "ELLIPSE", "INTERPOLATED", "POINT", "POLYLINE"])
    def test_far_out(self, kind: str, filled: str) -> None:
        begin = time.perf_counter()
        drawn(graphic(kind, 0, 0, 3e38, 0, -3e38, 3e38, 1, 1, GraphicFilled=filled))
        drawn(graphic(kind, 32, 32, 1e9, 32, 32, 1e9, 32, -1e9, GraphicFilled=filled))
        assert time.perf_counter() - begin < 10

    def test_huge_circle_through_the_picture(self) -> None:
        out = drawn(graphic("CIRCLE", -100_000, 32.5, 32.5, 32.5))
        assert out[32, 32]
        assert extent(out)[0] >= 30

    def test_a_line_between_points_far_out_is_where_it_belongs(self) -> None:
        out = drawn(graphic("POLYLINE", -900_000, 20.5, 900_000, 20.5))
        assert (out[20] == 255).all()
        assert (out > 0).sum() == 64

    def test_long_texts_and_control_signs(self) -> None:
        drawn(words("\x00\x1b[31m\ud7ff" + "word " * 10_000, **box(1, 1, 20, 20)))
        drawn(words("\n" * 5000 + "x" * 9000, **box(0.1, 0.1, 0.2, 0.2, "DISPLAY")))

    @pytest.mark.parametrize(
        "item",
        [graphic("CIRCLE", 1, 1, 2, 2, GraphicFilled="Y"), words("x" * 2000, **box(0, 0, 9, 9))],
    )
    def test_too_many(self, item: Dataset) -> None:
        findings: list[Finding] = []
        kept = read(*[item] * 5000, findings=findings)
        assert 100 < len(kept) < 2000
        assert [finding.code for finding in findings] == ["annotations"]

    def test_thousands_of_marks_are_not_too_many(self) -> None:
        findings: list[Finding] = []
        assert len(read(*[graphic("POINT", 1, 1)] * 9000, findings=findings)) == 9000
        assert findings == []
