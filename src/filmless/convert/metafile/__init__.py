"""EMF that wraps one bitmap."""

from filmless.convert.content import Content
from filmless.convert.metafile.emf import bitmap_of_emf
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.bmp import read as read_bmp

__all__ = ["read"]


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read an EMF that wraps one bitmap."""
    return read_bmp(bitmap_of_emf(data), options)
