"""Pictures of another size, in the proportions of what they show."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.pixels.attributes import numbers

__all__ = ["SPACINGS", "box_of", "pixel_height", "scaled"]

_MOST_SIDE = 0xFFFF
# Where an image says how large its pixels are. The ratio is there for images without a spacing (PS3.3 C.7.6.3.1.7).
SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio")


def pixel_height(ds: Dataset, keywords: Iterable[str] = SPACINGS) -> float:
    """Return how high a pixel is when it is 1 wide; 1 when the data set does not say, or nothing that can be.

    Parameters
    ----------
    ds
        An image, or an item of Displayed Area Selection Sequence.
    keywords
        The attributes that say so, the first goes before the others.

    DICOM
    -----
    PS3.3 C.7.6.3.1.7, 10.7.1.1, C.8.11.7
    """
    for keyword in keywords:
        values = numbers(ds, keyword).tolist()
        # Beyond this it is a mistake, not a pixel.
        if len(values) == 2 and min(values) > 0 and 1e-3 * values[1] < values[0] < 1e3 * values[1]:
            return float(values[0] / values[1])
    return 1.0


def box_of(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return rows and columns that a picture has to fit in.

    Raises
    ------
    ValueError
        They are not from 1 to 65535.
    """
    box = (size, size) if isinstance(size, int) else tuple(size)
    if len(box) != 2 or not all(1 <= side <= _MOST_SIDE for side in box):
        raise ValueError(f"size {size} does not fit, expected 1 to {_MOST_SIDE}")
    return box


def scaled(picture: NDArray[np.uint8], ds: Dataset, size: int | tuple[int, int]) -> NDArray[np.uint8]:
    """Scale a picture.

    Parameters
    ----------
    picture
        Shape (rows, columns) or (rows, columns, 3), uint8.
    ds
        Says how high its pixels are.
    size
        Pixels of the longer side, or rows and columns to fit in.

    Returns
    -------
    NDArray
        As ``picture``, of other rows and columns. Made smaller, a pixel is the mean of those it covers: all count
        alike, none is left out, and there is no grey beyond theirs; made larger, it lies between its neighbours.

    Raises
    ------
    ValueError
        The size is not from 1 to 65535.
    """
    box = box_of(size)
    rows, columns = picture.shape[:2]
    height = rows * pixel_height(ds)
    factor = min(box[0] / height, box[1] / columns)
    target = max(1, round(height * factor)), max(1, round(columns * factor))
    if target == (rows, columns):
        return picture
    from PIL import Image

    # Along each axis by itself: pixels that are not square can shrink one way and grow the other.
    image = Image.fromarray(picture)
    for side in ((target[1], rows), (target[1], target[0])):
        smaller = side[0] <= image.width and side[1] <= image.height
        image = image.resize(side, Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC)
    return np.asarray(image)
