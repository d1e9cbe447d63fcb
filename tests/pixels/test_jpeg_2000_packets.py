"""The packets of JPEG 2000 streams, which a decoder makes room for: counted, and refused when there are too many."""

import struct

import imagecodecs
import numpy as np
import pytest

from filmless import pixels
from filmless.errors import CodecError
from filmless.pixels.codecs.jpeg_2000_packets import Coding, TileGrid, packets_of
from filmless.pixels.codecs.jpeg_2000_stream import parse_header, walk_tile_parts

_JPEG_2000 = "1.2.840.10008.1.2.4.90"


def _segment(marker, content):
    return marker.to_bytes(2, "big") + struct.pack(">H", len(content) + 2) + content


def _coding(*, layers=1, levels=1, precinct=None, component=None):
    """A COD segment, or the COC segment of a component."""
    style = bytes([levels, 0, 0, 0, 1]) + (b"" if precinct is None else bytes([precinct * 17]) * (levels + 1))
    named = bytes([precinct is not None])
    if component is None:
        return _segment(0xFF52, named + struct.pack(">BHB", 0, layers, 0) + style)
    return _segment(0xFF53, bytes([component]) + named + style)


def _stream(size, *main, tile=b"", body=b"\x80\x80", tile_size=None, components=1):
    """A stream of empty packets, with the segments of its main header and of its first tile's."""
    edge = tile_size or size
    siz = struct.pack(">H8IH", 0, size, size, 0, 0, edge, edge, 0, 0, components) + bytes([7, 1, 1]) * components
    data = (
        b"\xff\x4f" + _segment(0xFF51, siz) + b"".join(main) + _segment(0xFF5C, bytes([0x40, 0x40, 0x48, 0x48, 0x50]))
    )
    for number in range((-(-size // edge)) ** 2):
        header = tile if number == 0 else b""
        part = header + b"\xff\x93" + body
        data += b"\xff\x90" + struct.pack(">HHIBB", 10, number, 12 + len(part), 0, 1) + part
    return data + b"\xff\xd9"


@pytest.mark.parametrize(
    ("main", "tile"),
    [
        ((_coding(layers=65535),), b""),
        ((_coding(precinct=1),), b""),
        ((_coding(), _coding(precinct=1, component=0)), b""),
        ((_coding(),), _coding(layers=65535)),
        ((_coding(),), _coding(precinct=1)),
        ((_coding(),), _coding(precinct=1, component=0)),
    ],
    ids=["layers", "precincts", "component", "tile-layers", "tile-precincts", "tile-component"],
)
def test_more_packets_than_bytes_are_refused(main, tile, image, encapsulate):
    ds = image(encapsulate(_stream(512, *main, tile=tile)), syntax=_JPEG_2000, Rows=512, Columns=512)
    with pytest.raises(CodecError, match="packets"):
        pixels.decode(ds)


def test_far_more_code_blocks_than_bytes_are_refused(image, encapsulate):
    ds = image(encapsulate(_stream(2048, _coding())), syntax=_JPEG_2000, Rows=2048, Columns=2048)
    with pytest.raises(CodecError, match="code-blocks"):
        pixels.decode(ds)


def test_empty_packets_are_a_picture_of_nothing(image, encapsulate):
    ds = image(encapsulate(_stream(512, _coding())), syntax=_JPEG_2000, Rows=512, Columns=512)
    assert np.ptp(pixels.decode(ds)) == 0


@pytest.mark.parametrize(
    "content", [bytes(9), bytes([1, 0, 0, 1, 0, 5, 0, 0, 0, 1, 0x11]), bytes([0, 0, 0, 1, 0, 33] + [1] * 4)]
)
def test_a_coding_style_that_cannot_be_is_refused(content):
    with pytest.raises(CodecError):
        Coding().after([(0xFF52, content)], 1, 0)


@pytest.mark.parametrize("segment", [b"\xff\x52\0\x01", b"\0\0", b"\xff\x53\xff\xff"])
def test_damage_in_a_tile_part_header_is_refused(segment):
    data = _stream(64, _coding(), tile=segment)
    with pytest.raises(CodecError, match="tile-part header"):
        walk_tile_parts(data, parse_header(data, 0), 0)


@pytest.mark.parametrize("tile_size", [None, 33, 64])
@pytest.mark.parametrize("levels", [0, 2, 5])
@pytest.mark.parametrize("precinct", [None, 3, 6])
def test_as_many_are_counted_as_there_are_one_by_one(tile_size, levels, precinct):
    size, edge = 150, tile_size or 150
    data = _stream(size, _coding(layers=3, levels=levels, precinct=precinct), tile_size=edge, components=3)
    stream = parse_header(data, 0)
    expected = 0
    for top in range(0, size, edge):
        for left in range(0, size, edge):
            for level in range(levels + 1):
                places = {
                    (-(-row // 2**level) >> (precinct or 15), -(-column // 2**level) >> (precinct or 15))
                    for row in range(top, min(top + edge, size))
                    for column in range(left, min(left + edge, size))
                    if row % 2**level == column % 2**level == 0
                }
                expected += 3 * 3 * len(places)
    assert packets_of(stream.grid, stream.coding, {}) == expected


def test_tiles_with_a_style_of_their_own_count_by_it():
    grid = TileGrid((5, 3), (100, 90), (0, 0), (32, 32), ((1, 1), (2, 1)))
    two = Coding(2, (((15, 15),), ((15, 15),)))
    assert packets_of(grid, two, {}) == 4 * 3 * 2 * 2
    assert packets_of(grid, two, {5: Coding(7, ((), ((2, 15),)))}) == (4 * 3 - 1) * 2 * 2 + 7 * 4


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (512, 512), (301, 203, 3)])
def test_streams_of_an_encoder_have_bytes_for_their_packets(shape):
    samples = np.zeros(shape, np.uint8)
    data = bytes(imagecodecs.jpeg2k_encode(samples, 0, codecformat="j2k", reversible=True, tile=None))
    stream = parse_header(data, 0)
    assert 0 < packets_of(stream.grid, stream.coding, {}) <= len(data)
    walk_tile_parts(data, stream, 0)
