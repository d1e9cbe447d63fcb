"""Palettes: plain, segmented, supplemental, and what writers make of them."""

import numpy as np
import pytest

from filmless import _core, pixels, read
from filmless.errors import PixelError
from filmless.pixels.palette import Palette, palette_of

COLOURS = ("Red", "Green", "Blue")


def _palette(ds, descriptor, tables, vr="OW", segmented=""):
    for index, (colour, table) in enumerate(zip(COLOURS, tables, strict=True)):
        ds.add_new(0x0028_1101 + index, "SS" if descriptor[1] < 0 else "US", descriptor)
        ds.add_new(f"{segmented}{colour}PaletteColorLookupTableData", vr, table)
    return ds


@pytest.fixture
def indexed(image):
    def indexed(descriptor, *tables, indices=bytes(range(6)), segmented="", **more):
        ds = image(indices, PhotometricInterpretation="PALETTE COLOR", **more)
        return _palette(ds, descriptor, tables if len(tables) == 3 else tables * 3, segmented=segmented)

    return indexed


def _words(*numbers):
    return np.array(numbers, "<u2").tobytes()


@pytest.mark.parametrize(
    ("descriptor", "data", "expected"),
    [
        ([3, 2, 16], _words(0x1000, 0x20FF, 0xFFFF), [0x10, 0x10, 0x10, 0x20, 0xFF, 0xFF]),
        ([3, 2, 16], _words(1, 2, 255), [1, 1, 1, 2, 255, 255]),  # of "16 bits", which are 8
        ([3, 2, 8], _words(1, 2, 255), [1, 1, 1, 2, 255, 255]),
        ([4, 2, 8], bytes([1, 2, 3, 255]), [1, 1, 1, 2, 3, 255]),
        ([3, 2, 8], bytes([1, 2, 3, 0]), [1, 1, 1, 2, 3, 3]),
        ([3, -1, 8], bytes([1, 2, 3, 0]), [2, 3, 3, 3, 3, 3]),
        ([3, 65535, 8], bytes([1, 2, 3, 0]), [1, 1, 1, 1, 1, 1]),
        ([2, 0, 8], bytes([1, 0, 3, 0]), [1, 3, 3, 3, 3, 3]),  # a word to each
    ],
)
def test_tables(indexed, descriptor, data, expected):
    ds = indexed(descriptor, data, PixelRepresentation=int(descriptor[1] < 0))
    assert pixels.render(ds)[..., 1].ravel().tolist() == expected


def test_a_channel_each(indexed):
    ds = indexed([2, 0, 8], _words(1, 2), _words(3, 4), _words(5, 6))
    assert pixels.render(ds)[0].tolist() == [[1, 3, 5], [2, 4, 6], [2, 4, 6]]
    assert palette_of(ds).colours.dtype == np.uint8


@pytest.mark.parametrize(
    ("descriptor", "data", "message"),
    [
        ([0, 0, 0], _words(1), "says 0 bits"),
        ([2, 0, 8], b"\1", "RedPaletteColorLookupTableData has 1 entries, expected 2"),
        ([0, 0, 16], _words(1, 2), "has 2 entries, expected 65536"),
    ],
)
def test_tables_that_are_none(indexed, descriptor, data, message):
    with pytest.raises(PixelError, match=message):
        pixels.render(indexed(descriptor, data))


def test_without_palette(image):
    with pytest.raises(PixelError, match="RedPaletteColorLookupTableDescriptor is absent"):
        pixels.render(image(bytes(6), PhotometricInterpretation="PALETTE COLOR"))


def test_segments(indexed):
    words = _words(0, 2, 0x1000, 0x2000, 1, 2, 0x4000)
    ds = indexed([4, 1, 16], words, segmented="Segmented")
    assert palette_of(ds).colours[:, 0].tolist() == [0x1000, 0x2000, 0x3000, 0x4000]
    assert pixels.render(ds)[..., 0].tolist() == [[0x10, 0x10, 0x20], [0x30, 0x40, 0x40]]
    of_8_bits = bytes([0, 2, 10, 20, 1, 2, 40, 0])
    assert palette_of(indexed([4, 1, 8], of_8_bits, segmented="Segmented")).colours[:, 0].tolist() == [10, 20, 30, 40]
    with pytest.raises(PixelError, match=r"SegmentedRed.* ends inside a segment"):
        palette_of(indexed([5, 1, 16], words, segmented="Segmented"))
    with pytest.raises(PixelError, match="has more entries than its descriptor says"):
        palette_of(indexed([3, 1, 16], words, segmented="Segmented"))
    with pytest.raises(PixelError, match="refers to none"):
        palette_of(indexed([9, 1, 16], _words(0, 1, 7, 2, 1, 6, 0), segmented="Segmented"))


def test_segments_that_refer_to_others_stay_small():
    """A run of thousands of segments is bounded by the number of entries."""
    with pytest.raises(ValueError, match="has more entries"):
        _core.expand_segments([0, 1, 7, *[2, 65535, 0, 0] * 1000], 2, 65536)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", ">u2", "u4", "i4"])
@pytest.mark.parametrize("first", [-70000, -3, 0, 200, 70000])
def test_every_type_of_index(dtype, first):
    palette = Palette(first, np.arange(15, dtype="u2").reshape(5, 3))
    info = np.iinfo(dtype)
    indices = np.array([info.min, 0, 1, 100, info.max]).astype(dtype).reshape(1, 5)
    places = np.clip(indices.astype(object) - first, 0, 4).astype(int)
    assert palette.apply(indices).tolist() == palette.colours[places].tolist()


def test_spread():
    palette = Palette(7, np.array([[0, 0, 0], [1000, 2000, 3000], [65535] * 3], "u2"))
    assert palette.spread().apply(np.array([0, 100, 128, 255], "u1"))[:, 2].tolist() == [0, 11, 11, 255]


def test_supplemental(image):
    ds = image(bytes([0, 100, 199, 200, 201, 255]), WindowCenter=100, WindowWidth=201)
    _palette(ds, [2, 200, 16], [_words(0xFF00, 0), _words(0, 0xFF00), _words(0, 0)])
    grey = pixels.render(ds)
    assert grey.ndim == 2
    ds.PixelPresentation = "COLOR"
    picture = pixels.render(ds)
    assert picture[0].tolist() == [[grey] * 3 for grey in grey[0].tolist()]
    assert picture[1].tolist() == [[255, 0, 0], [0, 255, 0], [0, 255, 0]]


def test_well_known_palettes(pydicom_files):
    found = {path.stem: palette_of(read(path)) for path in pydicom_files if path.parent.name == "palettes"}
    assert len(found) >= 5
    hot_iron = found["hotiron"].colours
    assert (hot_iron.shape, hot_iron[0].tolist(), hot_iron[-1].tolist()) == ((256, 3), [0, 0, 0], [255, 255, 255])
    assert (np.diff(hot_iron.astype(int), axis=0) >= 0).all()
    assert all(len(palette.colours) == 256 for palette in found.values())
