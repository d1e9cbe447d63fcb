"""The marker segments of a JPEG 2000 code stream: what it holds and whether it is whole, without decoding it."""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from filmless.errors import CodecError
from filmless.pixels.codecs.jpeg_2000_packets import COC, COD, Coding, TileGrid, packets_of

__all__ = ["Jpeg2000Stream", "TileParts", "code_stream_of", "parse_header", "walk_tile_parts"]

_SOT, _SOD, _SIZ, _QCD, _CAP = 0xFF90, 0xFF93, 0xFF51, 0xFF5C, 0xFF50
_TLM, _POC = 0xFF55, 0xFF5F
_SUBSAMPLING = ((2, 1), (2, 2))  # of chrominance: 4:2:2 and 4:2:0
_LEAST_TILE_PART = 14  # its header and the start of data marker
_MOST_PADDING = 1 << 16  # behind the end of code stream marker; DICOM wants one byte at the most
# Code-blocks can be empty without a bit of their own: as many as a large picture has are believed of any stream.
_FREE_BLOCKS = 1 << 16
_BLOCKS_PER_BYTE = 64
_BOXES = (b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\x00\x00\x00\x0cjP\x1a\x1a\r\n\x87\n")


@dataclass(frozen=True, slots=True)
class Jpeg2000Stream:
    """What the main header says (ISO/IEC 15444-1 Annex A).

    ``progression`` is the order of packets, None when it changes; ``has_lengths`` whether the lengths of tile-parts
    stand in the header.
    """

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool
    subsampled: bool
    transformed: bool
    progression: int | None
    has_lengths: bool
    high_throughput: bool
    first_tile_part: int
    grid: TileGrid
    coding: Coding

    @property
    def tiles(self) -> int:
        """How many tiles there are."""
        across, down = self.grid.tiles
        return across * down

    @property
    def reversible(self) -> bool:
        """Whether the wavelet transform is, as far as the main header says."""
        return self.coding.reversible


class TileParts(NamedTuple):
    """What the tile-parts say.

    Attributes
    ----------
    end
        Offset behind the end of code stream marker.
    mended
        Offset of the last tile-part when its length does not meet that marker, though all before it do: there are
        writers that count it wrong. It is then to be read as if it reached to the end.
    own
        The coding of tiles that have one of their own.
    """

    end: int
    mended: int | None
    own: dict[int, Coding]


def code_stream_of(data: bytes, frame: int) -> tuple[bytes, bool]:
    """Return the code stream, and whether it was in the boxes of a JP2 file, which DICOM does not want (PS3.5 A.4.4).

    Raises
    ------
    CodecError
        There are boxes without a code stream.
    """
    if not data.startswith(_BOXES):
        return data, False
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if size == 1 and position + 16 <= len(data):
            size, start = struct.unpack_from(">Q", data, start)[0], position + 16
        if kind == b"jp2c":
            return data[start : position + size if size else len(data)], True
        if size < 8:
            break
        position += size
    raise CodecError("JPEG 2000 boxes hold no code stream", frame=frame)


def parse_header(data: bytes, frame: int) -> Jpeg2000Stream:
    """Read the main header: what a data set can be held against before anything is believed.

    Raises
    ------
    CodecError
        It is no code stream, or a part of the header is not there.

    DICOM
    -----
    PS3.5 8.2.4; ISO/IEC 15444-1 A.4, A.5
    """
    if data[:2] != b"\xff\x4f":
        raise _damage("has no start of code stream", frame)
    position, header, segments = 2, dict[int, bytes](), list[tuple[int, bytes]]()
    while (marker := int.from_bytes(data[position : position + 2], "big")) != _SOT:
        size = int.from_bytes(data[position + 2 : position + 4], "big")
        if marker < 0xFF30 or size < 2 or position + 2 + size > len(data):
            raise _damage("main header is damaged or ends early", frame)
        header[marker] = data[position + 4 : position + 2 + size]
        segments.append((marker, header[marker]))
        position += 2 + size
    if not {_SIZ, COD, _QCD} <= header.keys() or len(header[_SIZ]) < 39 or len(header[COD]) < 10:
        raise _damage("main header lacks a required segment", frame)
    siz, cod = header[_SIZ], header[COD]
    width, height, left, top, tile_width, tile_height, tile_left, tile_top, components = struct.unpack_from(
        ">8IH", siz, 2
    )
    if width <= left or height <= top or not tile_width or not tile_height or len(siz) < 36 + 3 * components:
        raise _damage("main header has an impossible size", frame)
    steps = [(siz[at + 1], siz[at + 2]) for at in range(36, 36 + 3 * components, 3)]
    subsampled = any(step != (1, 1) for step in steps)
    if subsampled and (len(steps) != 3 or steps[0] != (1, 1) or steps[1] != steps[2] or steps[1] not in _SUBSAMPLING):
        raise _damage("components differ in size", frame)
    if len({siz[at] for at in range(36, 36 + 3 * components, 3)}) != 1:
        raise _damage("components differ in depth", frame)
    return Jpeg2000Stream(
        rows=height - top,
        columns=width - left,
        components=components,
        precision=(siz[36] & 0x7F) + 1,
        signed=siz[36] >= 0x80,
        subsampled=subsampled,
        transformed=cod[4] == 1,
        progression=None if _POC in header else cod[1],
        has_lengths=_TLM in header,
        high_throughput=_CAP in header and bool(int.from_bytes(header[_CAP][:4], "big") & 0x0002_0000),
        first_tile_part=position,
        grid=TileGrid((left, top), (width, height), (tile_left, tile_top), (tile_width, tile_height), tuple(steps)),
        coding=Coding().after(segments, components, frame),
    )


def walk_tile_parts(data: bytes, stream: Jpeg2000Stream, frame: int) -> TileParts:
    """Walk the tile-parts by their lengths, to the end of the code stream.

    Raises
    ------
    CodecError
        A tile or the end is not there, or there are fewer bytes than packets.

    DICOM
    -----
    ISO/IEC 15444-1 A.4.2
    """
    if stream.tiles * _LEAST_TILE_PART > len(data):
        raise _damage(f"has {stream.tiles} tiles, expected no more than its bytes have room for", frame)
    position, start, seen, own = stream.first_tile_part, None, set(), dict[int, Coding]()
    while (marker := data[position : position + 2]) != b"\xff\xd9":
        if marker != b"\xff\x90" or position + 12 > len(data):
            end = data.rfind(b"\xff\xd9", max(position, len(data) - _MOST_PADDING))
            if start is None or end < 0 or len(seen) != stream.tiles or marker == b"\xff\x90":
                raise _damage("ends before its end of code stream marker, or has a bad tile", frame)
            _check_parts(data, stream, own, frame)
            return TileParts(end + 2, start, own)
        tile, length = struct.unpack_from(">HI", data, position + 4)
        if tile >= stream.tiles:
            raise _damage("has a tile that is none of the image's", frame)
        seen.add(tile)
        start = position
        segments = _coding_styles(data, position + 12, frame)
        if segments:
            own[tile] = own.get(tile, stream.coding).after(segments, stream.components, frame)
        if length == 0:  # the last one reaches to the end
            position = data.rfind(b"\xff\xd9", max(position, len(data) - _MOST_PADDING))
            if position < 0:
                raise _damage("ends before its end of code stream marker", frame)
        elif length < _LEAST_TILE_PART or position + length > len(data):
            raise _damage("ends inside a tile-part", frame)
        else:
            position += length
    if len(seen) != stream.tiles:
        raise _damage(f"has {len(seen)} of {stream.tiles} tiles", frame)
    _check_parts(data, stream, own, frame)
    return TileParts(position + 2, None, own)


def _coding_styles(data: bytes, position: int, frame: int) -> list[tuple[int, bytes]]:
    """Return the segments in the header of a tile-part that say how it is coded."""
    found = []
    while (marker := int.from_bytes(data[position : position + 2], "big")) != _SOD:
        size = int.from_bytes(data[position + 2 : position + 4], "big")
        if marker < 0xFF30 or size < 2 or position + 2 + size > len(data):
            raise _damage("tile-part header is damaged or ends early", frame)
        if marker in (COD, COC):
            found.append((marker, data[position + 4 : position + 2 + size]))
        position += 2 + size
    return found


def _check_parts(data: bytes, stream: Jpeg2000Stream, own: dict[int, Coding], frame: int) -> None:
    """Refuse what has more packets than bytes, or far more code-blocks: a decoder makes room for each."""
    packets = packets_of(stream.grid, stream.coding, own)
    if packets > len(data):
        raise _damage(f"has {packets} packets, expected no more than its bytes have room for", frame)
    blocks = stream.rows * stream.columns * stream.components >> min(
        coding.block for coding in (stream.coding, *own.values())
    )
    if blocks > max(_FREE_BLOCKS, _BLOCKS_PER_BYTE * len(data)):
        raise _damage(f"has {blocks} code-blocks, expected far fewer for its bytes", frame)


def _damage(what: str, frame: int) -> CodecError:
    return CodecError(f"JPEG 2000 {what}", frame=frame)
