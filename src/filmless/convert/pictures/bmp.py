"""BMP, with Pillow."""

from filmless.convert.content import Content
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.pillow import read_with_pillow

__all__ = ["read"]


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read a BMP."""
    return [read_with_pillow("BMP", data, options)]
