"""Pictures made on the spot, and what reads the results back."""

import io
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
