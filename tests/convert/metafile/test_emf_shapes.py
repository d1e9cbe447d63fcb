"""Lines, figures and paths of EMF, pixel by pixel."""

import struct

import numpy as np
import pytest

from filmless.convert.metafile import MetafileOptions, read_metafile, to_svg
from filmless.convert.metafile.path import Path
from filmless.convert.metafile.strokes_fills import draw_open
from filmless.errors import ConversionError

BLUE, RED, GREEN = 0xFF0000, 0x0000FF, 0x00FF00


def test_a_line_is_one_pixel_wide_in_one_row(emf, ink):
    rgb = emf.draw(emf.pen(), emf.record(27, "ii", 5, 10), emf.record(54, "ii", 25, 10))
    assert ink(rgb) == (5, 10, 26, 11, 21)
    assert (rgb != 255).any(axis=2).sum() == 21


@pytest.mark.parametrize(("kind", "short"), [(4, False), (87, True)])
def test_a_polyline_is_open_and_a_polygon_closed(kind, short, emf, ink):
    corners = [(5, 5), (25, 5), (25, 20), (5, 20)]
    rgb = emf.draw(emf.pen(), emf.no_brush, emf.poly(kind, corners, short=short))
    assert ink(rgb) == (5, 5, 26, 21, 21 + 21 + 14)
    assert (rgb[6:20, 5] == 255).all()  # no line that is not in the file
    rgb = emf.draw(emf.pen(), emf.no_brush, emf.poly(kind - 1, corners, short=short))
    assert ink(rgb) == (5, 5, 26, 21, 21 + 21 + 14 + 14)


@pytest.mark.parametrize(("kind", "short"), [(6, False), (89, True)])
def test_a_polyline_to_goes_on_from_the_position_and_moves_it(kind, short, emf, ink):
    rgb = emf.draw(
        emf.pen(),
        emf.record(27, "ii", 5, 5),
        emf.poly(kind, [(25, 5), (25, 20)], short=short),
        emf.record(54, "ii", 10, 20),
    )
    assert ink(rgb) == (5, 5, 26, 21, 21 + 14 + 16)


@pytest.mark.parametrize(("kinds", "short"), [((2, 5), False), ((85, 88), True)])
def test_beziers_pass_where_they_should(kinds, short, emf):
    flat = [(0, 10), (10, 10), (20, 10), (30, 10)]
    first = emf.draw(emf.pen(), emf.poly(kinds[0], flat, short=short))
    second = emf.draw(emf.pen(), emf.record(27, "ii", 0, 10), emf.poly(kinds[1], flat[1:], short=short))
    assert np.array_equal(first, second)
    row = (255 - first[8:13, 2:29].astype(int)).sum(axis=(0, 2)) / 765
    np.testing.assert_allclose(row, 1, atol=0.3)
    curve = [(0, 29), (0, 0), (39, 0), (39, 29)]
    rgb = emf.draw(emf.pen(), emf.poly(kinds[0], curve, short=short))
    top = np.nonzero((rgb[:, 19] < 128).any(axis=1))[0]
    assert abs(top[0] - (29 - 0.75 * 29)) <= 1
    assert (rgb[29, 5:35] == 255).all()  # open


@pytest.mark.parametrize("count", [2, 5, 6])
def test_a_bezier_of_half_a_curve_is_damaged(count, emf):
    with pytest.raises(ConversionError, match="EMR_POLYBEZIER: "):
        emf.draw(emf.pen(), emf.poly(2, [(1, 1)] * count))


@pytest.mark.parametrize("short", [False, True])
def test_poly_poly(short, emf, ink):
    figures = [[(2, 2), (12, 2), (12, 12), (2, 12)], [(20, 2), (30, 2), (30, 12)]]
    rgb = emf.draw(emf.pen(), emf.poly_poly(90 if short else 7, figures, short=short))
    assert (rgb[5:10, 2] == 255).all()
    assert ink(rgb) == (2, 2, 31, 13, 31 + 21)
    rgb = emf.draw(emf.no_pen, emf.brush(BLUE), emf.poly_poly(91 if short else 8, [*figures[:1]], short=short))
    assert ink(rgb, (0, 0, 255)) == (2, 2, 12, 12, 100)


def test_the_fill_mode_decides_of_holes(emf, ink):
    figures = [[(0, 0), (20, 0), (20, 20), (0, 20)], [(5, 5), (15, 5), (15, 15), (5, 15)]]
    body = emf.no_pen, emf.brush(RED), emf.poly_poly(8, figures)
    assert ink(emf.draw(emf.record(19, "I", 1), *body), (255, 0, 0))[4] == 300
    assert ink(emf.draw(emf.record(19, "I", 2), *body), (255, 0, 0))[4] == 400


@pytest.mark.parametrize(("kind", "short"), [(56, False), (92, True)])
def test_poly_draw(kind, short, emf, ink):
    points = [(5, 5), (25, 5), (25, 20)]
    flat = [number for point in points for number in point]
    body = struct.pack(f"<4iI{'6h' if short else '6i'}3B", 0, 0, 0, 0, 3, *flat, 6, 2, 3)
    rgb = emf.draw(emf.pen(), emf.record(kind, tail=body))
    assert (rgb[5, 6:25] < 40).all()
    assert (rgb[6:20, 25] < 40).all()
    assert rgb[12, 14].min() < 200  # the last byte closes the figure
    wrong = struct.pack("<4iI6i3B", 0, 0, 0, 0, 3, *flat, 6, 4, 4)
    with pytest.raises(ConversionError, match="EMR_POLYDRAW: "):
        emf.draw(emf.pen(), emf.record(56, tail=wrong))


def test_rectangles_and_ellipses(emf, ink):
    rgb = emf.draw(emf.pen(BLUE), emf.brush(RED), emf.record(43, "iiii", 5, 5, 20, 15))
    assert ink(rgb, (0, 0, 255)) == (5, 5, 21, 16, 2 * 16 + 2 * 9)
    assert ink(rgb, (255, 0, 0)) == (6, 6, 20, 15, 14 * 9)
    rgb = emf.draw(emf.no_pen, emf.brush(), emf.record(42, "iiii", 5, 5, 25, 25))
    assert abs((255 - rgb[..., 0].astype(int)).sum() / 255 - np.pi * 100) < 2
    rgb = emf.draw(emf.no_pen, emf.brush(), emf.record(44, "iiiiii", 5, 5, 25, 25, 10, 10))
    assert abs((255 - rgb[..., 0].astype(int)).sum() / 255 - (400 - (4 - np.pi) * 25)) < 2


def test_arcs_are_open_chords_and_pies_are_not(emf):
    numbers = (5, 5, 25, 25, 25, 15, 15, 5)  # the upper right quarter, counterclockwise
    drawn = {kind: emf.draw(emf.pen(), emf.no_brush, emf.record(kind, "8i", *numbers)) for kind in (45, 46, 47)}
    for rgb in drawn.values():
        assert rgb[8, 22].min() < 160  # the arc
        assert (rgb[16:, :14] == 255).all()  # the other three quarters are empty
    assert (drawn[45][10:15, 10:20] == 255).all()
    assert drawn[46][10, 20].min() < 200  # from end to end
    assert drawn[47][10, 15].min() < 100  # to the middle
    assert drawn[47][15, 20].min() < 100
    turned = emf.draw(emf.pen(), emf.record(57, "I", 2), emf.record(45, "8i", *numbers))
    assert (turned[5:14, 16:] > 200).all(axis=2).mean() > 0.9
    assert turned[22, 8].min() < 160


def test_arcs_that_go_on(emf, ink):
    numbers = (5, 5, 25, 25, 25, 15, 15, 5)
    rgb = emf.draw(emf.pen(), emf.record(27, "ii", 39, 15), emf.record(55, "8i", *numbers), emf.record(54, "ii", 0, 5))
    assert (rgb[15, 27:39] == 0).all()
    assert (rgb[5, 1:14] == 0).all()
    rgb = emf.draw(emf.pen(), emf.record(27, "ii", 39, 15), emf.record(41, "iiIff", 15, 15, 10, 0, 90))
    assert (rgb[15, 27:39] == 0).all()
    assert rgb[8, 22].min() < 160
    assert (rgb[16:, :14] == 255).all()


def test_pixels(emf, ink):
    assert ink(emf.draw(emf.record(15, "iiI", 7, 9, BLUE)), (0, 0, 255)) == (7, 9, 8, 10, 1)
    data = emf.page(emf.record(15, "iiI", 7, 9, BLUE))
    rgb = read_metafile(data, MetafileOptions(dpi=4 * 25.4)).rgb
    assert ink(rgb, (0, 0, 255)) == (28, 36, 32, 40, 16)


def test_a_path_is_drawn_when_it_is_asked_for(emf, ink):
    corners = emf.record(27, "ii", 5, 5) + emf.poly(89, [(25, 5), (25, 20)], short=True)
    begin, end, close = emf.record(59), emf.record(60), emf.record(61)
    fill, both, stroke, abort = (emf.record(kind, "iiii", 0, 0, 0, 0) for kind in (62, 63, 64, 68))
    tools = emf.pen(), emf.brush(RED)
    rgb = emf.draw(*tools, begin, corners, end, stroke)
    assert ink(rgb) == (5, 5, 26, 21, 36)
    assert ink(rgb, (255, 0, 0))[4] == 0
    assert emf.draw(*tools, begin, corners, close, end, stroke)[12, 14].min() < 200
    rgb = emf.draw(*tools, begin, corners, end, fill)
    assert ink(rgb)[4] == 0
    assert ink(rgb, (255, 0, 0))[4] > 130
    assert emf.draw(*tools, begin, corners, end, both)[12, 14].min() < 200  # GDI closes figures when it does both
    rest = emf.record(15, "iiI", 0, 0, 0)
    assert ink(emf.draw(*tools, begin, corners, abort, rest))[4] == 1
    assert ink(emf.draw(*tools, begin, corners, end, rest))[4] == 1


def test_a_widened_path_is_what_the_pen_covered(emf, ink):
    line = emf.record(59) + emf.record(27, "ii", 5, 15) + emf.record(54, "ii", 25, 15) + emf.record(60)
    flat = 0x10200
    rgb = emf.draw(
        emf.wide_pen(width=5, style=flat), emf.brush(RED), line, emf.record(66), emf.record(62, "4i", 0, 0, 0, 0)
    )
    assert abs((255 - rgb[..., 1].astype(int)).sum() / 255 - 100) < 12
    with pytest.raises(ConversionError, match="EMR_STROKEPATH: "):
        emf.draw(emf.wide_pen(width=5), line, emf.record(66), emf.record(64, "4i", 0, 0, 0, 0))


def test_wide_pens_have_width_caps_and_joints(emf):
    def area(style: int, *points) -> float:
        rgb = emf.draw(emf.wide_pen(width=10, style=0x10000 | style), emf.poly(4, points), rows=40)
        return (255 - rgb[..., 0].astype(int)).sum() / 255

    line = (10, 15), (20, 15)
    assert area(0x200, *line) == pytest.approx(100, abs=1)
    assert area(0x100, *line) == pytest.approx(200, abs=1)
    assert area(0x000, *line) == pytest.approx(100 + np.pi * 25, abs=2)
    corner = (10, 25), (25, 25), (25, 10)
    mitre, bevel, round_ = (area(0x200 | join, *corner) for join in (0x2000, 0x1000, 0))
    assert mitre == pytest.approx(300, abs=2)
    assert bevel == pytest.approx(300 - 12.5, abs=2)
    assert bevel + 3 < round_ < mitre - 3


def test_dashes(emf):
    line = emf.poly(4, [(0, 15), (40, 15)])
    rgb = emf.draw(emf.wide_pen(width=2, style=0x10207, dashes=(6, 4)), line)
    assert abs((255 - rgb[15, :, 0].astype(int)).reshape(4, 10).sum(axis=1) / 255 - 6).max() < 0.1
    rgb = emf.draw(emf.record(18, "I", 1), emf.pen(style=2), line)
    assert 16 <= (255 - rgb[15, :, 0].astype(int)).sum() / 255 <= 24
    rgb = emf.draw(emf.record(18, "I", 2), emf.record(25, "I", GREEN), emf.pen(style=2), line)
    assert set(map(tuple, rgb[15, :40].tolist())) >= {(0, 0, 0), (0, 255, 0)}  # the gaps have the background
    assert (emf.draw(emf.pen(style=2, width=3), line)[15, :, 0] == 0).all()  # wide ones have none, as in GDI
    assert (emf.draw(emf.wide_pen(style=0x0, width=1), line)[15, :, 0] == 0).all()


def test_a_pen_within_the_frame_stays_in_it(emf, ink):
    rgb = emf.draw(emf.pen(width=4, style=6), emf.no_brush, emf.record(43, "iiii", 10, 10, 30, 26))
    ys, xs = np.nonzero(rgb[..., 0] < 255)
    assert (xs.min(), ys.min()) >= (10, 10)
    assert (xs.max(), ys.max()) <= (30, 26)


def test_thin_lines_keep_a_pixel_however_small_the_picture_is(emf):
    line = emf.poly(4, [(0, 500), (1000, 500)]), emf.poly(4, [(0, 0), (1000, 1000)])
    for pen in (emf.pen(), emf.pen(width=1), emf.wide_pen(width=1)):
        data = emf.page(pen, *line, columns=1000, rows=1000)
        rgb = read_metafile(data, MetafileOptions(size=50)).rgb
        assert (rgb[25, :] == 0).all()
        assert ((255 - rgb[1:20].astype(int)).sum(axis=(1, 2)) / 765 > 0.9).all()


def test_an_uneven_mapping_makes_wide_pens_uneven(emf):
    stretch = emf.record(17, "I", 8), emf.record(9, "ii", 10, 30), emf.record(11, "ii", 40, 30)
    lines = emf.poly(4, [(5, 0), (5, 30)]), emf.poly(4, [(0, 15), (10, 15)])
    rgb = emf.draw(*stretch, emf.wide_pen(width=3, style=0x10200), *lines)
    assert (rgb[3, :, 0] < 128).sum() == 12
    assert (rgb[:, 3, 0] < 128).sum() == 3


def test_raster_operations(emf, ink):
    red, box = emf.brush(RED), emf.record(43, "iiii", 0, 0, 10, 10)
    ground = emf.no_pen, emf.brush(0xFFFFFF), emf.record(43, "iiii", 0, 0, 40, 30)
    results = {
        1: (0, 0, 0), 16: (255, 255, 255), 11: (255, 255, 255), 6: (0, 0, 0), 13: (255, 0, 0), 4: (0, 255, 255),
        7: (0, 255, 255), 9: (255, 0, 0), 15: (255, 255, 255), 10: (255, 0, 0), 3: (0, 255, 255), 8: (0, 255, 255),
        2: (0, 0, 0), 5: (0, 0, 0), 14: (255, 0, 0), 12: (255, 255, 255),
    }  # fmt: skip
    for operation, expected in results.items():
        rgb = emf.draw(*ground, red, emf.record(20, "I", operation), box)
        assert tuple(rgb[5, 5]) == expected, operation
    twice = emf.draw(*ground, emf.record(20, "I", 7), red, box, box)
    assert (twice == 255).all()
    with pytest.raises(ConversionError, match="EMR_RECTANGLE: raster operation R2_XORPEN"):
        emf.draw(emf.no_pen, emf.brush(0x123456), emf.record(20, "I", 7), box)
    with pytest.raises(ConversionError, match="EMR_RECTANGLE: a pattern"):
        emf.draw(emf.no_pen, emf.brush(0, style=2), emf.record(20, "I", 7), box)


def test_what_is_drawn_nowhere_near_the_picture_is_an_error(emf):
    with pytest.raises(ConversionError, match="far outside"):
        emf.draw(emf.pen(), emf.poly(4, [(0, 0), (2**31 - 1, 5)]))


def test_lines_that_go_on_are_one_figure(emf):
    steps = b"".join(emf.record(54, "ii", x, 10 + x % 7) for x in range(1, 30))
    svg = to_svg(emf.page(emf.pen(), emf.record(27, "ii", 0, 10), steps), MetafileOptions(dpi=25.4))
    assert svg.count("<path") == 1
    assert svg.count("M") == 1
    assert "Z" not in svg


@pytest.mark.parametrize("scale", [1, 3.7])
def test_single_lines_have_a_fast_path_that_draws_the_same(scale, emf, rng, monkeypatch):
    lines = b"".join(
        emf.record(27 if rng.integers(5) == 0 else 54, "ii", *map(int, rng.integers(0, 12, 2) * 3)) for _ in range(300)
    )
    clip = emf.record(30, "iiii", 3, 3, 30, 20)
    for pen in (emf.pen(), emf.pen(RED, width=1), emf.wide_pen(width=4), emf.wide_pen(width=3, style=0x12200)):
        data, options = emf.page(pen, lines, clip, lines), MetafileOptions(dpi=25.4 * scale)
        fast = to_svg(data, options)
        with monkeypatch.context() as patch:
            patch.setattr("filmless.convert.metafile.figures.draw_line", plain_line)
            assert to_svg(data, options) == fast


def plain_line(dc, start, end, record):
    draw_open(dc, Path.polyline(np.array([start, end])), record)
