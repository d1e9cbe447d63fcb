"""Annotations as strokes and letters on a picture; no coordinate, however far out, makes more work than the picture."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.errors import LimitError
from filmless.pixels.annotations import Colour, Graphic, Label, Points
from filmless.pixels.displayed_area import View

__all__ = ["Effort", "draw_annotations", "font"]

_WHITE = (255, 255, 255)
_FAR = 1e6  # pixels: where a point that lies further out is taken to be
_CURVE = 16  # pieces of an interpolated curve between two points
_MOST_FILLED = 1 << 12  # points of an outline that is filled

_MOST_EFFORT = 1 << 25


@dataclass(slots=True)
class Effort:
    """What has been drawn on a picture so far, in units of less than a tenth of a microsecond."""

    spent: float = 0.0

    def spend(self, more: float) -> None:
        """Count what is drawn next.

        Raises
        ------
        LimitError
            It would be too much.
        """
        self.spent += more
        if self.spent > _MOST_EFFORT:
            message = "annotations are too many and too large to be drawn, expected what can be in a second or two"
            raise LimitError(message, limit="effort", value=_MOST_EFFORT, tag=0x0070_0001)


def draw_annotations(
    picture: NDArray[np.uint8],
    annotations: Iterable[Graphic | Label],
    view: View,
    *,
    tile: tuple[int, int] = (0, 0),
    effort: Effort | None = None,
) -> NDArray[np.uint8]:
    """Draw annotations on a picture.

    Parameters
    ----------
    picture
        Shape (rows, columns) or (rows, columns, 3), uint8. It stays as it is.
    annotations
        In the order in which they are drawn; white when they have no colour.
    view
        How the picture came from the image: graphics are turned with it, letters stand upright.
    tile
        Where the frame begins in the total pixel matrix, as columns and rows.
    effort
        What has been drawn on the same picture before; it is counted on.

    Returns
    -------
    NDArray
        A new picture, or the same without annotations; a grey one stays grey while only greys are drawn.

    Raises
    ------
    LimitError
        There is too much to draw.

    DICOM
    -----
    PS3.3 C.10.5
    """
    from PIL import Image

    annotations = list(annotations)
    if not annotations:
        return picture
    grey = picture.ndim == 2 and all(len(set(colour)) == 1 for item in annotations for colour in _colours(item))
    image = Image.fromarray(picture) if picture.ndim == 3 or grey else Image.fromarray(picture).convert("RGB")
    pen = _Pen(image if image.readonly == 0 else image.copy(), view, tile, grey=grey)
    pen.effort = effort or Effort()
    for item in annotations:
        if isinstance(item, Graphic):
            pen.graphic(item)
        else:
            pen.label(item)
    return np.array(pen.image)


def _colours(item: Graphic | Label) -> list[Colour]:
    line = item.colour or _WHITE
    return [line, item.fill_colour or line] if isinstance(item, Graphic) and item.filled else [line]


class _Pen:
    def __init__(self, image: Any, view: View, tile: tuple[int, int], *, grey: bool) -> None:
        from PIL import ImageDraw

        self.image, self._view, self._tile, self._grey = image, view, tile, grey
        self._draw = ImageDraw.Draw(image)
        # Strokes of a pixel and letters of a few are lost on a mammogram.
        self._stroke = max(1, round(max(image.size) / 1024))
        self._letters = float(np.clip(min(image.size) / 32, 10, 160))
        self._fonts: dict[int, Any] = {}
        self.effort = Effort()

    def graphic(self, graphic: Graphic) -> None:
        points = self._placed(graphic.points, graphic.units)
        width = max(1, round(self._stroke * graphic.thickness))
        ink = self._ink(graphic.colour or _WHITE)
        if graphic.kind == "POINT":
            radius = 1.5 * width
            self.effort.spend(16 + radius**2)
            x, y = points[0] - 0.5
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
            return
        outline = _OUTLINES[graphic.kind](points)
        if graphic.filled and len(outline) > 2:
            self._fill(outline, self._ink(graphic.fill_colour or graphic.colour or _WHITE), graphic.fill_opacity)
        self._lines(outline, ink, width)

    def label(self, label: Label) -> None:
        ink = self._ink(label.colour or _WHITE)
        anchor = None if label.anchor is None else self._placed(label.anchor, label.anchor_units)[0]
        corner = np.zeros(2)
        if label.box is not None:
            box = self._placed(label.box, label.box_units)
            low, room = box.min(axis=0), np.abs(box[1] - box[0])
            size, extent = self._fitted(label.text, room)
            across = {"RIGHT": 1.0, "CENTER": 0.5}.get(label.justification, 0.0)
            corner = low + np.array([across, 0.0]) * np.maximum(room - extent, 0)
        else:
            size, extent = self._fitted(label.text, None)
            if anchor is not None:
                corner = self._beside(anchor, extent)
        corner = np.clip(corner, 0, np.maximum(np.array(self.image.size) - extent, 0))
        if label.anchor_visible and anchor is not None:
            nearest = np.clip(anchor, corner, corner + extent)
            self._lines(np.stack((nearest, anchor)), ink, self._stroke)
        align = {"RIGHT": "right", "CENTER": "center"}.get(label.justification, "left")
        # A dark rim, so that white letters can be read on white.
        self.effort.spend(2000 + len(label.text) * (1000 + 20 * size))
        rim = {"stroke_width": _rim(size), "stroke_fill": self._ink((0, 0, 0))}
        if ink == rim["stroke_fill"]:
            rim["stroke_fill"] = self._ink((255, 255, 255))
        self._draw.multiline_text(
            (float(corner[0]), float(corner[1])), label.text, fill=ink, font=self._font(size), align=align, **rim
        )

    def _beside(self, anchor: Points, extent: Points) -> Points:
        """Return the corner of a text right of its anchor, or left of it where the picture ends."""
        away = 2.0 * self._stroke + 2
        if anchor[0] + away + extent[0] > self.image.size[0]:
            away = -away - extent[0]
        return np.array([anchor[0] + away, anchor[1] - extent[1] / 2])

    def _placed(self, points: Points, units: str) -> Points:
        """Turn positions to those of the picture, where pixel n reaches from n to n + 1."""
        if units == "DISPLAY":
            placed = self._view.of_fractions(points)
        else:
            placed = self._view.of_pixels(points - self._tile if units == "MATRIX" else points)
        return np.clip(placed, -_FAR, _FAR)

    def _ink(self, colour: Colour) -> Any:
        return colour[0] if self._grey else colour

    def _lines(self, points: Points, ink: Any, width: int) -> None:
        inside = (points >= 0) & (points < np.array(self.image.size))
        if inside.all():
            self._spend_lines(np.concatenate((points[:-1], points[1:]), axis=1), width)
            self._draw.line(np.floor(points).ravel().tolist(), fill=ink, width=width)
            return
        segments = _clipped(points, self.image.size, width + 2)
        self._spend_lines(segments, width)
        for segment in segments:
            self._draw.line(np.floor(segment).tolist(), fill=ink, width=width)

    def _spend_lines(self, segments: NDArray[np.float64], width: int) -> None:
        """Count lines, shape (n, 4), which cost by their length; wide ones are filled row by row."""
        length = float(np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1]).sum())
        self.effort.spend(16 * len(segments) + length * (0.5 if width == 1 else 4 + width / 8))

    def _fill(self, points: Points, ink: Any, opacity: float) -> None:
        """Fill a closed outline, on the part of the picture where it lies."""
        from PIL import Image, ImageDraw

        low = np.clip(np.floor(points.min(axis=0)), 0, self.image.size).astype(int)
        high = np.clip(np.ceil(points.max(axis=0)) + 1, 0, self.image.size).astype(int)
        if (low >= high).any():
            return
        points = points[:: -(-len(points) // _MOST_FILLED)]
        # A row costs by the edges that it crosses, and a little by the others.
        heights = np.clip(np.append(points[:, 1], points[0, 1]), low[1], high[1])
        area, rows = float((high - low).prod()), float(high[1] - low[1])
        self.effort.spend(2 * float(np.abs(np.diff(heights)).sum()) + len(points) * rows / 64 + area / 8)
        mask = Image.new("L", tuple((high - low).tolist()), 0)
        ImageDraw.Draw(mask).polygon(np.floor(points - low).ravel().tolist(), fill=round(255 * opacity))
        self.image.paste(ink, (*low.tolist(), *high.tolist()), mask)

    def _font(self, size: int) -> Any:
        if size not in self._fonts:
            self._fonts[size] = font(size)
        return self._fonts[size]

    def _fitted(self, words: str, room: Points | None) -> tuple[int, Points]:
        """Choose the size of letters that fit into a box, as far as they can be read; return it and what they take."""
        size = round(self._letters)
        extent = self._extent(words, size)
        if room is not None and (room > 1).all() and (extent > room).any():
            size = max(8, int(size * float((room / extent).min())))
            extent = self._extent(words, size)
        return size, extent

    def _extent(self, words: str, size: int) -> Points:
        # With the rim, which moves lines apart.
        box = self._draw.multiline_textbbox((0, 0), words, font=self._font(size), stroke_width=_rim(size))
        _, _, right, bottom = box
        return np.array([right, bottom], dtype=np.float64)


def font(size: int) -> Any:
    """Return a font of Pillow for letters of a size in pixels: Latin, Greek, Cyrillic and Hebrew.

    That of Pillow itself has no letters but those of ASCII.
    """
    import fontpkg_arimo  # type: ignore[import-untyped]
    from PIL import ImageFont

    return ImageFont.truetype(str(fontpkg_arimo.ROOT / "files" / "Arimo[wght].ttf"), size)


def _rim(size: int) -> int:
    """Return how wide the dark rim of letters is."""
    return max(1, round(size / 16))


def _interpolated(points: Points) -> Points:
    """Return a curve through points: Catmull and Rom's, closed when they are."""
    closed = len(points) > 3 and (points[0] == points[-1]).all()
    before, after = (points[-2], points[1]) if closed else (points[0], points[-1])
    padded = np.concatenate(([before], points, [after]))
    p0, p1, p2, p3 = (padded[start : len(points) - 1 + start, np.newaxis] for start in range(4))
    t = (np.arange(_CURVE) / _CURVE)[np.newaxis, :, np.newaxis]
    curve = p1 + t / 2 * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))
    return np.concatenate((curve.reshape(-1, 2), points[-1:]))


def _circle(points: Points) -> Points:
    radius = float(np.hypot(*(points[1] - points[0])))
    return _round(points[0], np.array([radius, 0.0]), np.array([0.0, radius]))


def _ellipse(points: Points) -> Points:
    """Return an ellipse by the ends of its axes: the major one's, then the minor one's."""
    return _round(points[:4].mean(axis=0), (points[1] - points[0]) / 2, (points[3] - points[2]) / 2)


def _round(center: Points, first: Points, second: Points) -> Points:
    pieces = int(np.clip(4 * np.sqrt(np.hypot(*first) + np.hypot(*second)), 24, 2048))
    angle = np.linspace(0, 2 * np.pi, pieces + 1)[:, np.newaxis]
    return np.asarray(center + np.cos(angle) * first + np.sin(angle) * second)


_OUTLINES: dict[str, Callable[[Points], Points]] = {
    "POLYLINE": lambda points: points,
    "INTERPOLATED": _interpolated,
    "CIRCLE": _circle,
    "ELLIPSE": _ellipse,
}


def _clipped(points: Points, size: Sequence[int], margin: int) -> NDArray[np.float64]:
    """Return the pieces of a line that lie on a picture or near it, shape (n, 4): Liang and Barsky's way."""
    start, step = points[:-1], np.diff(points, axis=0)
    enter, leave = np.zeros(len(start)), np.ones(len(start))
    for axis in (0, 1):
        for edge, sign in ((-float(margin), 1.0), (float(size[axis] + margin), -1.0)):
            slope, distance = step[:, axis] * sign, (edge - start[:, axis]) * sign
            with np.errstate(divide="ignore", invalid="ignore"):
                at = distance / slope
            enter = np.where(slope > 0, np.maximum(enter, at), enter)
            leave = np.where(slope < 0, np.minimum(leave, at), leave)
            leave = np.where((slope == 0) & (distance > 0), -1.0, leave)
    seen = enter <= leave
    ends = (start[seen] + step[seen] * along[seen, np.newaxis] for along in (enter, leave))
    return np.concatenate(tuple(ends), axis=1)
