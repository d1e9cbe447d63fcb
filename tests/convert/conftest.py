"""Pictures made on the spot, and what reads the results back."""

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image

from filmless.convert import to_dicom


@pytest.fixture(scope="session")
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture(scope="session")
def rgb(rng) -> np.ndarray:
    """Odd sizes: padding shows."""
    return rng.integers(0, 256, (31, 17, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def grey(rng) -> np.ndarray:
    return rng.integers(0, 256, (31, 17), dtype=np.uint8)


@pytest.fixture(scope="session")
def grey16(rng) -> np.ndarray:
    return rng.integers(0, 65536, (31, 17), dtype=np.uint16)


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    """A picture that JPEG can hold well: smooth, with colour."""
    y, x = np.mgrid[0:48, 0:64]
    return Image.fromarray(np.dstack([x * 4, y * 5, (x + y) * 2]).astype(np.uint8))


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    def encode(image: Image.Image | np.ndarray, format_name: str, **options: Any) -> bytes:
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image)
        stream = io.BytesIO()
        image.save(stream, format_name, **options)
        return stream.getvalue()

    return encode


@pytest.fixture
def through_file(tmp_path) -> Callable[..., pydicom.Dataset]:
    """Convert, write, and read back with pydicom."""

    def through_file(source: Any, **options: Any) -> pydicom.Dataset:
        path = tmp_path / "converted.dcm"
        to_dicom(source, **options).save_as(path)
        return pydicom.dcmread(path)

    return through_file


@pytest.fixture(scope="session")
def emf() -> Callable[..., bytes]:
    """Make an EMF of records; `bmp` as STRETCHDIBITS, SETDIBITSTODEVICE, BITBLT or STRETCHBLT."""

    def record(kind: int, body: bytes = b"") -> bytes:
        body += b"\0" * (-len(body) % 4)
        return struct.pack("<II", kind, 8 + len(body)) + body

    def bitmap(bmp: bytes, kind: int, *, rop: int = 0x00CC0020, left: int = 0, flip: int = 1, usage: int = 0) -> bytes:
        start = struct.unpack_from("<I", bmp, 10)[0]
        header, bits = bmp[14:start], bmp[start:]
        width, height = struct.unpack_from("<ii", header, 4)
        height = abs(height)
        fixed = {76: 100, 77: 108, 80: 76, 81: 80}[kind]
        where = struct.pack("<IIII", fixed, len(header), fixed + len(header), len(bits))
        bounds = struct.pack("<iiii", 0, 0, width - 1, height - 1)
        if kind in (80, 81):
            body = struct.pack("<iiiiii", 0, 0, left, 0, width, height) + where + struct.pack("<I", usage)
            last = (0, height) if kind == 80 else (rop, width * 2 * flip, height * 2)
            body += struct.pack("<II" if kind == 80 else "<Iii", *last)
        else:
            body = struct.pack("<iiiiI", 0, 0, width, height, rop) + struct.pack("<ii", left, 0)
            body += struct.pack("<ffffff", flip, 0, 0, 1, 0, 0) + struct.pack("<II", 0, usage) + where
            body += struct.pack("<ii", width, height) if kind == 77 else b""
        assert 8 + len(bounds + body) == fixed
        return record(kind, bounds + body + header + bits)

    def emf(*records: bytes, end: bool = True) -> bytes:
        tail = b"".join(records) + (record(14, struct.pack("<III", 0, 16, 20)) if end else b"")
        head = struct.pack("<8i", 0, 0, 99, 99, 0, 0, 999, 999) + b" EMF"
        head += struct.pack("<IIIHHIII", 0x10000, 108 + len(tail), len(records) + 2, 1, 0, 0, 0, 0)
        return record(1, head.ljust(100, b"\0")) + tail

    emf.record = record  # type: ignore[attr-defined]
    emf.bitmap = bitmap  # type: ignore[attr-defined]
    return emf
