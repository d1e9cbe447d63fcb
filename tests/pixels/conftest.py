"""Images built attribute by attribute."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from filmless import Dataset

_EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture(scope="session")
def image() -> Callable[..., Dataset]:
    """Make an image of 2 rows, 3 columns and 8 bits, or what the keywords say; None leaves an attribute out."""

    def image(value: bytes, *, syntax: str = _EXPLICIT, vr: str = "OB", **attributes: Any) -> Dataset:
        ds = Dataset()
        ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        ds.SOPInstanceUID = "1.2.3"
        defaults = {"Rows": 2, "Columns": 3, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"}
        bits = attributes.get("BitsAllocated", 8)
        defaults |= {"BitsAllocated": bits, "BitsStored": attributes.get("BitsStored", bits), "PixelRepresentation": 0}
        for keyword, given in (defaults | attributes).items():
            if given is not None:
                setattr(ds, keyword, given)
        ds.file_meta.TransferSyntaxUID = syntax
        ds.add_new("PixelData", vr, value)
        return ds

    return image


@pytest.fixture(scope="session")
def encapsulate() -> Callable[..., bytes]:
    """Make the value of fragments, with the offset table that is given."""

    def item(content: bytes) -> bytes:
        content += b"\0" * (len(content) % 2)
        return b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content

    def encapsulate(*fragments: bytes, table: tuple[int, ...] = ()) -> bytes:
        offsets = b"".join(offset.to_bytes(4, "little") for offset in table)
        return item(offsets) + b"".join(item(fragment) for fragment in fragments)

    return encapsulate


@pytest.fixture(scope="session")
def make_jpeg() -> ModuleType:
    """Writers of JPEG streams that no encoder at hand makes."""
    spec = importlib.util.spec_from_file_location("jpeg_maker", Path(__file__).parent / "jpeg_maker.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
