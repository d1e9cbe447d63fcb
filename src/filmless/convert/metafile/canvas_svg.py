"""The drawing as SVG, in pixels of the picture, that grows element by element and is bounded."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.mapping import Matrix, inverse
from filmless.convert.metafile.path import PARALLEL, Path, check_near
from filmless.convert.metafile.regions import AND, DIFF, Combined, Rectangles, Region
from filmless.errors import LimitError

__all__ = ["CanvasSvg", "Stroke", "css"]

_MAX_INK = 1e10
"""Pixels of areas that the renderer fills in some ten seconds."""
_LINE_COST, _STRAIGHT_COST, _EDGE_COST = 2000.0, 200.0, 400.0
"""Pixels of an area that the renderer fills while it draws one of a line that leans; of one straight across or down;
of the edge of an area that leans."""
_IMAGE_COST = 60.0
"""Pixels of an area that the renderer fills while it draws one of a bitmap."""
_FIGURES = 500
"""Figures of an element: of many at once the renderer sorts all edges of each row, over and over."""
_HAIR = 1.002  # at one pixel and below, the renderer leaves joints out
_THIN = 1.5
"""Pixels: lines up to this width are one pixel wide and, where they run straight across or down, in one row of them.

It is the limit of their mitres, too: right angles have corners, sharp peaks no spikes."""


def css(colour: tuple[int, int, int]) -> str:
    """Write a colour as in CSS."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


@dataclass(frozen=True, slots=True)
class Stroke:
    """How a line is drawn, in pixels; ``shape`` maps the pen's round tip where it is none in pixels."""

    paint: str
    width: float
    cap: str = "round"
    join: str = "round"
    miter_limit: float = 10.0
    dashes: tuple[float, ...] = ()
    shape: Matrix | None = None
    blend: str = ""

    @property
    def is_thin(self) -> bool:
        """Whether it is drawn one pixel wide."""
        return self.width <= _THIN and self.shape is None

    @property
    def widest(self) -> float:
        """The width in pixels, of an ellipse the longer one."""
        return self.width * (1.0 if self.shape is None else max(map(abs, self.shape[:4])))


class CanvasSvg:
    """An SVG of that many pixels on paper of that colour.

    Parameters
    ----------
    max_points
        Bounds the points of paths, and pixels of bitmaps by ``max_pixels``.
    """

    def __init__(
        self, columns: int, rows: int, *, paper: tuple[int, int, int], max_points: int, max_pixels: int
    ) -> None:
        self.columns, self.rows = columns, rows
        self.everything = Rectangles(np.array([[0.0, 0.0, columns, rows]]))
        self._paper = paper
        self._max_points, self._points = max_points, 0
        self._ink = 0.0
        self._max_pixels, self._pixels = max_pixels, 0
        self._definitions: list[str] = []
        self._elements: list[str] = []
        self._references: dict[int, tuple[str, Region]] = {}
        self._clip: Region | None = None
        self._stroke: Stroke | None = None
        self._stroke_clip: Region | None = None
        self._lines: list[str] = []
        self._line_end = ""
        self._id = 0

    @property
    def has_drawn(self) -> bool:
        """Whether anything was drawn."""
        return bool(self._elements or self._lines)

    def charge(self, points: int) -> None:
        """Count points before they are drawn.

        Raises
        ------
        LimitError
            They are too many.
        """
        self._points += points
        if self._points > self._max_points:
            raise LimitError("the metafile draws too many points", limit="max_points", value=self._max_points)

    def charge_pixels(self, columns: int, rows: int) -> None:
        """Count a bitmap before it is decoded.

        Raises
        ------
        LimitError
            They are too many.
        """
        self._pixels += columns * rows
        if self._pixels > self._max_pixels:
            raise LimitError("the metafile's bitmaps are too large", limit="max_pixels", value=self._max_pixels)

    def _charge_ink(self, pixels: float) -> None:
        """Count what the renderer will have to go over, before it does."""
        self._ink += pixels
        if self._ink > _MAX_INK:
            hint = "ask for a smaller picture: less dpi or size"
            raise LimitError("the metafile draws over itself too often", limit="ink", value=int(_MAX_INK), hint=hint)

    def _charge_dashes(self, length: float, stroke: Stroke) -> None:
        """Count the dashes of a line, which the renderer makes outside of the picture, too."""
        period = sum(stroke.dashes) * (stroke.widest / stroke.width if stroke.width else 1.0)
        self.charge(int(4 * length / period))

    def fill(self, path: Path, paint: str, rule: str, clip: Region | None, *, blend: str = "") -> None:
        """Fill figures; ``paint`` is as in SVG."""
        self.charge(path.count + 4)
        leaning = 0.0 if path.is_axis_parallel() else path.length((self.columns, self.rows))
        self._charge_ink(path.covers(self.columns, self.rows) + _EDGE_COST * leaning)
        rule = ' fill-rule="evenodd"' if rule == "evenodd" else ""
        self._add(f'<path fill="{paint}"{rule} d="{path.data()}"/>', clip, blend)

    def stroke(self, path: Path, stroke: Stroke, clip: Region | None) -> None:
        """Draw along figures. The middle of a pixel is where a point of a line lies, as in GDI."""
        self.charge(path.count + 4)
        is_straight = path.is_axis_parallel()
        cost = max(_STRAIGHT_COST if is_straight else _LINE_COST, stroke.widest)
        self._charge_ink(path.length((self.columns, self.rows)) * cost)
        if stroke.blend:
            self._charge_ink(float(path.count) ** 2)  # it is one element, however many figures there are
        if stroke.dashes:
            self._charge_dashes(path.length(), stroke)
        end = ""
        if stroke.shape is not None and (back := inverse(stroke.shape)) is not None:
            data = path.mapped(back).data()
        elif stroke.is_thin and is_straight:
            data = path.snapped().data()
        else:
            data = path.mapped((1, 0, 0, 1, 0.5, 0.5)).data()
            end = data.partition("L")[2] if path.count == 2 else ""
        self._gather(data, end, stroke, clip)

    def line(self, start: tuple[float, float], end: tuple[float, float], stroke: Stroke, clip: Region | None) -> None:
        """Draw one line, as `stroke` draws a figure of two points with a round tip, but at once."""
        (x0, y0), (x1, y1) = start, end
        check_near(max(abs(x0), abs(y0), abs(x1), abs(y1)))
        self.charge(6)
        across, down = (
            abs(min(max(a, 0), most) - min(max(b, 0), most))
            for a, b, most in ((x0, x1, self.columns), (y0, y1, self.rows))
        )
        is_straight = abs(x1 - x0) <= PARALLEL or abs(y1 - y0) <= PARALLEL
        self._charge_ink((across + down) * max(_STRAIGHT_COST if is_straight else _LINE_COST, stroke.width))
        if stroke.dashes:
            self._charge_dashes(abs(x1 - x0) + abs(y1 - y0), stroke)
        if stroke.is_thin and is_straight:
            x0, y0, x1, y1 = (math.floor(number + 0.5) + 0.5 for number in (x0, y0, x1, y1))
            self._gather(f"M{x0:.2f} {y0:.2f} L{x1:.2f} {y1:.2f}", "", stroke, clip)
        else:
            last = f"{x1 + 0.5:.2f} {y1 + 0.5:.2f}"
            self._gather(f"M{x0 + 0.5:.2f} {y0 + 0.5:.2f} L{last}", last, stroke, clip)

    def _gather(self, data: str, end: str, stroke: Stroke, clip: Region | None) -> None:
        """Keep figures of one stroke for one element; ``end`` is where a single line ends that may go on."""
        if self._stroke != stroke or self._stroke_clip is not clip or stroke.blend:
            self._flush()
            self._stroke, self._stroke_clip = stroke, clip
        if end and self._line_end and (stroke.is_thin or (stroke.cap == stroke.join == "round") or stroke.dashes):
            first, _, rest = data.partition("L")
            if first[1:].strip() == self._line_end:
                data = "L" + rest  # the line goes on: one figure, whose dashes go on, too
        self._line_end = end
        self._lines.append(data)

    def image(self, rgba: NDArray[np.uint8], matrix: Matrix, clip: Region | None, *, blend: str = "") -> None:
        """Show a bitmap of shape (rows, columns, 3 or 4); the matrix maps its pixels to the picture's."""
        rows, columns = rgba.shape[:2]
        self.charge(16)
        shown = Path.box(0, 0, columns, rows).mapped(matrix)
        self._charge_ink(_IMAGE_COST * shown.covers(self.columns, self.rows))
        m11, m12, m21, m22, dx, dy = matrix
        # As GDI does: a pixel that grows stays a square. One that shrinks is blended, so that no thin line is lost.
        grows = min(math.hypot(m11, m12), math.hypot(m21, m22)) >= 1
        transform = f"matrix({m11:.6g} {m12:.6g} {m21:.6g} {m22:.6g} {dx:.3f} {dy:.3f})"
        self._add(
            f'<image width="{columns}" height="{rows}" preserveAspectRatio="none" transform="{transform}"'
            f'{_quick(grows)} xlink:href="{_png(rgba)}"/>',
            clip,
            blend,
        )

    def text(
        self, letters: Sequence[str], xs: Sequence[float], matrix: Matrix, clip: Region | None, **attributes: Any
    ) -> None:
        """Write letters, each where it belongs along the baseline of the matrix."""
        self.charge(20 * len(letters) + 8)  # a letter takes the renderer that long
        written = "".join(f" {name.replace('_', '-')}={quoteattr(str(value))}" for name, value in attributes.items())
        transform = " ".join(f"{number:.5g}" for number in matrix[:4]) + f" {matrix[4]:.3f} {matrix[5]:.3f}"
        places = " ".join(f"{x:.3f}" for x in xs)
        content = escape("".join(letters))
        self._add(
            f'<text xml:space="preserve" transform="matrix({transform})"{written} x="{places}" y="0">{content}</text>',
            clip,
        )

    def pattern(self, tile: NDArray[np.uint8], scale: float, origin: tuple[float, float]) -> str:
        """Define a paint of a bitmap that repeats; each of its pixels is ``scale`` wide."""
        rows, columns = tile.shape[:2]
        self.charge_pixels(columns, rows)
        image = f'<image width="{columns}" height="{rows}"{_quick(True)} xlink:href="{_png(tile)}"/>'
        return self._pattern(image, columns, rows, scale, origin)

    def hatching(self, data: str, colour: str, paper: str | None, scale: float, origin: tuple[float, float]) -> str:
        """Define a paint of lines on a tile of 8 x 8 that repeats."""
        ground = f'<rect width="8" height="8" fill="{paper}"/>' if paper else ""
        lines = f'<path d="{data}" stroke="{colour}" fill="none" stroke-width="1"/>'
        return self._pattern(ground + lines, 8, 8, scale, origin)

    def gradient(self, start: tuple[float, float], end: tuple[float, float], colours: tuple[str, str]) -> str:
        """Define a paint that goes from a colour to another."""
        name = self._name()
        line = 'x1="{:.2f}" y1="{:.2f}" x2="{:.2f}" y2="{:.2f}"'.format(*start, *end)
        stops = f'<stop offset="0" stop-color="{colours[0]}"/><stop offset="1" stop-color="{colours[1]}"/>'
        self._define(f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" {line}>{stops}</linearGradient>')
        return f"url(#{name})"

    def finish(self, *, width_mm: float | None = None) -> str:
        """Return the SVG."""
        self._flush()
        self._enter(None)
        width, height = str(self.columns), str(self.rows)
        if width_mm:
            width, height = f"{width_mm:.3f}mm", f"{width_mm * self.rows / self.columns:.3f}mm"
        paper = f'<rect width="{self.columns}" height="{self.rows}" fill="{css(self._paper)}"/>'
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
            f' width="{width}" height="{height}" viewBox="0 0 {self.columns} {self.rows}">'
            f"<defs>{''.join(self._definitions)}</defs>"
            f"{paper}{''.join(self._elements)}</svg>"
        )

    def _add(self, element: str, clip: Region | None, blend: str = "") -> None:
        if isinstance(clip, Rectangles) and not len(clip.boxes):
            return
        self._flush()
        if blend:
            # What blends must lie directly on the picture: a clipped group has a ground of its own.
            self._enter(None)
            reference = "" if clip is None else " " + self._reference(clip)
            element = f'<g style="mix-blend-mode:{blend}"{reference}>{element}</g>'
        else:
            self._enter(clip)
        self._elements.append(element)

    def _flush(self) -> None:
        """Write the lines that were gathered: of one stroke, so they may be one element."""
        stroke, lines = self._stroke, self._lines
        self._stroke, self._lines, self._line_end = None, [], ""
        if stroke is None or not lines:
            return
        thin = stroke.is_thin
        width = _HAIR if thin else stroke.width
        attributes = f' stroke="{stroke.paint}" stroke-width="{width:.3f}"'
        cap, join = ("square" if not stroke.dashes else "butt", "miter") if thin else (stroke.cap, stroke.join)
        attributes += f' stroke-linecap="{cap}" stroke-linejoin="{join}"'
        if join == "miter":
            attributes += f' stroke-miterlimit="{_THIN if thin else max(1.0, stroke.miter_limit):.3f}"'
        if stroke.dashes:
            attributes += f' stroke-dasharray="{" ".join(f"{dash:.3f}" for dash in stroke.dashes)}"'
        if stroke.shape is not None:
            attributes += ' transform="matrix({:.6g} {:.6g} {:.6g} {:.6g} {:.3f} {:.3f})"'.format(*stroke.shape)
        figures = "".join(lines).split("M")[1:]
        size = len(figures) if stroke.blend else _FIGURES
        for start in range(0, len(figures), size):
            data = "M" + "M".join(figures[start : start + size])
            self._add(f'<path fill="none"{attributes} d="{data}"/>', self._stroke_clip, stroke.blend)

    def _enter(self, clip: Region | None) -> None:
        """Go on under another clip."""
        if clip is self._clip:
            return
        if self._clip is not None:
            self._elements.append("</g>")
        self._clip = clip
        if clip is not None:
            self._elements.append(f"<g {self._reference(clip)}>")

    def _reference(self, region: Region) -> str:
        """Define a region, once, and return the attribute that limits an element to it; as deep as regions may be."""
        if id(region) in self._references:
            return self._references[id(region)][0]
        self.charge(16)
        name = self._name()
        if isinstance(region, Combined):
            first, second = self._reference(region.first), self._reference(region.second)
            everything = f'<rect width="{self.columns}" height="{self.rows}" fill="#fff"'
            if region.mode == AND:
                content = f"<g {first}>{everything} {second}/></g>"
            elif region.mode == DIFF:
                content = f"<g {first}>{everything}/></g>{everything.replace('#fff', '#000')} {second}/>"
            else:
                content = f"{everything} {first}/>{everything} {second}/>"
            kind = "mask"
        elif isinstance(region, Rectangles) or region.width is None:
            path = region.path()
            self.charge(path.count)
            rule = ' clip-rule="evenodd"' if getattr(region, "rule", "") == "evenodd" else ""
            content, kind = f'<path{rule} d="{path.data() or "M0 0"}"/>', "clip-path"
        else:
            self.charge(region.outline.count)
            content = f'<path fill="none" stroke="#fff" stroke-width="{region.width:.3f}" d="{region.outline.data()}"/>'
            kind = "mask"
        if kind == "mask":
            area = f'maskUnits="userSpaceOnUse" x="0" y="0" width="{self.columns}" height="{self.rows}"'
            self._define(f'<mask id="{name}" {area}>{content}</mask>')
        else:
            self._define(f'<clipPath id="{name}">{content}</clipPath>')
        reference = f'{kind}="url(#{name})"'
        self._references[id(region)] = reference, region  # kept with it, so that its id stays its own
        return reference

    def _pattern(self, content: str, width: float, height: float, scale: float, origin: tuple[float, float]) -> str:
        name = self._name()
        transform = f"matrix({scale:.4f} 0 0 {scale:.4f} {origin[0]:.3f} {origin[1]:.3f})"
        size = f'width="{width}" height="{height}" patternTransform="{transform}"'
        self._define(f'<pattern id="{name}" patternUnits="userSpaceOnUse" {size}>{content}</pattern>')
        return f"url(#{name})"

    def _define(self, definition: str) -> None:
        self.charge(16)
        self._definitions.append(definition)

    def _name(self) -> str:
        self._id += 1
        return f"d{self._id}"


def _quick(quick: bool) -> str:
    return ' image-rendering="optimizeSpeed"' if quick else ""


def _png(rgba: NDArray[np.uint8]) -> str:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(rgba).save(stream, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
