"""The playback device context: state, saved states, objects and the path; [MS-EMF] 3.1.1."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.canvas_svg import CanvasSvg, Stroke
from filmless.convert.metafile.fonts import Fonts
from filmless.convert.metafile.mapping import IDENTITY, Mapping, Matrix, inverse, moved, multiplied, placed
from filmless.convert.metafile.objects import STOCK, Brush, Font, Palette, Pen, RegionObject, rgb_of
from filmless.convert.metafile.path import Path
from filmless.convert.metafile.records import Points, Record
from filmless.convert.metafile.regions import AND, Combined, Outline, Rectangles, Region, combined
from filmless.errors import LimitError

__all__ = ["Awaited", "DeviceContext", "Object", "State"]

_MAX_SAVED = 4096
Object = Pen | Brush | Font | Palette | RegionObject


@dataclass(slots=True)
class State:
    """What SAVEDC saves."""

    mapping: Mapping = field(default_factory=Mapping)
    pen: Pen = field(default_factory=Pen)
    brush: Brush = field(default_factory=Brush)
    font: Font = field(default_factory=Font)
    palette: Palette = field(default_factory=Palette)
    text_colour: tuple[int, int, int] = (0, 0, 0)
    background_colour: tuple[int, int, int] = (255, 255, 255)
    is_opaque: bool = True
    fill_rule: str = "evenodd"
    operation: int = 13
    text_align: int = 0
    is_clockwise: bool = False
    miter_limit: float = 10.0
    brush_origin: tuple[float, float] = (0.0, 0.0)
    position: tuple[float, float] = (0.0, 0.0)
    clip: Region | None = None
    meta_clip: Region | None = None
    is_mirrored: bool = False
    justification: tuple[float, int] = (0.0, 0)
    character_extra: float = 0.0


class Awaited(NamedTuple):
    """A mask with soft edges that was not drawn: the next record must be the bitmap that belongs to it."""

    record: Record
    matrix: Matrix
    code: int
    grey: NDArray[np.uint8]


class DeviceContext:
    """Where records draw.

    Parameters
    ----------
    picture
        Maps units of the reference device to pixels of the picture.
    screen_pixel
        Pixels of the picture that one of a screen of 96 dpi is: the measure of patterns and dashes.
    """

    def __init__(
        self,
        canvas: CanvasSvg,
        picture: Matrix,
        mapping: Mapping,
        *,
        screen_pixel: float,
        notice: Callable[[str, str], None],
    ) -> None:
        self.canvas, self.picture, self.screen_pixel, self.notice = canvas, picture, screen_pixel, notice
        self.fonts = Fonts()
        self.state = State(mapping)
        self.saved: list[State] = []
        self.objects: dict[int, Object] = {}
        self.first_free = 0
        self.path: Path | None = None
        self.is_recording = False
        self.widened: float | None = None
        self.strokes: dict[tuple[object, ...], Stroke] = {}
        self.paints: dict[tuple[object, ...], tuple[str, Brush]] = {}
        self.last_mask: tuple[Matrix, int, NDArray[np.bool_]] | None = None
        self.awaited: Awaited | None = None
        self._matrix: Matrix | None = None
        self._clips: tuple[Region, Region, Region] | None = None

    @property
    def matrix(self) -> Matrix:
        """From logical coordinates to the picture's pixels."""
        if self._matrix is None:
            device = self.state.mapping.matrix()
            self._matrix = multiplied(multiplied(device, self.layout), self.picture)
        return self._matrix

    @property
    def layout(self) -> Matrix:
        """A mirror in the middle of the picture, where the layout is from right to left."""
        back = inverse(self.picture)
        if not self.state.is_mirrored or back is None:
            return IDENTITY
        return -1.0, 0.0, 0.0, 1.0, sum(moved(back, x, 0)[0] for x in (0, self.canvas.columns)), 0.0

    @property
    def mapping(self) -> Mapping:
        """Window, viewport and world transform."""
        return self.state.mapping

    @mapping.setter
    def mapping(self, mapping: Mapping) -> None:
        self.state.mapping = mapping
        self._matrix = None

    def set_mirrored(self, is_mirrored: bool) -> None:
        """Set the layout."""
        self.state.is_mirrored = is_mirrored
        self._matrix = None

    def to_picture(self, points: Points) -> Points:
        """Map logical points to pixels."""
        return placed(self.matrix, points)

    def save(self) -> None:
        """Keep the state.

        Raises
        ------
        LimitError
            Too many are kept.
        """
        if len(self.saved) >= _MAX_SAVED:
            raise LimitError("the metafile saves its state too often", limit="saved states", value=_MAX_SAVED)
        self.saved.append(replace(self.state))

    def restore(self, number: int, record: Record) -> None:
        """Go back: below zero counted from the last saved state, above from the first."""
        index = len(self.saved) + number if number < 0 else number - 1
        if number == 0 or not 0 <= index < len(self.saved):
            self.notice("metafile-state", f"{record.name}: there is no such saved state")
            return
        self.state = self.saved[index]
        del self.saved[index:]
        self._matrix = None

    def select(self, number: int, record: Record, *, stock: bool = False) -> None:
        """Make an object the current one of its kind."""
        chosen = STOCK.get(number) if stock else self.objects.get(number)
        match chosen:
            case Pen():
                self.state.pen = chosen
            case Brush():
                self.state.brush = chosen
            case Font():
                self.state.font = chosen
            case Palette():
                self.state.palette = chosen
            case RegionObject():
                self.clip_to(self.device_region(chosen.boxes), 5)
            case None:
                record.refuse(f"there is no object {number}")

    def colour(self, colorref: int) -> tuple[int, int, int]:
        """Return the colour of a ColorRef."""
        return rgb_of(colorref, self.state.palette.colours)

    @property
    def clip(self) -> Region | None:
        """Where may be drawn: the clip inside of the meta clip."""
        clip, meta = self.state.clip, self.state.meta_clip
        if clip is None or meta is None:
            return clip or meta
        if self._clips is None or self._clips[0] is not clip or self._clips[1] is not meta:
            self._clips = (
                clip,
                meta,
                combined(clip, meta, AND, everything=self.canvas.everything, charge=self.canvas.charge),
            )
        return self._clips[2]

    def clip_to(self, region: Region, mode: int) -> None:
        """Combine the clip with a region."""
        self.state.clip = combined(
            self.state.clip, region, mode, everything=self.canvas.everything, charge=self.canvas.charge
        )

    def logical_region(self, left: float, top: float, right: float, bottom: float) -> Region:
        """Return the region of a rectangle in logical coordinates."""
        corners = self.to_picture(np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float))
        m11, m12, m21, m22, _, _ = self.matrix
        if (m12 or m21) and (m11 or m22):
            return Outline(Path.polyline(corners, closed=True))
        return Rectangles.of(np.concatenate([corners[0], corners[2]]))

    def device_region(self, boxes: NDArray[np.float64]) -> Region:
        """Return the region of rectangles in units of the device."""
        points = placed(multiplied(self.layout, self.picture), boxes.reshape(-1, 2))
        return Rectangles.of(points.reshape(-1, 4))

    def box_path(self, left: float, top: float, right: float, bottom: float) -> Path:
        """Return a rectangle in logical coordinates as the picture's pixels fill it: upright ones are whole pixels."""
        region = self.logical_region(left, top, right, bottom)
        if isinstance(region, Combined):
            return Path()
        return region.path()

    def check_awaited(self, before: Awaited | None) -> None:
        """Refuse a mask whose bitmap did not follow.

        Raises
        ------
        ConversionError
            It is the one that was awaited before this record.
        """
        if before is not None and self.awaited is before:
            before.record.refuse("its raster operation with a bitmap of other than pure colours is not drawn")

    def begin_path(self) -> None:
        """Open the path bracket."""
        self.path, self.is_recording, self.widened = Path(), True, None

    def end_path(self) -> None:
        """Close the path bracket."""
        self.is_recording = False

    def take_path(self, record: Record) -> Path:
        """Return the path and forget it."""
        path, self.path = self.path, None
        if path is None or self.is_recording:
            self.notice("metafile-path", f"{record.name}: there is no path")
            self.is_recording = False
            return Path()
        return path
