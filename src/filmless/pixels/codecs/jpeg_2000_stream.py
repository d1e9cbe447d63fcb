"""The marker segments of a JPEG 2000 code stream: what it holds and whether it is whole, without decoding it."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from filmless.errors import CodecError

__all__ = ["Jpeg2000Stream", "code_stream_of", "parse_jpeg_2000"]

_SOC, _SOT, _SOD, _EOC, _SIZ, _COD, _QCD, _CAP = 0xFF4F, 0xFF90, 0xFF93, 0xFFD9, 0xFF51, 0xFF52, 0xFF5C, 0xFF50
_BOXES = (b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\x00\x00\x00\x0cjP\x1a\x1a\r\n\x87\n")


@dataclass(frozen=True, slots=True)
class Jpeg2000Stream:
    """What the main header says (ISO/IEC 15444-1 Annex A)."""

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool
    transformed: bool
    reversible: bool
    high_throughput: bool
    end: int


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


def parse_jpeg_2000(data: bytes, frame: int) -> Jpeg2000Stream:
    """Walk the main header and the tile-parts by their lengths, to the end of the code stream.

    Raises
    ------
    CodecError
        It is no code stream, or a part of it is not there.

    DICOM
    -----
    PS3.5 8.2.4; ISO/IEC 15444-1 A.4
    """

    def fail(what: str) -> CodecError:
        return CodecError(f"JPEG 2000 {what}", frame=frame)

    if len(data) < 4 or int.from_bytes(data[:2], "big") != _SOC:
        raise fail("has no start of code stream")
    position, header = 2, dict[int, bytes]()
    while (marker := int.from_bytes(data[position : position + 2], "big")) != _SOT:
        size = int.from_bytes(data[position + 2 : position + 4], "big")
        if marker < 0xFF30 or size < 2 or position + 2 + size > len(data):
            raise fail("main header is damaged or ends early")
        header[marker] = data[position + 4 : position + 2 + size]
        position += 2 + size
    if not {_SIZ, _COD, _QCD} <= header.keys() or len(header[_SIZ]) < 39 or len(header[_COD]) < 10:
        raise fail("main header lacks a required segment")
    siz, cod = header[_SIZ], header[_COD]
    width, height, left, top, tile_width, tile_height, tile_left, tile_top, components = struct.unpack_from(
        ">8IH", siz, 2
    )
    if width <= left or height <= top or not tile_width or not tile_height or len(siz) < 36 + 3 * components:
        raise fail("main header has an impossible size")
    tiles = -((tile_left - width) // tile_width) * -((tile_top - height) // tile_height)
    end = _walk_tile_parts(data, position, tiles, fail)
    subsampled = any(siz[at + 1] != 1 or siz[at + 2] != 1 for at in range(36, 36 + 3 * components, 3))
    depths = {siz[at] for at in range(36, 36 + 3 * components, 3)}
    if subsampled or len(depths) != 1:
        raise fail("components differ in size or depth")
    return Jpeg2000Stream(
        rows=height - top,
        columns=width - left,
        components=components,
        precision=(siz[36] & 0x7F) + 1,
        signed=siz[36] >= 0x80,
        transformed=cod[4] == 1,
        reversible=cod[9] == 1,
        high_throughput=_CAP in header and bool(int.from_bytes(header[_CAP][:4], "big") & 0x0002_0000),
        end=end,
    )


def _walk_tile_parts(data: bytes, position: int, tiles: int, fail: Callable[[str], CodecError]) -> int:
    seen = set()
    while True:
        marker = int.from_bytes(data[position : position + 2], "big")
        if marker == _EOC:
            break
        if marker != _SOT or position + 12 > len(data):
            raise fail("ends before its end of code stream marker" if position >= len(data) - 2 else "has a bad tile")
        tile, length = struct.unpack_from(">HI", data, position + 4)
        if tile >= tiles:
            raise fail("has a tile that is none of the image's")
        seen.add(tile)
        if length == 0:  # the last one reaches to the end
            found = data.rfind(b"\xff\xd9", position)
            if found < 0:
                raise fail("ends before its end of code stream marker")
            position = found
        elif length < 14 or position + length > len(data):
            raise fail("ends inside a tile-part")
        else:
            position += length
    if len(seen) != tiles:
        raise fail(f"has {len(seen)} of {tiles} tiles")
    return position + 2
