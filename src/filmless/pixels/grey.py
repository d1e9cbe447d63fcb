"""Grey values: stored to modality, modality to values of interest."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import PixelError

__all__ = ["VoiFunction", "to_modality", "to_voi"]

VoiFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]


def to_modality(ds: Dataset, stored: NDArray[Any]) -> NDArray[Any]:
    """Apply the modality LUT or the rescale of a data set: stored values become those of the modality.

    Parameters
    ----------
    ds
        Holds Modality LUT Sequence, or Rescale Slope and Intercept, or neither.
    stored
        Any shape.

    Returns
    -------
    NDArray
        The same shape, in the unit of Rescale Type (HU for CT): float64 after a rescale, uint16 after a LUT, and
        ``stored`` itself when there is nothing to apply.

    Raises
    ------
    PixelError
        The LUT is shorter than its descriptor says.

    DICOM
    -----
    PS3.3 C.11.1
    """
    luts = ds.get("ModalityLUTSequence")
    if luts:
        return _look_up(luts[0], stored)
    slope, intercept = ds.get("RescaleSlope"), ds.get("RescaleIntercept")
    slope = 1.0 if slope in (None, "") else float(slope)
    intercept = 0.0 if intercept in (None, "") else float(intercept)
    if (slope, intercept) == (1.0, 0.0):
        return stored
    return stored.astype(np.float64) * slope + intercept


def to_voi(
    values: NDArray[Any], window: tuple[float, float], *, function: VoiFunction = "LINEAR", y_max: float = 255.0
) -> NDArray[np.float64]:
    """Apply a window.

    Parameters
    ----------
    values
        Any shape: modality values.
    window
        Centre and width, in the unit of ``values``.
    function
        The VOI LUT Function.
    y_max
        The output runs from 0 to this.

    Returns
    -------
    NDArray
        The same shape, float64, 0 to ``y_max``, not rounded.

    Raises
    ------
    ValueError
        The width is too small: below 1 for LINEAR, not above 0 for the others.

    DICOM
    -----
    PS3.3 C.11.2.1.2, C.11.2.1.3
    """
    center, width = window
    if not (width >= 1 if function == "LINEAR" else width > 0):
        raise ValueError(f"window width {width} is too small for {function}")
    x = np.asarray(values, dtype=np.float64)
    if function == "SIGMOID":
        with np.errstate(over="ignore"):
            return np.asarray(y_max / (1 + np.exp(-4 * (x - center) / width)))
    if function == "LINEAR":
        center, width = center - 0.5, width - 1
    if width == 0:
        return np.where(x <= center, 0.0, y_max)
    return np.asarray(np.clip(((x - center) / width + 0.5) * y_max, 0, y_max))


def _look_up(item: Dataset, stored: NDArray[Any]) -> NDArray[Any]:
    descriptor, data = item.get("LUTDescriptor"), item.get("LUTData")
    if descriptor is None or len(descriptor) != 3 or data is None:
        raise PixelError("LUTDescriptor or LUTData is absent or malformed")
    entries, first, _ = (int(number) for number in descriptor)
    entries = entries % 65536 or 65536
    table = np.frombuffer(data, dtype="<u2") if isinstance(data, bytes) else np.asarray(data, dtype=np.uint16)
    if len(table) < entries:
        raise PixelError(f"LUTData has {len(table)} entries, expected {entries}")
    return table[np.clip(stored.astype(np.int64) - first, 0, entries - 1)]
