"""WMF: its headers, slots of objects, order of parameters, and drawing, pixel by pixel."""

import struct

import numpy as np
import pytest

from filmless.convert import to_dicom
from filmless.convert.formats import is_emf, is_wmf
from filmless.convert.metafile import MetafileOptions, read_metafile
from filmless.errors import ConversionError, LimitError

BLUE, RED = 0xFF0000, 0x0000FF


@pytest.fixture(scope="session")
def tools(wmf) -> bytes:
    """A black pen in slot 0 and a red brush in slot 1, both selected."""
    return (
        wmf.record(0x02FA, "HhhI", 0, 0, 0, 0)
        + wmf.record(0x02FC, "HIH", 0, RED, 0)
        + wmf.record(0x012D, "H", 0)
        + wmf.record(0x012D, "H", 1)
    )


@pytest.fixture(scope="session")
def no_pen(wmf) -> bytes:
    return wmf.record(0x02FA, "HhhI", 5, 0, 0, 0) + wmf.record(0x012D, "H", 2)


def test_both_headers_are_known(wmf, tools, ink):
    line = wmf.record(0x0214, "hh", 10, 5) + wmf.record(0x0213, "hh", 10, 25)
    window = wmf.record(0x020B, "hh", 0, 0) + wmf.record(0x020C, "hh", 30, 40)
    for data in (wmf.page(tools, line), wmf.page(window, tools, line, placeable=False)):
        assert is_wmf(data[:44])
        assert not is_emf(data[:44])
        assert ink(read_metafile(data, MetafileOptions(size=40)).rgb) == (5, 10, 26, 11, 21)
    drawing = read_metafile(wmf.page(tools, line))
    assert drawing.rgb.shape == (60, 80, 3)  # 40 units of 1/100 inch at 200 dpi
    assert drawing.resolution_dpi == 200
    unsized = read_metafile(wmf.page(window, tools, line, placeable=False))
    assert unsized.rgb.shape == (1500, 2000, 3)
    assert unsized.resolution_dpi is None
    assert not is_wmf(b"\1\0\x09\0\0\4" + bytes(12))
    with pytest.raises(ConversionError, match="the WMF says no size"):
        read_metafile(wmf.page(tools, line, placeable=False))
    ds = to_dicom(wmf.page(tools, line))
    assert (ds.Rows, ds.Columns, ds.PhotometricInterpretation) == (60, 80, "RGB")


def test_the_window_is_the_picture(wmf, tools, no_pen, ink):
    box = wmf.record(0x041B, "hhhh", 10, 15, 5, 5)
    assert ink(wmf.draw(tools, no_pen, box), (255, 0, 0)) == (5, 5, 15, 10, 50)
    double = wmf.record(0x020C, "hh", 15, 20)
    assert ink(wmf.draw(double, tools, no_pen, box), (255, 0, 0)) == (10, 10, 30, 20, 200)
    moved = wmf.record(0x020B, "hh", 5, 4)
    assert ink(wmf.draw(moved, tools, no_pen, box), (255, 0, 0))[:2] == (1, 0)
    up = wmf.record(0x020C, "hh", -30, 40) + wmf.record(0x020B, "hh", 30, 0)
    assert ink(wmf.draw(up, tools, no_pen, box), (255, 0, 0))[:4] == (5, 20, 15, 25)
    offset = wmf.record(0x020F, "hh", 1, 2)
    assert ink(wmf.draw(offset, tools, no_pen, box), (255, 0, 0))[:2] == (3, 4)
    scaled = wmf.record(0x0410, "hhhh", 2, 1, 2, 1)
    assert ink(wmf.draw(scaled, tools, no_pen, box), (255, 0, 0))[:4] == (10, 10, 30, 20)
    with pytest.raises(ConversionError, match="META_SETVIEWPORTORG: "):
        wmf.draw(wmf.record(0x020D, "hh", 1, 2), tools, box)
    with pytest.raises(ConversionError, match="META_SETMAPMODE: "):
        wmf.draw(wmf.record(0x0103, "H", 2), tools, box)


def test_objects_take_the_lowest_free_slot(wmf, no_pen, tools, ink):
    delete = wmf.record(0x01F0, "H", 1)
    blue = wmf.record(0x02FC, "HIH", 0, BLUE, 0) + wmf.record(0x012D, "H", 1)
    box = wmf.record(0x041B, "hhhh", 10, 15, 5, 5)
    assert ink(wmf.draw(tools, no_pen, delete, blue, box), (0, 0, 255))[4] == 50
    with pytest.raises(ConversionError, match="META_SELECTOBJECT: there is no object 7"):
        wmf.draw(tools, wmf.record(0x012D, "H", 7), box)


def test_figures(wmf, tools, no_pen, ink):
    points = (5, 5, 25, 5, 25, 20, 5, 20)
    line = wmf.draw(tools, wmf.record(0x0325, "H8h", 4, *points))
    assert ink(line) == (5, 5, 26, 21, 56)
    assert (line[6:20, 5] == 255).all()
    polygon = wmf.draw(tools, wmf.record(0x0324, "H8h", 4, *points))
    assert ink(polygon) == (5, 5, 26, 21, 70)
    assert ink(polygon, (255, 0, 0))[4] == 19 * 14
    holes = wmf.record(0x0538, "HHH16h", 2, 4, 4, 0, 0, 20, 0, 20, 20, 0, 20, 5, 5, 15, 5, 15, 15, 5, 15)
    assert ink(wmf.draw(tools, no_pen, holes), (255, 0, 0))[4] == 300
    assert ink(wmf.draw(tools, no_pen, wmf.record(0x0106, "H", 2), holes), (255, 0, 0))[4] == 400
    ellipse = wmf.draw(tools, no_pen, wmf.record(0x0418, "hhhh", 25, 25, 5, 5))
    assert abs((255 - ellipse[..., 1].astype(int)).sum() / 255 - np.pi * 100) < 2
    corners = wmf.draw(tools, no_pen, wmf.record(0x061C, "hhhhhh", 10, 10, 25, 25, 5, 5))
    assert abs((255 - corners[..., 1].astype(int)).sum() / 255 - (400 - (4 - np.pi) * 25)) < 2
    assert ink(wmf.draw(wmf.record(0x041F, "Ihh", BLUE, 9, 7)), (0, 0, 255)) == (7, 9, 8, 10, 1)
    quarter = (5, 15, 15, 25, 25, 25, 5, 5)  # from the right to the top
    arc = wmf.draw(tools, wmf.record(0x0817, "8h", *quarter))
    assert arc[8, 22].min() < 160
    assert (arc[10:15, 10:20] == 255).all()
    assert (wmf.draw(tools, wmf.record(0x081A, "8h", *quarter))[15, 17:24, 1] < 100).all()
    assert wmf.draw(tools, wmf.record(0x0830, "8h", *quarter))[9, 20, 1] < 100


def test_saved_states_clips_and_regions(wmf, tools, no_pen, ink):
    flood = wmf.record(0x041B, "hhhh", 30, 40, 0, 0)
    clip = wmf.record(0x0416, "hhhh", 10, 15, 5, 5)
    assert ink(wmf.draw(tools, no_pen, clip, flood), (255, 0, 0)) == (5, 5, 15, 10, 50)
    back = wmf.record(0x0127, "h", -1)
    assert ink(wmf.draw(tools, no_pen, wmf.record(0x001E), clip, back, flood), (255, 0, 0))[4] == 1200
    out = wmf.record(0x0415, "hhhh", 10, 15, 5, 5)
    assert ink(wmf.draw(tools, no_pen, out, flood), (255, 0, 0))[4] == 1150
    moved = wmf.record(0x0220, "hh", 3, 2)
    assert ink(wmf.draw(tools, no_pen, clip, moved, flood), (255, 0, 0)) == (7, 8, 17, 13, 50)
    bands = struct.pack("<HhhhhH", 2, 5, 10, 5, 15, 2) + struct.pack("<HhhhhhhH", 4, 10, 20, 0, 5, 10, 15, 4)
    region = wmf.record(0x06FF, "HhIhhhhhhh", 0, 6, 0, 0, 2, 4, 0, 5, 15, 20, tail=bands)
    count = 50 + 100
    assert ink(wmf.draw(tools, no_pen, region, wmf.record(0x012B, "H", 3)), (255, 0, 0))[4] == count
    assert ink(wmf.draw(tools, no_pen, region, wmf.record(0x012C, "H", 3), flood), (255, 0, 0))[4] == count
    assert ink(wmf.draw(tools, no_pen, region, wmf.record(0x012D, "H", 3), flood), (255, 0, 0))[4] == count
    assert ink(wmf.draw(tools, no_pen, region, wmf.record(0x0228, "HH", 3, 1)), (255, 0, 0))[4] == count
    assert ink(wmf.draw(region, wmf.record(0x012A, "H", 0)))[4] == count
    one = wmf.record(
        0x06FF, "HhIhhhhhhh", 0, 6, 0, 0, 1, 2, 5, 5, 15, 15, tail=struct.pack("<HhhhhH", 2, 5, 15, 5, 15, 2)
    )
    frame = wmf.record(0x0429, "HHhh", 3, 1, 3, 2)
    assert ink(wmf.draw(tools, no_pen, one, frame), (255, 0, 0))[4] == 100 - 6 * 4


def test_bitmaps(wmf, rng):
    pixels = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    header, bits = wmf.dib(pixels)
    dib = header + bits
    dot = wmf.record(0x041F, "Ihh", 0, 29, 39)  # else the bitmap comes out as it is
    for record in (
        wmf.record(0x0940, "Ihhhhhh", 0xCC0020, 0, 0, 6, 8, 3, 5, tail=dib),
        wmf.record(0x0B41, "Ihhhhhhhh", 0xCC0020, 6, 8, 0, 0, 6, 8, 3, 5, tail=dib),
        wmf.record(0x0F43, "IHhhhhhhhh", 0xCC0020, 0, 6, 8, 0, 0, 6, 8, 3, 5, tail=dib),
        wmf.record(0x0D33, "HHHHHHHhh", 0, 6, 0, 0, 0, 6, 8, 3, 5, tail=dib),
    ):
        np.testing.assert_array_equal(wmf.draw(dot, record)[3:9, 5:13], pixels)
    part = wmf.record(0x0F43, "IHhhhhhhhh", 0xCC0020, 0, 2, 3, 1, 2, 2, 3, 0, 0, tail=dib)
    np.testing.assert_array_equal(wmf.draw(dot, part)[:2, :3], pixels[3:5, 2:5])
    bitmap = rng.integers(0, 2, (6, 16)).astype(bool)
    old = struct.pack("<hhhhBB", 0, 16, 6, 2, 1, 1) + np.packbits(bitmap).tobytes()
    colours = wmf.record(0x0209, "I", RED) + wmf.record(0x0201, "I", BLUE)
    rgb = wmf.draw(colours, wmf.record(0x0922, "Ihhhhhh", 0xCC0020, 0, 0, 6, 16, 3, 5, tail=old))
    np.testing.assert_array_equal(rgb[3:9, 5:21], np.where(bitmap[..., None], (0, 0, 255), (255, 0, 0)))
    rgb = wmf.draw(colours, wmf.record(0x0B23, "Ihhhhhhhh", 0xCC0020, 6, 16, 0, 0, 12, 32, 3, 5, tail=old))
    doubled = bitmap.repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(rgb[3:15, 5:37], np.where(doubled[..., None], (0, 0, 255), (255, 0, 0)))


def test_one_bitmap_comes_out_bit_for_bit(wmf, rng, through_file):
    pixels = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    dib = b"".join(wmf.dib(pixels))
    state = wmf.record(0x0103, "H", 8) + wmf.record(0x020B, "hh", 0, 0) + wmf.record(0x020C, "hh", 30, 40)
    whole = [
        wmf.record(0x0940, "Ihhhhhh", 0xCC0020, 0, 0, 6, 8, 3, 5, tail=dib),
        wmf.record(0x0B41, "Ihhhhhhhh", 0xCC0020, 6, 8, 0, 0, 20, 30, 3, 5, tail=dib),
        wmf.record(0x0F43, "IHhhhhhhhh", 0xCC0020, 0, 6, 8, 0, 0, 20, 30, 3, 5, tail=dib),
    ]
    for record in whole:
        np.testing.assert_array_equal(through_file(wmf.page(state, record)).pixel_array, pixels)
    bits = rng.integers(0, 2, (5, 9)).astype(bool)
    mono = wmf.record(0x0F43, "IHhhhhhhhh", 0xCC0020, 0, 5, 9, 0, 0, 20, 30, 3, 5, tail=b"".join(wmf.dib(bits)))
    np.testing.assert_array_equal(through_file(wmf.page(mono)).pixel_array, bits * 255)
    for records in (
        [whole[0], whole[0]],
        [wmf.record(0x0416, "hhhh", 5, 5, 0, 0), whole[0]],
        [wmf.record(0x020C, "hh", -30, 40), whole[0]],
        [wmf.record(0x0F43, "IHhhhhhhhh", 0xCC0020, 0, 6, 8, 0, 0, -20, 30, 3, 5, tail=dib)],
        [wmf.record(0x0F43, "IHhhhhhhhh", 0xCC0020, 0, 6, 7, 0, 0, 20, 30, 3, 5, tail=dib)],
    ):
        assert read_metafile(wmf.page(*records)).bitmap is None


def test_operations_without_a_bitmap(wmf, tools, ink):
    for record in (
        wmf.record(0x061D, "Ihhhh", 0x00F00021, 10, 10, 5, 5),
        wmf.record(0x0940, "Ihhhhhhh", 0x00F00021, 0, 0, 0, 10, 10, 5, 5),
        wmf.record(0x0B41, "Ihhhhhhhhh", 0x00F00021, 0, 0, 0, 0, 0, 10, 10, 5, 5),
    ):
        assert ink(wmf.draw(tools, record), (255, 0, 0)) == (5, 5, 15, 15, 100)
    with pytest.raises(ConversionError, match="META_PATBLT: it has no bitmap"):
        wmf.draw(tools, wmf.record(0x061D, "Ihhhh", 0x00CC0020, 10, 10, 5, 5))


def test_pattern_brushes(wmf, no_pen, rng):
    tile = rng.integers(0, 256, (5, 8, 3), dtype=np.uint8)
    header, bits = wmf.dib(tile)
    select, box = wmf.record(0x012D, "H", 0), wmf.record(0x041B, "hhhh", 30, 40, 0, 0)
    pen = wmf.record(0x02FA, "HhhI", 5, 0, 0, 0) + wmf.record(0x012D, "H", 1)
    rgb = wmf.draw(wmf.record(0x0142, "HH", 5, 0, tail=header + bits), select, pen, box)
    np.testing.assert_array_equal(rgb, np.tile(tile, (6, 5, 1)))
    mono = rng.integers(0, 2, (5, 8)).astype(bool)
    packed = b"".join(np.packbits(row).tobytes() + b"\0" for row in mono)
    brush = wmf.record(0x01F9, "hhhhBB22x", 0, 8, 5, 2, 1, 1, tail=packed)
    colours = wmf.record(0x0209, "I", RED) + wmf.record(0x0201, "I", BLUE)
    rgb = wmf.draw(colours, brush, select, pen, box)
    np.testing.assert_array_equal(rgb, np.tile(np.where(mono[..., None], (0, 0, 255), (255, 0, 0)), (6, 5, 1)))


def test_text(wmf, emf):
    def font(charset: int = 0) -> bytes:
        body = struct.pack("<hhhhhBBBBBBBB", -20, 0, 0, 0, 400, 0, 0, 0, charset, 0, 0, 0, 0)
        return wmf.record(0x02FB, tail=body + b"DejaVu Sans".ljust(32, b"\0")) + wmf.record(0x012D, "H", 0)

    def reference(text: str, *state: bytes, advances=None) -> np.ndarray:
        page = {"columns": 100, "rows": 50}
        return emf.draw(emf.record(18, "I", 1), *state, emf.font(height=-20), emf.text(text, 10, 20, advances), **page)

    page = {"columns": 100, "rows": 50}
    clear = wmf.record(0x0102, "H", 1)
    plain = wmf.draw(clear, font(), wmf.record(0x0521, "H4shh", 3, b"H\xe4H\0", 20, 10), **page)
    assert (plain < 128).any()
    np.testing.assert_array_equal(plain, reference("HäH"))
    spaced = wmf.record(0x0A32, "hhHH4s3h", 20, 10, 3, 0, b"HHH\0", 30, 25, 20)
    np.testing.assert_array_equal(wmf.draw(clear, font(), spaced, **page), reference("HHH", advances=[30, 25, 20]))
    boxed = wmf.record(0x0A32, "hhHH4h2s", 20, 10, 1, 2, 5, 5, 15, 10, b"H\0")
    rgb = wmf.draw(clear, wmf.record(0x0201, "I", RED), font(), boxed, **page)
    assert (rgb[5:10, 5:15] == (255, 0, 0)).all()
    wider = wmf.draw(clear, wmf.record(0x0108, "H", 5), font(), wmf.record(0x0521, "H2shh", 2, b"HH", 20, 10), **page)
    assert (wider != wmf.draw(clear, font(), wmf.record(0x0521, "H2shh", 2, b"HH", 20, 10), **page)).any()
    cyrillic = wmf.draw(clear, font(204), wmf.record(0x0521, "H2shh", 1, b"\xcf\0", 20, 10), **page)
    np.testing.assert_array_equal(cyrillic, reference("П"))


def test_unknown_records_are_told_and_those_that_would_draw_raise(wmf):
    pixel = wmf.record(0x041F, "Ihh", BLUE, 9, 7)
    told = read_metafile(wmf.page(wmf.record(0x0999, "H", 1), wmf.record(0x0626, "HH", 37, 0), pixel)).notices
    assert [notice.code for notice in told] == ["metafile-unknown", "metafile-record"]
    assert read_metafile(wmf.page(wmf.record(0x0626, "HH", 15, 0), pixel)).notices == []  # a comment
    for function, name in ((0x0419, "FLOODFILL"), (0x0548, "EXTFLOODFILL")):
        with pytest.raises(ConversionError, match=f"META_{name}: it is not drawn"):
            wmf.draw(wmf.record(function, "IhhH", 0, 1, 1, 0), pixel)


def test_damage(wmf, tools):
    pixel = wmf.record(0x041F, "Ihh", BLUE, 9, 7)
    data = wmf.page(tools, pixel)
    for size in range(4, len(data) - 5):
        with pytest.raises(ConversionError):
            read_metafile(data[:size])
    wild = data[:40] + struct.pack("<I", 0x7FFFFFFF) + data[44:]
    with pytest.raises(ConversionError, match="WMF record of 4294967294 bytes exceeds the file: offset 40"):
        read_metafile(wild)
    with pytest.raises(LimitError, match="too many records"):
        read_metafile(wmf.page(*[wmf.record(0x0231, "I", 0)] * 50, pixel), MetafileOptions(max_records=20))
