"""Pictures made by hand, where no program makes them; and how a source is read without a header around it."""

import struct
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from filmless.convert.content import Picture
from filmless.convert.options import ReadOptions
from filmless.convert.reading import contents

_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


class Reading:
    """Pictures that a source holds, and the codes of what is told."""

    def __init__(self, source: Any, **options: Any) -> None:
        settings = ReadOptions(**options)
        self.pictures: list[Picture] = contents(source, settings)
        self.codes = [notice.code for notice in settings.notices]

    @property
    def picture(self) -> Picture:
        (picture,) = self.pictures
        return picture

    @property
    def frames(self) -> np.ndarray:
        return self.picture.pixels

    @property
    def samples(self) -> np.ndarray:
        (frame,) = self.frames
        return frame


@pytest.fixture(scope="session")
def reading() -> type[Reading]:
    return Reading


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def packed(samples: np.ndarray, depth: int) -> list[bytes]:
    """Rows of samples as bytes."""
    rows = samples.reshape(len(samples), -1)
    if depth == 16:
        return [row.astype(">u2").tobytes() for row in rows]
    bits = np.unpackbits(rows.astype(np.uint8)[:, :, np.newaxis], axis=2)[:, :, 8 - depth :]
    return [np.packbits(row.reshape(-1)).tobytes() for row in bits]


def filtered(rows: Iterable[bytes], step: int, chance: np.random.Generator) -> bytes:
    """Filter each row by a filter of chance, byte by byte as PNG has it."""
    out, above = b"", b""
    for row in rows:
        above = above or bytes(len(row))
        number, line = int(chance.integers(5)), bytearray()
        for at, byte in enumerate(row):
            left, corner = (row[at - step], above[at - step]) if at >= step else (0, 0)
            up = above[at]
            near = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
            line.append((byte - (0, left, up, (left + up) // 2, near)[number]) & 255)
        out += bytes([number]) + bytes(line)
        above = row
    return out


def image_data(samples: np.ndarray, depth: int, colour_type: int, *, interlaced: bool = False) -> bytes:
    """Code samples as of IDAT."""
    chance = np.random.default_rng(1)
    step = max(1, _SAMPLES[colour_type] * depth // 8)
    parts = [samples]
    if interlaced:
        parts = [samples[top::down, left::right] for left, top, right, down in _ADAM7]
    return zlib.compress(b"".join(filtered(packed(part, depth), step, chance) for part in parts if part.size))


@pytest.fixture(scope="session")
def png() -> Callable[..., bytes]:
    """Make a PNG of coded samples."""

    def png(
        samples: np.ndarray, depth: int, colour_type: int, *, interlaced: bool = False,
        before: bytes = b"", after: bytes = b"", cut: int = 1 << 30,
    ) -> bytes:  # fmt: skip
        rows, columns = samples.shape[:2]
        data = image_data(samples, depth, colour_type, interlaced=interlaced)
        header = struct.pack(">IIBBBBB", columns, rows, depth, colour_type, 0, 0, interlaced)
        parts = [chunk(b"IDAT", data[start : start + cut]) for start in range(0, len(data), cut)]
        body = chunk(b"IHDR", header) + before + b"".join(parts) + after + chunk(b"IEND")
        return b"\x89PNG\r\n\x1a\n" + body

    png.chunk = chunk  # type: ignore[attr-defined]
    png.image_data = image_data  # type: ignore[attr-defined]
    return png
