"""What a request for a picture asks for: window, viewport, quality, annotations, colours."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

from filmless.errors import DicomWebError
from filmless.pixels.displayed_area import MOST_PIXELS
from filmless.pixels.grey import VoiFunction, Window

__all__ = ["KEYS", "OTHERS", "IccProfile", "Rendering", "Viewport", "rendering_of", "rendering_of_uri"]

IccProfile = Literal["no", "yes", "srgb"]
"""Without a profile; with the image's own, or else sRGB's; converted to sRGB."""

KEYS: Final = ("annotation", "iccprofile", "quality", "viewport", "window")
"""The query parameters of `rendering_of`."""

OTHERS: Final = frozenset({"accept", "charset"})
"""Those of all services."""

_ANNOTATIONS: Final = frozenset({"patient", "technique"})
_FUNCTIONS: Final[dict[str, VoiFunction]] = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_MOST_SIDE = 0xFFFF


class Viewport(NamedTuple):
    """How large a picture is at the most, and which part of the image it shows.

    A region is counted in pixels of the image: left, top, width, height. A width or height below 0 flips it.
    """

    width: int
    height: int
    left: float = 0.0
    top: float = 0.0
    region_width: float | None = None  # to the right edge
    region_height: float | None = None  # to the lower edge

    @property
    def is_whole(self) -> bool:
        """Whether it shows all of the image, as it is."""
        return self[2:] == (0.0, 0.0, None, None)


@dataclass(frozen=True, slots=True)
class Rendering:
    """How pictures are to be made. None, and nothing, is what the data set asks for.

    Attributes
    ----------
    window
        For grey images.
    viewport
        Size and part.
    fractions
        Left, top, right, bottom of the part to show, from 0 to 1: the region of WADO-URI.
    quality
        1 to 100, of an encoder that loses.
    annotations
        ``"patient"``, ``"technique"``: what is burned in.
    icc_profile
        See `IccProfile`; None: the image's own profile goes along.
    """

    window: Window | None = None
    viewport: Viewport | None = None
    fractions: tuple[float, float, float, float] | None = None
    quality: int | None = None
    annotations: frozenset[str] = frozenset()
    icc_profile: IccProfile | None = None

    @property
    def shows_a_part(self) -> bool:
        """Whether a part of an image is asked for, or one that is flipped."""
        return self.fractions is not None or not (self.viewport is None or self.viewport.is_whole)


def rendering_of(query: Mapping[str, str]) -> Rendering:
    """Read the query parameters of rendered resources.

    Parameters
    ----------
    query
        Of the request. Parameters that have nothing to do with rendering are not looked at.

    Raises
    ------
    DicomWebError
        400: a value cannot be.

    DICOM
    -----
    PS3.18 8.3.5

    Examples
    --------
    >>> rendering_of({"viewport": "128,64", "quality": "80"}).viewport
    Viewport(width=128, height=64, left=0.0, top=0.0, region_width=None, region_height=None)
    """
    return Rendering(
        window=_window(query["window"]) if "window" in query else None,
        viewport=_viewport(query["viewport"]) if "viewport" in query else None,
        quality=_whole(query, "quality", most=100),
        annotations=_annotations(query),
        icc_profile=_icc_profile(query),
    )


def rendering_of_uri(query: Mapping[str, str]) -> Rendering:
    """Read the parameters of WADO-URI: rows, columns, region, windowCenter, windowWidth, imageQuality, annotation.

    Raises
    ------
    DicomWebError
        400: a value cannot be, or one of the two of a window is missing.

    DICOM
    -----
    PS3.18 9.1.2.2
    """
    window = None
    if ("windowCenter" in query) != ("windowWidth" in query):
        raise _bad("windowCenter and windowWidth go together")
    if "windowCenter" in query:
        window = _window(f"{query['windowCenter']},{query['windowWidth']},linear")
    rows, columns = _whole(query, "rows", most=_MOST_SIDE), _whole(query, "columns", most=_MOST_SIDE)
    viewport = None
    if rows or columns:
        # Where one is not given, the other decides: the box is as long as it can be that way.
        viewport = Viewport(columns or min(_MOST_SIDE, MOST_PIXELS // (rows or 1)),
                            rows or min(_MOST_SIDE, MOST_PIXELS // (columns or 1)))  # fmt: skip
        _check_size(viewport, "rows and columns")
    return Rendering(
        window=window,
        viewport=viewport,
        fractions=_fractions(query["region"]) if "region" in query else None,
        quality=_whole(query, "imageQuality", most=100),
        annotations=_annotations(query),
        icc_profile=_icc_profile(query),
    )


def _bad(expected: str) -> DicomWebError:
    return DicomWebError(expected, status=400)


def _number(text: str, name: str) -> float:
    value = float(text) if len(text) <= 64 and _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise _bad(f"`{name}` holds what is no number")
    return value


def _whole(query: Mapping[str, str], name: str, *, most: int) -> int | None:
    if name not in query:
        return None
    text = query[name].strip()
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    if not 1 <= value <= most:
        raise _bad(f"`{name}` is a whole number from 1 to {most}")
    return value


def _window(text: str) -> Window:
    expected = "`window` is center,width,function: two numbers, and linear, linear-exact or sigmoid"
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (2, 3):
        raise _bad(expected)
    center, width = (_number(part, "window") for part in parts[:2])
    function = _FUNCTIONS.get(parts[2].lower() if len(parts) == 3 else "linear")
    if function is None:
        raise _bad(expected)
    if width < 1 if function == "LINEAR" else width <= 0:
        raise _bad("the width of `window` is at least 1, of linear-exact and sigmoid more than 0")
    return Window(center, width, function)


def _viewport(text: str) -> Viewport:
    expected = "`viewport` is width,height or width,height,left,top,width,height: of the picture, then of a region"
    parts = [part.strip() for part in text.split(",")]
    if not 2 <= len(parts) <= 6:
        raise _bad(expected)
    sides = {"viewport": parts[0]}, {"viewport": parts[1]}
    width, height = (_whole(side, "viewport", most=_MOST_SIDE) or 0 for side in sides)
    left, top, across, down = (
        _number(part, "viewport") if part else None for part in (*parts[2:], *[""] * (6 - len(parts)))
    )
    if (left or 0) < 0 or (top or 0) < 0:
        raise _bad("left and top of the region of `viewport` are 0 or more")
    if across == 0 or down == 0:
        raise _bad("a region of `viewport` has a width and a height, below 0 to flip it")
    viewport = Viewport(width, height, left or 0.0, top or 0.0, across, down)
    _check_size(viewport, "`viewport`")
    return viewport


def _check_size(viewport: Viewport, name: str) -> None:
    if viewport.width * viewport.height > MOST_PIXELS:
        raise _bad(f"{name} ask for more than {MOST_PIXELS} pixels")


def _fractions(text: str) -> tuple[float, float, float, float]:
    parts = [_number(part.strip(), "region") for part in text.split(",")]
    if len(parts) != 4 or not (0 <= parts[0] < parts[2] <= 1 and 0 <= parts[1] < parts[3] <= 1):
        raise _bad("`region` is left,top,right,bottom, from 0 to 1, the first smaller than the last")
    return parts[0], parts[1], parts[2], parts[3]


def _annotations(query: Mapping[str, str]) -> frozenset[str]:
    asked = frozenset(part.strip() for part in query.get("annotation", "").split(",") if part.strip())
    if not asked <= _ANNOTATIONS:
        raise _bad("`annotation` is patient, technique, or both with a comma")
    return asked


def _icc_profile(query: Mapping[str, str]) -> IccProfile | None:
    asked = query.get("iccprofile")
    if asked is None:
        return None
    for known in get_args(IccProfile):
        if asked == known:
            return known  # type: ignore[no-any-return]
    raise _bad("`iccprofile` is no, yes or srgb: no other profile is there")
