"""What a page of a TIFF claims, checked before anything is allocated for it."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from filmless.convert.content import Resolution
from filmless.convert.pictures.information import PictureInformation, sensible_resolution
from filmless.errors import ConversionError

__all__ = ["Compression", "TiffPage", "check_page", "information_of", "lossy_method"]


class Compression:
    """Values of the tag of this name."""

    NONE, LZW, OLD_JPEG, JPEG, DEFLATE, PACKBITS, ADOBE_DEFLATE = 1, 5, 6, 7, 32946, 32773, 8
    CCITT = (2, 3, 4)
    JPEG_2000 = (33003, 33004, 33005, 34712)
    ZSTD, WEBP = 50000, 50001


TiffPage = Any
"""A page of tifffile."""

# Bytes out of one at most: nothing compressed, LZW, deflate, PackBits, …
_EXPANSION = {1: 1, 5: 2800, 8: 1032, 32946: 1032, 32773: 64, 50000: 44_000, 6: 8300, 7: 8300, 50001: 1 << 16}
_EXPANSION |= dict.fromkeys(Compression.JPEG_2000, 1 << 16)
_SELF_SIZED = (Compression.OLD_JPEG, Compression.JPEG, *Compression.JPEG_2000, Compression.WEBP)
_MAX_FILLING = 64
_CM_PER_INCH = 2.54


@dataclass(frozen=True, slots=True)
class _Claim:
    columns: int
    rows: int


def check_page(page: TiffPage, data: bytes) -> None:
    """Refuse what cannot be, or is not converted.

    Raises
    ------
    ConversionError
        The samples are of a kind that is not converted; or a strip or tile is missing, outside of the file, or too
        short for what it claims to hold.
    """
    compression, bits = int(page.compression), page.bitspersample
    if compression not in _EXPANSION and compression not in Compression.CCITT:
        raise ConversionError(f"TIFF of compression {compression} is not converted")
    if not isinstance(bits, int) or page.sampleformat not in (1, 2, 3, 4) or page.imagedepth != 1 or bits > 64:
        raise ConversionError(
            f"TIFF of {bits} bits, sample format {page.sampleformat} and depth {page.imagedepth} is not converted"
        )
    if compression in Compression.CCITT and (bits != 1 or page.samplesperpixel != 1):
        raise ConversionError("the TIFF is damaged: facsimile has one bit a pixel")
    columns, rows = (page.tilewidth, page.tilelength) if page.is_tiled else (page.imagewidth, page.rowsperstrip)
    rows = rows if page.is_tiled else min(rows, page.imagelength)
    if columns < 1 or rows < 1:
        raise ConversionError("the TIFF is damaged: its strips or tiles have no size")
    across, down = -(-page.imagewidth // columns), -(-page.imagelength // rows)
    planes = page.samplesperpixel if page.planarconfig == 2 else 1
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if len(segments) < across * down * planes:
        raise ConversionError(f"the TIFF has {len(segments)} strips or tiles, expected {across * down * planes}")
    samples = page.samplesperpixel // planes
    expansion = _EXPANSION.get(compression, columns)  # a line of CCITT can take a bit
    last = page.imagelength - (down - 1) * rows
    for number, (offset, size) in enumerate(segments[: across * down * planes]):
        if not 0 < offset < offset + size <= len(data):
            raise ConversionError("the TIFF is damaged or ends early: a strip or tile lies outside of it")
        of_rows = rows if page.is_tiled or number % down != down - 1 else last
        if (columns * samples * bits + 7) // 8 * of_rows > size * expansion + 64:
            raise ConversionError(f"the TIFF of {len(data)} bytes is too short for its size")
        claim = _claim(compression, data[offset : offset + size]) if compression in _SELF_SIZED else None
        if claim is not None and claim.columns * claim.rows > 2 * columns * rows + 4096:
            raise ConversionError("a strip or tile of the TIFF claims to be larger than it can be")


def _claim(compression: int, coded: bytes) -> _Claim | None:
    """Return the size that a coded strip or tile says it has: decoders allocate for that, not for the page."""
    if compression in (Compression.OLD_JPEG, Compression.JPEG):
        # Decoders go on in silence where the data ends; the end mark, and some filling behind it, has to be there.
        if compression == Compression.JPEG and b"\xff\xd9" not in coded[-_MAX_FILLING:]:
            raise ConversionError("a strip or tile of the TIFF is a JPEG that ends early")
        return next(_of_jpeg(coded), None)
    if compression in Compression.JPEG_2000:
        start = coded.find(b"\xff\x4f\xff\x51")
        if start < 0 or start + 24 > len(coded):
            raise ConversionError("a strip or tile of the TIFF is no JPEG 2000")
        right, bottom, left, top = struct.unpack_from(">4I", coded, start + 8)
        return _Claim(right - left, bottom - top)
    if compression == Compression.WEBP:
        from filmless.convert.pictures.webp import size_of_webp

        return _Claim(*size_of_webp(coded))
    return None


def _of_jpeg(coded: bytes) -> Iterator[_Claim]:
    """Give the size of each frame header of a JPEG."""
    position = 2
    while position + 9 <= len(coded) and coded[position] == 0xFF:
        marker, size = coded[position + 1], int.from_bytes(coded[position + 2 : position + 4], "big")
        if marker in range(0xC0, 0xD0) and marker not in (0xC4, 0xC8, 0xCC):
            rows, columns = struct.unpack_from(">HH", coded, position + 5)
            yield _Claim(columns, rows)
        if marker == 0xDA:
            return
        position += 1 if marker == 0xFF else 2 + size


def lossy_method(page: TiffPage, data: bytes) -> str | None:
    """Return the defined term of the lossy method by which a page was coded; None when nothing was lost."""
    compression = int(page.compression)
    if compression not in _SELF_SIZED:
        return None
    first = data[page.dataoffsets[0] : page.dataoffsets[0] + page.databytecounts[0]]
    if compression in (Compression.OLD_JPEG, Compression.JPEG):
        is_lossless = compression == Compression.JPEG and b"\xff\xc3" in first[:4096]
        return None if is_lossless else "ISO_10918_1"
    if compression in Compression.JPEG_2000:
        style = first.find(
            b"\xff\x52"
        )  # COD; the last byte of its fixed part is the transformation, 1 of which keeps all
        return None if style >= 0 and first[style + 13 : style + 14] == b"\1" else "ISO_15444_1"
    if compression == Compression.WEBP:
        return "RFC_6386" if b"VP8 " in first[:4096] else None
    return None


def information_of(page: TiffPage) -> PictureInformation:
    """Read orientation, resolution and ICC profile."""

    def value(code: int) -> Any:
        tag = page.tags.get(code)
        return None if tag is None else tag.value

    orientation, unit, profile = value(274), value(296), value(34675)
    resolution: Resolution | None = None
    x, y = value(282), value(283)
    if isinstance(x, tuple) and isinstance(y, tuple) and x[1] and y[1]:
        to_inch = _CM_PER_INCH if unit == 3 else 1.0
        resolution = sensible_resolution((x[0] / x[1] * to_inch, y[0] / y[1] * to_inch), absolute=unit in (2, 3, None))
    return PictureInformation(
        int(orientation) if orientation in range(1, 9) else 1,
        resolution,
        profile if isinstance(profile, bytes) and profile else None,
    )
