"""What a caller asks of a metafile's drawing, and what comes back."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from filmless.convert.notice import ConversionNotice
from filmless.convert.options import Background, as_colours

__all__ = ["Drawing", "MetafileOptions"]


@dataclass(frozen=True, slots=True)
class MetafileOptions:
    """How a metafile is drawn, and how much of it at the most.

    Parameters
    ----------
    dpi
        Pixels per inch of the picture's own size.
    size
        The longest side in pixels, in place of ``dpi``.
    background
        The paper: a grey or a colour of 0 to 255.
    max_pixels
        The largest picture that is drawn; its bitmaps together may have as many.
    max_records
        The most records that are read.
    max_points
        The most points that are drawn, rectangles and letters included.
    notice
        Is told what was found: a code for programs and a message for persons.
    """

    dpi: float = 200.0
    size: int | None = None
    background: Background = 255
    max_pixels: int = 1 << 28
    max_records: int = 2_000_000
    max_points: int = 2_000_000
    notice: Callable[[str, str], None] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.dpi <= 10_000:
            raise ValueError(f"dpi is {self.dpi}, expected 1 to 10000")
        if self.size is not None and self.size < 1:
            raise ValueError(f"size is {self.size}, expected at least 1 pixel")

    @property
    def paper(self) -> tuple[int, int, int]:
        """The background as a colour."""
        return as_colours(self.background)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a metafile shows: the bitmap it wraps, or its drawing as pixels.

    Parameters
    ----------
    bitmap
        A BMP file, when the metafile holds one bitmap, shows all of it upright and draws nothing else.
    rgb
        Shape (rows, columns, 3), uint8, in all other cases.
    resolution_dpi
        Pixels per inch of ``rgb``; None when the file has no size in inches.
    notices
        What was found on the way.
    """

    bitmap: bytes | None = None
    rgb: NDArray[np.uint8] | None = None
    resolution_dpi: float | None = None
    notices: list[ConversionNotice] = field(default_factory=list)
