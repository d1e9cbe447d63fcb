"""Mapping, clipping, regions, objects and saved states of EMF, pixel by pixel."""

import struct

import numpy as np
import pytest

from filmless.convert.metafile import MetafileOptions, read_metafile
from filmless.errors import ConversionError, LimitError

BLUE, RED, GREEN = 0xFF0000, 0x0000FF, 0x00FF00


@pytest.fixture
def box(emf):
    """A black rectangle of (5, 5) to (15, 10) in logical coordinates, after some state."""

    def box(*state: bytes, **page) -> np.ndarray:
        return emf.draw(emf.no_pen, emf.brush(), *state, emf.record(43, "iiii", 5, 5, 15, 10), **page)

    return box


def test_window_and_viewport(emf, ink, box):
    free = emf.record(17, "I", 8)
    assert ink(box()) == (5, 5, 15, 10, 50)
    double = emf.record(9, "ii", 20, 15), emf.record(11, "ii", 40, 30)
    assert ink(box(*double)) == (5, 5, 15, 10, 50)  # the mode of pixels takes no extents
    assert ink(box(free, *double)) == (10, 10, 30, 20, 200)
    assert ink(box(free, *double, emf.record(10, "ii", 5, 5)))[:2] == (0, 0)
    assert ink(box(emf.record(12, "ii", 3, 4)))[:2] == (8, 9)
    up = emf.record(9, "ii", 40, -30), emf.record(11, "ii", 40, 30), emf.record(12, "ii", 0, 30)
    assert ink(box(free, *up))[:4] == (5, 20, 15, 25)
    scaled = emf.record(32, "iiii", 1, 2, 1, 1), emf.record(31, "iiii", 1, 1, 2, 1)
    assert ink(box(free, emf.record(9, "ii", 40, 30), emf.record(11, "ii", 40, 30), *scaled))[:4] == (10, 10, 30, 20)


def test_modes_of_lengths_count_upwards(emf, ink, box):
    place = emf.record(12, "ii", 0, 30)  # a pixel is a millimetre
    low_metric = emf.draw(
        emf.no_pen, emf.brush(), emf.record(17, "I", 2), place, emf.record(43, "iiii", 50, 50, 150, 100)
    )
    assert ink(low_metric) == (5, 20, 15, 25, 50)
    high_metric = emf.draw(
        emf.no_pen, emf.brush(), emf.record(17, "I", 3), place, emf.record(43, "iiii", 500, 500, 1500, 1000)
    )
    assert ink(high_metric) == (5, 20, 15, 25, 50)
    inch = emf.draw(emf.no_pen, emf.brush(), emf.record(17, "I", 4), place, emf.record(43, "iiii", 0, 0, 100, 100))
    assert ink(inch) == (0, 5, 25, 30, 625)
    twips = emf.draw(emf.no_pen, emf.brush(), emf.record(17, "I", 6), place, emf.record(43, "iiii", 0, 0, 1440, 1440))
    assert ink(twips) == (0, 5, 25, 30, 625)


def test_the_isotropic_mode_keeps_squares(emf, ink, box):
    state = emf.record(17, "I", 7), emf.record(9, "ii", 20, 15), emf.record(11, "ii", 60, 30)
    assert ink(box(*state)) == (10, 10, 30, 20, 200)


def test_world_transforms(emf, ink, box):
    assert ink(box(emf.record(35, "6f", 2, 0, 0, 2, 1, 0)))[:4] == (11, 10, 31, 20)
    turned = box(emf.record(35, "6f", 0, 1, -1, 0, 20, 0))
    assert ink(turned)[:4] == (10, 5, 15, 15)
    shift, double = (1, 0, 0, 1, 3, 0), (2, 0, 0, 2, 0, 0)
    before = box(emf.record(35, "6f", *double), emf.record(36, "6fI", *shift, 2))
    after = box(emf.record(35, "6f", *double), emf.record(36, "6fI", *shift, 3))
    assert ink(before)[0] == 16
    assert ink(after)[0] == 13
    assert ink(box(emf.record(35, "6f", *double), emf.record(36, "6fI", *shift, 4)))[0] == 8
    assert ink(box(emf.record(35, "6f", *double), emf.record(36, "6fI", *shift, 1)))[0] == 5
    for numbers, match in ((("6f", float("nan"), 0, 0, 1, 0, 0), "numbers"),):
        with pytest.raises(ConversionError, match=f"EMR_SETWORLDTRANSFORM: .*{match}"):
            box(emf.record(35, *numbers))
    with pytest.raises(ConversionError, match="EMR_MODIFYWORLDTRANSFORM: its mode is 7"):
        box(emf.record(36, "6fI", *shift, 7))


def test_saved_states_come_back(emf, ink, box):
    double = emf.record(35, "6f", 2, 0, 0, 2, 0, 0)
    save, back = emf.record(33), emf.record(34, "i", -1)
    assert ink(box(save, double, back))[0] == 5
    assert ink(box(save, save, double, emf.record(34, "i", -2)))[0] == 5
    assert ink(box(double, save, emf.record(36, "6fI", 1, 0, 0, 1, 0, 0, 1), emf.record(34, "i", 1)))[0] == 10
    assert ink(box(double, emf.record(34, "i", -3)))[0] == 10  # there is none: told, not an error
    with pytest.raises(LimitError, match="saves its state too often"):
        box(save * 5000)


def test_a_mirrored_layout(emf, ink, box):
    assert ink(box(emf.record(115, "I", 1)))[:4] == (25, 5, 35, 10)


def _region(*boxes) -> bytes:
    flat = [number for box in boxes for number in box]
    return struct.pack(f"<IIII4i{len(flat)}i", 32, 1, len(boxes), 16 * len(boxes), 0, 0, 0, 0, *flat)


@pytest.fixture
def flood(emf):
    """How many pixels a rectangle over all of the page turns blue."""

    def flood(*state: bytes) -> tuple:
        rgb = emf.draw(emf.no_pen, emf.brush(BLUE), *state, emf.record(43, "iiii", 0, 0, 40, 30))
        ys, xs = np.nonzero((rgb == (0, 0, 255)).all(axis=2))
        return len(xs), (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1) if len(xs) else None

    return flood


def test_clipping_rectangles(emf, flood):
    assert flood()[0] == 1200
    assert flood(emf.record(30, "iiii", 5, 5, 15, 10)) == (50, (5, 5, 15, 10))
    assert flood(emf.record(29, "iiii", 5, 5, 15, 10))[0] == 1150
    assert flood(emf.record(30, "iiii", 5, 5, 15, 10), emf.record(30, "iiii", 10, 0, 40, 30)) == (25, (10, 5, 15, 10))
    assert flood(emf.record(30, "iiii", 5, 5, 15, 10), emf.record(26, "ii", 2, 3)) == (50, (7, 8, 17, 13))
    assert flood(emf.record(33), emf.record(30, "iiii", 5, 5, 15, 10), emf.record(34, "i", -1))[0] == 1200
    double = emf.record(35, "6f", 2, 0, 0, 2, 0, 0)
    assert flood(double, emf.record(30, "iiii", 5, 5, 15, 10)) == (200, (10, 10, 30, 20))


@pytest.mark.parametrize(
    ("mode", "count"), [(1, 25), (2, 50 + 100 - 25), (3, 50 + 100 - 50), (4, 25), (5, 100)]
)  # fmt: skip
def test_clipping_regions(mode, count, emf, flood):
    first = emf.record(30, "iiii", 5, 5, 15, 10)
    region = _region((10, 0, 20, 5), (10, 5, 20, 10))
    assert flood(first, emf.record(75, "II", len(region), mode, tail=region))[0] == count
    assert flood(first, emf.record(75, "II", 0, 5))[0] == 1200


@pytest.mark.parametrize(
    ("mode", "count"), [(1, 25), (2, 50 + 100 - 25), (3, 50 + 100 - 50), (4, 25), (5, 100)]
)  # fmt: skip
def test_clipping_paths(mode, count, emf, flood):
    first = emf.record(30, "iiii", 5, 5, 15, 10)
    shape = emf.poly(3, [(10, 0), (20, 0), (20, 10), (10, 10)])
    path = emf.record(59) + shape + emf.record(60) + emf.record(67, "I", mode)
    assert flood(first, path)[0] == count
    round_ = emf.record(59) + emf.record(42, "iiii", 5, 5, 25, 25) + emf.record(60) + emf.record(67, "I", 5)
    assert abs(flood(round_)[0] - np.pi * 100) < 40
    cut = flood(round_, emf.record(30, "iiii", 0, 0, 15, 30))
    assert cut[1][2] == 15
    assert abs(cut[0] - np.pi * 50) < 20


def test_a_meta_region_stays(emf, flood):
    first, second = emf.record(30, "iiii", 5, 5, 15, 10), emf.record(30, "iiii", 10, 0, 40, 30)
    assert flood(first, emf.record(28), second)[0] == 25
    assert flood(first, emf.record(28), emf.record(75, "II", 0, 5))[0] == 50


def test_clips_within_clips_have_an_end(emf, flood):
    path = emf.record(59) + emf.record(42, "iiii", 5, 5, 25, 25) + emf.record(60) + emf.record(67, "I", 4)
    assert flood(path * 10)[0] > 800
    round_ = emf.record(59) + emf.record(42, "iiii", 0, 0, 40, 30) + emf.record(60) + emf.record(67, "I", 5)
    dots = b"".join(emf.record(29, "iiii", x, 10, x + 1, 20) for x in range(5, 35, 2))
    assert flood(round_)[0] - flood(round_, dots)[0] == 15 * 10  # many rectangles are one region
    boxes = b"".join(emf.record(30, "iiii", x, 0, 40, 30) for x in range(20))
    assert flood(round_, boxes)[1][0] == 19
    with pytest.raises(LimitError, match="too many clipping regions"):
        flood(path * 100)
    with pytest.raises(ConversionError, match="region mode is 9"):
        flood(emf.record(59), emf.record(42, "iiii", 5, 5, 25, 25), emf.record(60), emf.record(67, "I", 9))


def test_regions_that_are_drawn(emf, ink):
    region = _region((5, 5, 15, 10), (20, 5, 25, 10))
    head = (0, 0, 0, 0, len(region))
    tools = emf.brush(RED)
    rgb = emf.draw(tools, emf.record(71, "4iII", *head, 2, tail=region))
    assert ink(rgb, (255, 0, 0)) == (5, 5, 25, 10, 75)
    rgb = emf.draw(tools, emf.record(74, "4iI", *head, tail=region))
    assert ink(rgb, (255, 0, 0)) == (5, 5, 25, 10, 75)
    rgb = emf.draw(emf.record(73, "4iI", *head, tail=region))
    assert ink(rgb) == (5, 5, 25, 10, 75)
    one = _region((5, 5, 15, 15))
    rgb = emf.draw(tools, emf.record(72, "4iIIii", 0, 0, 0, 0, len(one), 2, 2, 3, tail=one))
    assert ink(rgb, (255, 0, 0)) == (5, 5, 15, 15, 100 - 6 * 4)
    with pytest.raises(ConversionError, match="EMR_FRAMERGN: a frame around 2"):
        emf.draw(tools, emf.record(72, "4iIIii", *head, 2, 2, 3, tail=region))
    with pytest.raises(ConversionError, match="EMR_FILLRGN: there is no brush 9"):
        emf.draw(tools, emf.record(71, "4iII", *head, 9, tail=region))


def test_brushes(emf, ink):
    box = emf.record(43, "iiii", 0, 0, 40, 30)
    for number, grey in {0: 255, 1: 192, 2: 128, 3: 64, 4: 0}.items():
        assert (emf.draw(emf.no_pen, emf.stock(number), box) == grey).all()
    assert (emf.draw(emf.no_pen, emf.brush(RED, style=1), box, emf.record(15, "iiI", 0, 0, 0))[1:] == 255).all()
    lines = emf.draw(emf.no_pen, emf.record(18, "I", 1), emf.brush(RED, style=2, hatch=0), box)
    assert ink(lines, (255, 0, 0))[4] == 4 * 40
    cross = emf.draw(
        emf.no_pen, emf.record(18, "I", 2), emf.record(25, "I", GREEN), emf.brush(RED, style=2, hatch=4), box
    )
    assert ink(cross, (255, 0, 0))[4] == 4 * 40 + 5 * 26
    assert ink(cross, (0, 255, 0))[4] == 1200 - (4 * 40 + 5 * 26)
    with pytest.raises(ConversionError, match="EMR_CREATEBRUSHINDIRECT: a brush of style 3"):
        emf.draw(emf.brush(0, style=3), box)


def test_pattern_brushes(emf, rng):
    box = emf.record(43, "iiii", 0, 0, 40, 30)
    tile = rng.integers(0, 256, (5, 8, 3), dtype=np.uint8)

    def brush(kind: int, pixels) -> bytes:
        header, bits = emf.dib(pixels)
        body = emf.record(kind, "6I", 2, 0, 32, len(header), 32 + len(header), len(bits), tail=header + bits)
        return body + emf.record(37, "I", 2)

    rgb = emf.draw(emf.no_pen, brush(94, tile), box)
    np.testing.assert_array_equal(rgb, np.tile(tile, (6, 5, 1)))
    moved = emf.draw(emf.no_pen, emf.record(13, "ii", 3, 2), brush(94, tile), box)
    np.testing.assert_array_equal(moved, np.roll(np.tile(tile, (6, 5, 1)), (2, 3), (0, 1)))
    bits = rng.integers(0, 2, (5, 8)).astype(bool)
    rgb = emf.draw(emf.no_pen, emf.record(24, "I", RED), emf.record(25, "I", BLUE), brush(93, bits), box)
    np.testing.assert_array_equal(rgb, np.tile(np.where(bits[..., None], (0, 0, 255), (255, 0, 0)), (6, 5, 1)))


def test_palettes(emf, ink):
    entries = struct.pack("<II", 0x0000FF, 0x00FF00)
    palette = emf.record(49, "IHH", 5, 0x300, 2, tail=entries) + emf.record(48, "I", 5)
    box = emf.record(43, "iiii", 0, 0, 10, 10)
    assert ink(emf.draw(palette, emf.no_pen, emf.brush(0x01000001), box), (0, 255, 0))[4] == 100
    change = emf.record(50, "III", 5, 1, 1, tail=struct.pack("<I", BLUE))
    assert ink(emf.draw(palette, change, emf.no_pen, emf.brush(0x01000001), box), (0, 0, 255))[4] == 100


def test_objects_that_are_not_there_are_errors(emf):
    with pytest.raises(ConversionError, match="EMR_SELECTOBJECT: there is no object 7"):
        emf.draw(emf.record(37, "I", 7))


def test_gradients(emf, ink):
    def vertices(*corners) -> bytes:
        return b"".join(struct.pack("<iiHHHH", x, y, *(255 * 257 * c for c in rgb), 0) for x, y, rgb in corners)

    corners = vertices((0, 0, (1, 0, 0)), (40, 30, (0, 0, 1)))
    for mode in (0, 1):
        rgb = emf.draw(emf.record(118, "4iIII", 0, 0, 0, 0, 2, 1, mode, tail=corners + struct.pack("<II", 0, 1)))
        along = rgb[15] if mode == 0 else rgb[:, 20]
        assert along[0, 0] > 245
        assert along[-1, 2] > 245
        assert (np.diff(along[:, 2].astype(int)) > 0).all()
        assert (rgb == (rgb[:1] if mode == 0 else rgb[:, :1])).all()
    corners = vertices((0, 0, (1, 0, 0)), (40, 0, (0, 1, 0)), (0, 30, (0, 0, 1)))
    rgb = emf.draw(emf.record(118, "4iIII", 0, 0, 0, 0, 3, 1, 2, tail=corners + struct.pack("<III", 0, 1, 2)))
    assert (rgb[20:, 30:] == 255).all()
    assert rgb[0, 0].argmax() == 0
    assert rgb[0, 36].argmax() == 1
    assert rgb[27, 1].argmax() == 2
    with pytest.raises(ConversionError, match="EMR_GRADIENTFILL: "):
        emf.draw(emf.record(118, "4iIII", 0, 0, 0, 0, 3, 1, 2, tail=corners + struct.pack("<III", 0, 1, 3)))


def test_unknown_records_are_told_and_those_that_would_draw_raise(emf):
    told = []
    data = emf.page(emf.record(999), emf.record(106), emf.record(98, "I", 1), emf.record(15, "iiI", 1, 1, 0))
    drawing = read_metafile(data, MetafileOptions(notice=lambda code, message: told.append((code, message))))
    assert told == [
        ("metafile-unknown", "record 999 is unknown and left out"),
        ("metafile-record", "EMR_EXTESCAPE is left out"),
    ]
    assert [notice.code for notice in drawing.notices] == ["metafile-unknown", "metafile-record"]
    for kind, name in ((53, "EXTFLOODFILL"), (103, "GLSBOUNDEDRECORD"), (105, "DRAWESCAPE")):
        with pytest.raises(ConversionError, match=f"EMR_{name}: it is not drawn"):
            read_metafile(emf.page(emf.record(kind, "iiII", 1, 1, 0, 0)))


def test_emf_plus_is_read_by_its_emf_part(emf, ink):
    def plus(flags: int) -> bytes:
        return emf.record(70, tail=struct.pack("<I4sHH", 32, b"EMF+", 0x4001, flags) + b"\0" * 24)

    pixel = emf.record(15, "iiI", 1, 1, 0)
    assert ink(emf.draw(plus(1), pixel))[4] == 1
    with pytest.raises(ConversionError, match=r"EMF\+ is not converted"):
        emf.draw(plus(0), pixel)


def test_sizes(emf):
    data = emf.page(emf.record(15, "iiI", 1, 1, 0), columns=100, rows=50)
    assert read_metafile(data).rgb.shape == (394, 787, 3)  # 100 mm at 200 dpi
    assert read_metafile(data).resolution_dpi == 200
    drawing = read_metafile(data, MetafileOptions(size=300, background=(1, 2, 3)))
    assert drawing.rgb.shape == (150, 300, 3)
    assert drawing.resolution_dpi == pytest.approx(76.2)
    assert tuple(drawing.rgb[-1, -1]) == (1, 2, 3)
    with pytest.raises(LimitError, match="787 x 394 pixels"):
        read_metafile(data, MetafileOptions(max_pixels=1000))
    with pytest.raises(LimitError, match="2000000 x"):
        read_metafile(emf.page(columns=10, rows=10, frame=(0, 0, 20_000_000, 100)), MetafileOptions(dpi=254))
    for wrong in ({"dpi": 0}, {"size": 0}, {"dpi": float("nan")}):
        with pytest.raises(ValueError, match="expected"):
            MetafileOptions(**wrong)


def test_a_metafile_that_draws_nothing_is_an_error(emf):
    with pytest.raises(ConversionError, match="draws nothing"):
        read_metafile(emf.page(emf.record(24, "I", 0)))
    with pytest.raises(ConversionError, match="neither EMF nor WMF"):
        read_metafile(b"GIF89a")


def test_a_device_rounded_to_whole_millimetres_has_square_pixels(emf):
    """As LibreOffice writes it: 187.8 by 87.8 mm in micrometres, and 187 by 87 in millimetres."""
    data = bytearray(
        emf.page(emf.no_pen + emf.brush(0) + emf.record(43, "iiii", 0, 0, 320, 320), frame=(0, 0, 18779, 8779))
    )
    data[72:88] = struct.pack("<iiii", 710, 332, 187, 87)

    def ratio() -> float:
        ys, xs = np.nonzero(read_metafile(bytes(data), MetafileOptions(size=4000)).rgb[..., 0] == 0)
        return float((xs.max() + 1) / (ys.max() + 1))

    assert ratio() == pytest.approx(1.0048, abs=0.001)
    data[100:108] = struct.pack("<ii", 187_800, 87_800)
    assert ratio() == pytest.approx(1, abs=0.001)
    data[100:108] = struct.pack("<ii", 187_800, 43_900)  # no such device: as if it were not said
    assert ratio() == pytest.approx(1.0048, abs=0.001)
