"""Coded streams of every kind, and what every one of them has to show when it is wrapped."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import jpeg_ls
import numpy as np
import pydicom
import pydicom.encaps
import pytest
from PIL import Image

from filmless import pixels, read
from filmless.convert import to_dicom


@pytest.fixture(scope="session")
def smooth() -> np.ndarray:
    """RGB of 8 bits with odd sizes."""
    y, x = np.mgrid[0:47, 0:61]
    return np.dstack([x * 4, y * 5, (x + y) * 2]).astype(np.uint8)


@pytest.fixture(scope="session")
def smooth_grey(smooth) -> np.ndarray:
    return np.ascontiguousarray(smooth[..., 0])


@pytest.fixture(scope="session")
def smooth_12() -> np.ndarray:
    """Grey of 12 bits with odd sizes, which does not use the whole range."""
    y, x = np.mgrid[0:47, 0:61]
    return (100 + x * 31 + y * 37).astype(np.uint16)


@pytest.fixture(scope="session")
def jpeg() -> Callable[..., bytes]:
    def jpeg(samples: np.ndarray, **options: Any) -> bytes:
        return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(samples), **options))

    return jpeg


@pytest.fixture(scope="session")
def ls() -> Callable[..., bytes]:
    def ls(samples: np.ndarray, bits: int, *, error: int = 0, mode: int = 0) -> bytes:
        rows, columns, *channels = samples.shape
        shape = (rows, columns, channels[0] if channels else 1, bits)
        return bytes(jpeg_ls.encode_buffer(samples.tobytes(), *shape, lossy_error=error, interleave_mode=mode))

    return ls


@pytest.fixture
def wrapped(tmp_path: Path, errors_of: Callable[[Path], list[str]]) -> Callable[..., pydicom.Dataset]:
    """Convert what goes in as it is: the stream is the same, and dciodvfy and pydicom are content."""

    def wrapped(data: bytes, syntax: str, *, stream: bytes | None = None, **options: Any) -> pydicom.Dataset:
        path = tmp_path / "wrapped.dcm"
        to_dicom(data, **options).save_as(path)
        ds = pydicom.dcmread(path)
        assert pixels.decode(read(path)).shape[:2] == (ds.Rows, ds.Columns)
        assert ds.file_meta.TransferSyntaxUID == f"1.2.840.10008.1.2.4.{syntax}"
        (found,) = pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=1)
        expected = data if stream is None else stream
        assert found == expected + b"\0" * (len(expected) % 2)
        if syntax[0] in "12":  # of JPEG XL and HTJ2K dciodvfy does not know that they are encapsulated
            known = pydicom.dcmread(path)
            known.file_meta.TransferSyntaxUID = f"1.2.840.10008.1.2.4.{ {'203': 91, '111': 50}.get(syntax, 90) }"
            known.save_as(path)
        assert [line for line in errors_of(path) if "<XYB>" not in line] == []
        return ds

    return wrapped


@pytest.fixture(scope="session")
def errors_of(peer: Callable[[str], str]) -> Callable[[Path], list[str]]:
    """Ask dciodvfy, which tells by its words only."""
    import subprocess

    program = peer("dciodvfy")

    def errors_of(path: Path) -> list[str]:
        told = subprocess.run([program, str(path)], capture_output=True, text=True, errors="replace", check=False)
        return [line for line in told.stderr.splitlines() if line.startswith("Error")]

    return errors_of


@pytest.fixture(scope="session")
def boxed() -> Callable[..., bytes]:
    """Put a JPEG 2000 code stream into the boxes of a JP2 file."""

    def box(kind: bytes, content: bytes) -> bytes:
        return (len(content) + 8).to_bytes(4, "big") + kind + content

    def boxed(code_stream: bytes, *header: tuple[bytes, bytes], colour: int = 16) -> bytes:
        colr = box(b"colr", b"\1\0\0" + colour.to_bytes(4, "big"))
        inside = box(b"ihdr", bytes(14)) + colr + b"".join(box(*one) for one in header)
        start = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
        return start + box(b"jp2h", inside) + box(b"jp2c", code_stream)

    return boxed


@pytest.fixture(scope="session")
def as_image() -> Callable[..., Image.Image]:
    def as_image(samples: np.ndarray, mode: str | None = None) -> Image.Image:
        return Image.frombytes(mode or {3: "RGB", 4: "RGBA"}[samples.shape[2]], samples.shape[1::-1], samples.tobytes())

    return as_image


@pytest.fixture(scope="session")
def as_bytes() -> Callable[..., bytes]:
    def as_bytes(image: Image.Image, format_name: str, **options: Any) -> bytes:
        stream = io.BytesIO()
        image.save(stream, format_name, **options)
        return stream.getvalue()

    return as_bytes
