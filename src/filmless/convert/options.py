"""How sources are read, and where what is found in them is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from filmless.convert.notice import ConversionNotice

__all__ = ["Background", "ReadOptions", "as_colours"]

Background = int | tuple[int, int, int]
"""A grey or a colour of 0 to 255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a source is read.

    Parameters
    ----------
    background
        What transparent parts, and the paper of drawings, become.
    strip_metadata
        Leave EXIF, comments, thumbnails and the like out of streams that go in as they are.
    verify
        Decode streams that go in as they are, and refuse those that do not decode to the end.
    max_pixels
        The most pixels of all frames of one object together.
    apart
        Make each page or frame an object of its own, in place of one multi-frame object.
    as_images
        Make the pages of a document images, in place of encapsulating it.
    dpi
        Pixels per inch of what has no pixels of its own: EMF, WMF, pages of PDF.
    size
        Pixels of the longer side of such, in place of ``dpi``.
    exif
        Read EXIF, which header values may come from.
    timed
        How long frames are shown may be given: there can be more of them than can be numbered.
    notices
        Gets what is told.

    Raises
    ------
    ValueError
        The background is none.
    """

    background: Background = 255
    strip_metadata: bool = False
    verify: bool = False
    max_pixels: int = 1 << 28
    apart: bool = False
    as_images: bool = False
    dpi: float = 200.0
    size: int | None = None
    exif: bool = False
    timed: bool = False
    notices: list[ConversionNotice] = field(default_factory=list)

    def __post_init__(self) -> None:
        as_colours(self.background)

    def notice(self, code: str, message: str) -> None:
        """Tell something, once of all frames and pages; never a value out of the source."""
        told = ConversionNotice(code, message)
        if told not in self.notices:
            self.notices.append(told)


def as_colours(background: Background) -> tuple[int, int, int]:
    """Return a background as a colour.

    Raises
    ------
    ValueError
        It is none.
    """
    colours = tuple(background) if isinstance(background, Sequence) else (background,) * 3
    if len(colours) != 3 or not all(part in range(256) for part in colours):
        raise ValueError("background must be a grey of 0 to 255 or three such numbers")
    return int(colours[0]), int(colours[1]), int(colours[2])
