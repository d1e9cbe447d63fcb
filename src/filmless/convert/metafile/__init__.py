"""EMF that wraps one bitmap."""

from filmless.convert.content import Content
from filmless.convert.metafile.emf import bitmap_of_emf
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.pillow import read_with_pillow

__all__ = ["read"]


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read an EMF that wraps one bitmap."""
    return [read_with_pillow("BMP", bitmap_of_emf(data), options)]
