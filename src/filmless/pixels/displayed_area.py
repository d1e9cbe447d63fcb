"""What part of an image a presentation state shows, turned how and how large (PS3.3 C.10.4, C.10.6)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import LimitError
from filmless.pixels.attributes import integer, numbers, text
from filmless.pixels.multi_frame import frame_group
from filmless.pixels.scaling import box_of, pixel_height

__all__ = ["MOST_PIXELS", "Size", "View", "edges_of", "tile_offset", "view_of"]

Size = int | tuple[int, int] | None
MOST_PIXELS = 1 << 26
_FARTHEST = 2.0**31  # corners are of SL
_SPACINGS = ("PresentationPixelSpacing", "PresentationPixelAspectRatio")
_TOP_LEFT, _BOTTOM_RIGHT = "DisplayedAreaTopLeftHandCorner", "DisplayedAreaBottomRightHandCorner"


@dataclass(frozen=True, slots=True)
class View:
    """The way from the pixels of an image to those of a picture of it.

    Attributes
    ----------
    image
        Rows and columns of the image.
    quarter_turns
        How often it is turned clockwise by 90 degrees, 0 to 3.
    flipped
        Whether left and right are swapped then.
    area
        Left, top, right, bottom of what is shown, in pixels of the turned image; its own edges begin at 0.
    shape
        Rows and columns of the picture.
    """

    image: tuple[int, int]
    quarter_turns: int
    flipped: bool
    area: tuple[int, int, int, int]
    shape: tuple[int, int]

    @property
    def is_scaled(self) -> bool:
        """Whether a pixel of the picture is not one of the image."""
        left, top, right, bottom = self.area
        return self.shape != (bottom - top, right - left)

    def place(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Make the picture: what lies beyond the image is 0.

        Parameters
        ----------
        picture
            Shape (rows, columns) of the image, or (rows, columns, 3); bool or uint8. Bool becomes float32 from 0 to 1
            when it is scaled.

        Returns
        -------
        NDArray
            Of the shape of the view.
        """
        turned = np.rot90(picture, -self.quarter_turns)
        turned = turned[:, ::-1] if self.flipped else turned
        left, top, right, bottom = self.area
        if not self.is_scaled and (top, left) == (0, 0) and turned.shape[:2] == self.shape:
            return np.ascontiguousarray(turned)
        mask = picture.dtype == np.bool_ and self.is_scaled
        out = np.zeros((*self.shape, *picture.shape[2:]), dtype=np.float32 if mask else picture.dtype)
        shown = max(0, left), max(0, top), min(turned.shape[1], right), min(turned.shape[0], bottom)
        if shown[0] >= shown[2] or shown[1] >= shown[3]:
            return out
        part = turned[shown[1] : shown[3], shown[0] : shown[2]]
        (x0, y0), (x1, y1) = (self._scaled(np.array(shown[corner : corner + 2], dtype=np.float64)) for corner in (0, 2))
        columns, rows = slice(*_span(x0, x1, self.shape[1])), slice(*_span(y0, y1, self.shape[0]))
        size = columns.stop - columns.start, rows.stop - rows.start
        if size == part.shape[1::-1]:
            out[rows, columns] = part
        else:
            out[rows, columns] = _resized(part, size)
        return out

    def of_pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn positions in the image (x, y; its upper left corner is 0, 0), shape (n, 2), to those in the picture."""
        return self._scaled(_turned(points, self.image, self.quarter_turns, flipped=self.flipped))

    def of_fractions(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn positions in the displayed area, 0 to 1, shape (n, 2), to those in the picture."""
        return points * (self.shape[1], self.shape[0])

    def _scaled(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        left, top, right, bottom = self.area
        factors = np.array([self.shape[1] / (right - left), self.shape[0] / (bottom - top)])
        return np.asarray((points - (left, top)) * factors)


def view_of(
    state: Dataset, selection: Dataset | None, image: Dataset, shape: tuple[int, int], frame: int, size: Size = None
) -> View:
    """Return how a presentation state shows a frame.

    Parameters
    ----------
    state
        The presentation state; it has Image Rotation and Image Horizontal Flip.
    selection
        Its item of Displayed Area Selection Sequence for this frame, when there is one.
    image, shape, frame
        The image, its rows and columns, and the frame, from 0.
    size
        The longest side of the picture, or rows and columns it has to fit in; None for one pixel of the picture to
        a pixel of the image (the shorter side of it, where it is not square), times Presentation Pixel Magnification
        Ratio in MAGNIFY mode.

    Raises
    ------
    LimitError
        The picture would have more than 2^26 pixels.
    ValueError
        The size is not from 1 to 65535.

    DICOM
    -----
    PS3.3 C.10.4, C.10.6
    """
    quarter_turns = integer(state, "ImageRotation", absent=0) // 90 % 4
    flipped = text(state, "ImageHorizontalFlip") == "Y"
    area, aspect, magnification = (0, 0, shape[1], shape[0]), 1.0, 1.0
    if selection is not None:
        area = _area(selection, shape, tile_offset(image, frame))
        aspect = pixel_height(selection, _SPACINGS)
        ratio = numbers(selection, "PresentationPixelMagnificationRatio")
        if text(selection, "PresentationSizeMode") == "MAGNIFY" and len(ratio) and ratio[0] > 0:
            magnification = float(ratio[0])
    corners = _turned(np.array(area, dtype=np.float64).reshape(2, 2), shape, quarter_turns, flipped=flipped)
    left, top, right, bottom = (int(edge) for edge in (*corners.min(axis=0), *corners.max(axis=0)))
    aspect = 1 / aspect if quarter_turns % 2 else aspect
    width = (right - left) * max(1.0, 1 / aspect) * magnification
    height = (bottom - top) * max(1.0, aspect) * magnification
    if size is not None:
        box = box_of(size)
        factor = min(box[0] / height, box[1] / width)
        width, height = width * factor, height * factor
    if width * height > MOST_PIXELS:
        message = f"picture of the displayed area has {width:.0f} x {height:.0f} pixels, expected at most {MOST_PIXELS}"
        raise LimitError(message, limit="pixels", value=MOST_PIXELS, tag=0x0070_005A, hint="give a size")
    view_shape = max(1, round(height)), max(1, round(width))
    return View(shape, quarter_turns, flipped, (left, top, right, bottom), view_shape)


def tile_offset(ds: Dataset, frame: int) -> tuple[int, int]:
    """Return where a frame begins in the total pixel matrix, as columns and rows from 0; 0, 0 when there is none.

    DICOM
    -----
    PS3.3 C.7.6.17
    """
    across = integer(ds, "TotalPixelMatrixColumns", absent=0)
    if across <= 0:
        return 0, 0
    position = frame_group(ds, "PlanePositionSlideSequence", frame)
    if position is not None:
        column = integer(position, "ColumnPositionInTotalImagePixelMatrix", absent=1)
        return column - 1, integer(position, "RowPositionInTotalImagePixelMatrix", absent=1) - 1
    columns, rows = integer(ds, "Columns", absent=1), integer(ds, "Rows", absent=1)
    down = integer(ds, "TotalPixelMatrixRows", absent=1)
    tiles = -(-across // max(1, columns)), -(-down // max(1, rows))
    tile = frame % max(1, tiles[0] * tiles[1])
    return tile % tiles[0] * columns, tile // tiles[0] * rows


def _area(selection: Dataset, shape: tuple[int, int], offset: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the displayed area, in pixels of the image; all of it when none is given."""
    edges = edges_of(selection)
    if edges is None:
        return 0, 0, shape[1], shape[0]
    left, top, right, bottom = edges
    if text(selection, "PixelOriginInterpretation") == "VOLUME":
        return left - offset[0], top - offset[1], right - offset[0], bottom - offset[1]
    return edges


def edges_of(selection: Dataset) -> tuple[int, int, int, int] | None:
    """Return left, top, right, bottom of a displayed area as it is given; the edges of the image begin at 0.

    DICOM
    -----
    PS3.3 C.10.4
    """
    first, last = numbers(selection, _TOP_LEFT), numbers(selection, _BOTTOM_RIGHT)
    if len(first) < 2 or len(last) < 2:
        return None
    # Which corner is the upper left one is said of the image as it is shown, so they may be swapped here.
    low, high = np.minimum(first[:2], last[:2]), np.maximum(first[:2], last[:2])
    low, high = np.clip(low, -_FARTHEST, _FARTHEST), np.clip(high, -_FARTHEST, _FARTHEST)
    return int(low[0]) - 1, int(low[1]) - 1, int(high[0]), int(high[1])


def _turned(
    points: NDArray[np.float64], shape: tuple[int, int], quarter_turns: int, *, flipped: bool
) -> NDArray[np.float64]:
    """Turn positions with an image: clockwise first, then left and right are swapped (PS3.3 C.10.6)."""
    rows, columns = shape
    x, y = points[:, 0], points[:, 1]
    for _ in range(quarter_turns):
        x, y = rows - y, x
        rows, columns = columns, rows
    return np.stack((columns - x if flipped else x, y), axis=1)


def _span(first: float, last: float, most: int) -> tuple[int, int]:
    """Round a part of the picture to whole pixels, one at least."""
    start = min(max(round(first), 0), most - 1)
    return start, min(max(round(last), start + 1), most)


def _resized(part: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    from PIL import Image

    if part.dtype == np.bool_:
        soft = Image.fromarray(part.astype(np.uint8) * 255).resize(size, Image.Resampling.BILINEAR)
        return np.asarray(soft, dtype=np.float32) / 255
    return np.asarray(Image.fromarray(np.ascontiguousarray(part)).resize(size, Image.Resampling.BILINEAR))
