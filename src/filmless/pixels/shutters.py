"""Display shutters: what lies outside a shape of a picture is not shown (PS3.3 C.7.6.11, C.7.6.15)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import LimitError
from filmless.pixels.attributes import integer, numbers, text, texts
from filmless.pixels.cielab import cielab_to_rgb
from filmless.pixels.multi_frame import frame_group
from filmless.pixels.overlays import overlay_mask
from filmless.pixels.scaling import pixel_height

__all__ = ["Shapes", "Shutter", "apply", "shapes_of", "shutter_of"]

_MOST_VERTICES = 1 << 14
_MOST_WORK = 1 << 24  # of a polygon: rows that its edges cross, what filling it costs
_FAR = 1 << 20  # columns: where a vertex that lies further out is taken to be


@dataclass(frozen=True, slots=True, eq=False)
class Shutter:
    """What of a picture is covered, and with what.

    Attributes
    ----------
    mask
        Shape (rows, columns), bool: True where the picture is covered.
    value
        The grey that covers it, 0 to 255.
    colour
        Red, green, blue, 0 to 255 each, for pictures in colour; None for the grey.
    """

    mask: NDArray[np.bool_]
    value: int = 0
    colour: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of a shutter, outside of which a picture is covered, in pixels of the image from 1.

    Attributes
    ----------
    rectangle
        Left, upper, right and lower edge, whose own pixels are inside; None for an edge that is not given.
    center, radius
        Of a circle: row and column, and how many columns.
    polygon
        Row and column of each vertex.
    overlay_group
        The group of the overlay whose bits are covered.
    value, colour
        What covers it: a grey from 0 to 255; red, green and blue, or None for the grey.
    """

    rectangle: tuple[int | None, int | None, int | None, int | None] | None = None
    center: tuple[float, float] | None = None
    radius: float | None = None
    polygon: tuple[tuple[float, float], ...] = ()
    overlay_group: int | None = None
    value: int = 0
    colour: tuple[int, int, int] | None = None


def shapes_of(ds: Dataset, *, frame: int = 0) -> Shapes | None:
    """Return the shapes of the display shutter of a data set; None when it has none.

    Parameters
    ----------
    ds
        An image or a presentation state.
    frame
        Which frame, from 0: enhanced X-ray images have a shutter for each.

    Raises
    ------
    LimitError
        A polygon has more than 16384 vertices.

    DICOM
    -----
    PS3.3 C.7.6.11, C.7.6.15, C.7.6.16.2.14
    """
    described = _described(ds, frame)
    if described is None:
        return None
    found: dict[str, Any] = {}
    for shape in set(texts(described, "ShutterShape")):
        found |= _SHAPES[shape](described) if shape in _SHAPES else {}
    value = np.clip(integer(described, "ShutterPresentationValue", absent=0), 0, 0xFFFF)
    lab = numbers(described, "ShutterPresentationColorCIELabValue")
    colour = cielab_to_rgb(list(np.clip(lab, 0, 0xFFFF))) if len(lab) == 3 else None
    if colour is not None and "ShutterPresentationValue" not in described:
        value = round(float(np.dot(colour, (0.2126, 0.7152, 0.0722)))) * 257
    return Shapes(**found, value=round(int(value) / 257), colour=colour) if found else None


def shutter_of(ds: Dataset, rows: int, columns: int, *, frame: int = 0, image: Dataset | None = None) -> Shutter | None:
    """Return the display shutter of a data set.

    Parameters
    ----------
    ds
        An image or a presentation state.
    rows, columns
        Size of the picture.
    frame
        Which frame, from 0: enhanced X-ray images have a shutter for each.
    image
        The image of a presentation state, whose pixels a circle is counted in; ``ds`` by default.

    Returns
    -------
    Shutter or None
        Of several shapes what is outside any is covered. Without Shutter Presentation Value it is covered in black.
        A shape that is described badly covers nothing.

    Raises
    ------
    LimitError
        A polygon has more than 16384 vertices, or goes up and down more often than can be drawn in a second.

    DICOM
    -----
    PS3.3 C.7.6.11, C.7.6.15, C.7.6.16.2.14

    Examples
    --------
    >>> from filmless import Dataset
    >>> ds = Dataset({"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [2, 2], "RadiusOfCircularShutter": 1})
    >>> shutter_of(ds, 3, 3).mask.astype(int).tolist()
    [[1, 0, 1], [0, 0, 0], [1, 0, 1]]
    """
    shapes = shapes_of(ds, frame=frame)
    if shapes is None:
        return None
    mask = np.zeros((rows, columns), dtype=np.bool_)
    for covered in _covered(shapes, ds, ds if image is None else image, (rows, columns), frame):
        mask |= covered
    return Shutter(mask, shapes.value, shapes.colour) if mask.any() else None


def apply(picture: NDArray[np.uint8], shutter: Shutter | None) -> NDArray[np.uint8]:
    """Cover what is outside a shutter.

    Parameters
    ----------
    picture
        Shape (rows, columns) or (rows, columns, 3), uint8. It stays as it is.
    shutter
        A shutter of the same rows and columns, or None for none.

    Returns
    -------
    NDArray
        A new picture, or the same without a shutter.

    DICOM
    -----
    PS3.4 N.2.3
    """
    if shutter is None:
        return picture
    if shutter.mask.shape != picture.shape[:2]:
        raise ValueError(f"shutter has shape {shutter.mask.shape}, expected that of the picture, {picture.shape[:2]}")
    if picture.ndim == 2:
        return np.where(shutter.mask, np.uint8(shutter.value), picture)
    colour = np.array(shutter.colour or (shutter.value,) * 3, dtype=np.uint8)
    return np.where(shutter.mask[..., np.newaxis], colour, picture)


def _described(ds: Dataset, frame: int) -> Dataset | None:
    """Return what describes the shutter: the data set, or in enhanced X-ray images the frame's item."""
    if "ShutterShape" in ds:
        return ds
    # Only these have the macro: the groups of others are not gone through for it.
    if text(ds, "Modality") in ("XA", "RF") and "SharedFunctionalGroupsSequence" in ds:
        return frame_group(ds, "FrameDisplayShutterSequence", frame)
    return None


def _rectangle(ds: Dataset) -> dict[str, Any]:
    """Read the edges; one that is not given covers nothing."""
    sides = ("LeftVertical", "UpperHorizontal", "RightVertical", "LowerHorizontal")
    edges = [numbers(ds, f"Shutter{side}Edge") for side in sides]
    return {"rectangle": tuple(int(edge[0]) if len(edge) and abs(edge[0]) < 2**63 else None for edge in edges)}


def _circle(ds: Dataset) -> dict[str, Any]:
    center, radius = numbers(ds, "CenterOfCircularShutter").tolist(), numbers(ds, "RadiusOfCircularShutter").tolist()
    if len(center) < 2 or not radius or radius[0] < 0:
        return {}
    return {"center": (center[0], center[1]), "radius": radius[0]}


def _polygon(ds: Dataset) -> dict[str, Any]:
    vertices = numbers(ds, "VerticesOfThePolygonalShutter")
    vertices = vertices[: len(vertices) // 2 * 2].reshape(-1, 2)
    if len(vertices) > _MOST_VERTICES:
        message = f"polygonal shutter has {len(vertices)} vertices, expected at most {_MOST_VERTICES}"
        raise LimitError(message, limit="vertices", value=_MOST_VERTICES, tag=0x0018_1620)
    return {} if len(vertices) < 3 else {"polygon": tuple((row, column) for row, column in vertices.tolist())}


def _bitmap(ds: Dataset) -> dict[str, Any]:
    group = integer(ds, "ShutterOverlayGroup", absent=0)
    return {"overlay_group": group} if 0x6000 <= group <= 0x60FF else {}


_SHAPES: Final[dict[str, Callable[[Dataset], dict[str, Any]]]] = {
    "RECTANGULAR": _rectangle,
    "CIRCULAR": _circle,
    "POLYGONAL": _polygon,
    "BITMAP": _bitmap,
}


def _covered(
    shapes: Shapes, ds: Dataset, image: Dataset, size: tuple[int, int], frame: int
) -> Iterator[NDArray[np.bool_]]:
    """Give what is outside each shape."""
    rows, columns = size
    if shapes.rectangle is not None:
        left, upper, right, lower = shapes.rectangle
        covered = np.ones(size, dtype=np.bool_)
        top, bottom = (1 if upper is None else upper) - 1, rows if lower is None else lower
        first, last = (1 if left is None else left) - 1, columns if right is None else right
        covered[max(top, 0) : max(bottom, 0), max(first, 0) : max(last, 0)] = False
        yield covered
    if shapes.center is not None and shapes.radius is not None:
        yield _outside_circle(shapes.center, shapes.radius, size, pixel_height(image))
    if shapes.polygon:
        yield _outside_polygon(np.array(shapes.polygon), size)
    if shapes.overlay_group is not None:
        bits = overlay_mask(ds, shapes.overlay_group, rows, columns, frame=frame)
        if bits is not None:
            yield bits


def _outside_circle(
    center: tuple[float, float], radius: float, size: tuple[int, int], aspect: float
) -> NDArray[np.bool_]:
    """Return what is outside a circle whose radius is counted in columns."""
    rows, columns = size
    vertical = (np.arange(1, rows + 1) - center[0]) * aspect
    # Half the width of the circle in each row; NaN, with which nothing compares, above and below it.
    with np.errstate(invalid="ignore", over="ignore"):
        half = np.sqrt(radius**2 - vertical**2)[:, np.newaxis]
    horizontal = np.abs(np.arange(1, columns + 1) - center[1])
    inside: NDArray[np.bool_] = horizontal <= half
    return ~inside


def _outside_polygon(vertices: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return what is outside a polygon, whose edges are inside."""
    from PIL import Image, ImageDraw

    rows, columns = size
    corners = np.clip(vertices[:, ::-1] - 1, -_FAR, _FAR)
    heights = np.clip(np.append(corners[:, 1], corners[0, 1]), 0, rows)
    if np.abs(np.diff(heights)).sum() + len(vertices) * rows / 64 > _MOST_WORK:
        message = "polygonal shutter has more edges than can be drawn, expected a simple shape"
        raise LimitError(message, limit="work", value=_MOST_WORK, tag=0x0018_1620)
    image = Image.new("1", (columns, rows), 1)
    ImageDraw.Draw(image).polygon(corners.ravel().tolist(), fill=0, outline=0)
    return np.asarray(image, dtype=np.bool_)
