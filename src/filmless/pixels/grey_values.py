"""Grey values, stage by stage: stored to modality, modality to values of interest, those to presentation values.

The formulas of the Standard, without data sets. `GreyTransform` holds the stages of a picture and draws it at once.
"""

from dataclasses import dataclass
from math import isnan
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.pixels.lut import Lut, for_core

__all__ = [
    "GreyTransform",
    "Presentation",
    "Rescale",
    "VoiFunction",
    "Window",
    "apply_modality",
    "to_presentation",
    "to_voi",
    "window_spanning",
]

VoiFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
Presentation = Lut | Literal["IDENTITY", "INVERSE"]


@dataclass(frozen=True, slots=True)
class Rescale:
    """Rescale Slope and Intercept: from stored values to those of the modality.

    DICOM
    -----
    PS3.3 C.11.1.1.2
    """

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class Window:
    """A range of modality values that is spread over all greys.

    Attributes
    ----------
    center, width
        In modality values.
    function
        The VOI LUT Function.
    explanation
        What the window is for.

    Raises
    ------
    ValueError
        The width is too small: below 1 for LINEAR, not above 0 for the others. A number is none, or the function
        is none of the Standard's.

    DICOM
    -----
    PS3.3 C.11.2.1.2, C.11.2.1.3
    """

    center: float
    width: float
    function: VoiFunction = "LINEAR"
    explanation: str = ""

    def __post_init__(self) -> None:
        if self.function not in get_args(VoiFunction):
            expected = ", ".join(get_args(VoiFunction))
            raise ValueError(f"`function` is `{self.function}`, expected one of {expected}")
        if isnan(self.center) or isnan(self.width):
            raise ValueError(f"window {self.center}, {self.width} is not of numbers")
        if not (self.width >= 1 if self.function == "LINEAR" else self.width > 0):
            raise ValueError(f"window width {self.width} is too small for {self.function}")

    @property
    def ramp(self) -> tuple[float, float]:
        """Centre and width of the ramp itself: LINEAR counts values, its ramp is one shorter."""
        return (self.center - 0.5, self.width - 1) if self.function == "LINEAR" else (self.center, self.width)


@dataclass(frozen=True, slots=True, eq=False)
class GreyTransform:
    """From stored values to an 8-bit picture.

    Attributes
    ----------
    modality
        The Modality LUT or rescale; None when stored values are those of the modality.
    voi
        The VOI LUT or window; None for the window from the least to the greatest value that a picture has.
    presentation
        The Presentation LUT or its shape.
    padding
        Stored values that are no part of the picture: from, to. They are black and no part of a computed window.

    DICOM
    -----
    PS3.4 N.2, PS3.3 C.11.1, C.11.2, C.11.6, C.7.5.1.1.2
    """

    modality: Lut | Rescale | None = None
    voi: Lut | Window | None = None
    presentation: Presentation = "IDENTITY"
    padding: tuple[float, float] | None = None

    def apply(self, stored: NDArray[Any]) -> NDArray[np.uint8]:
        """Draw stored values of any shape.

        Returns
        -------
        NDArray
            The same shape, uint8: what `exactly` gives, faster.
        """
        stored = for_core(stored)
        if self.voi is None:
            voi = self.computed_window(stored)
            return GreyTransform(self.modality, voi, self.presentation, self.padding).apply(stored)
        out = np.empty(stored.shape, np.uint8)
        by_formula = not isinstance(self.modality, Lut) and isinstance(self.presentation, str)
        if by_formula and isinstance(self.voi, Window) and self.voi.function != "SIGMOID":
            rescale = (1.0, 0.0) if self.modality is None else (self.modality.slope, self.modality.intercept)  # type: ignore[union-attr]
            _core.draw_ramp(
                stored,
                out.reshape(-1),
                rescale=rescale,
                ramp=self.voi.ramp,
                inverse=self.presentation == "INVERSE",
                padding=self.padding,
            )
            return out
        ends = _core.sample_range(stored, None) if stored.dtype.kind in "iub" and stored.dtype.itemsize <= 2 else None
        if ends is None or ends[1] - ends[0] >= stored.size:
            return self.exactly(stored)
        # Every value that occurs goes the plain way once.
        table = self.exactly(np.arange(ends[0], ends[1] + 1, dtype=np.int32))
        _core.look_up_samples(stored, ends[0], table.tobytes(), out.reshape(-1))
        return out

    def exactly(self, stored: NDArray[Any]) -> NDArray[np.uint8]:
        """Draw stored values of any shape stage by stage, each in float64, rounded half up at the end."""
        voi = self.computed_window(stored) if self.voi is None else self.voi
        values = apply_modality(self.modality, stored)
        grey = np.floor(to_presentation(to_voi(values, voi), self.presentation) + 0.5)
        if values.dtype.kind == "f":
            grey = np.where(np.isnan(values), 0.0, grey)
        if self.padding is not None:
            grey = np.where(_is_padding(stored, self.padding), 0.0, grey)
        return grey.astype(np.uint8)

    def computed_window(self, stored: NDArray[Any]) -> Window:
        """Return the window from the least to the greatest modality value, without padding and what is not finite."""
        if isinstance(self.modality, Lut):
            if self.padding is not None:
                stored = stored[~_is_padding(stored, self.padding)]
            values = self.modality.look_up(stored)
            return window_spanning(float(values.min()), float(values.max())) if values.size else window_spanning(0, 0)
        ends = _core.sample_range(for_core(stored), self.padding)
        return self.window_from(float(ends[0]), float(ends[1])) if ends is not None else window_spanning(0, 0)

    def window_from(self, least: float, greatest: float) -> Window:
        """Return the window over the modality values of all stored ones from the one to the other."""
        if isinstance(self.modality, Lut):
            last = len(self.modality.table) - 1
            low, high = (int(min(max(end - self.modality.first, 0), last)) for end in (least, greatest))
            part = self.modality.table[low : high + 1]
            return window_spanning(float(part.min()), float(part.max()))
        if self.modality is None:
            return window_spanning(least, greatest)
        one, other = (end * self.modality.slope + self.modality.intercept for end in (least, greatest))
        return window_spanning(min(one, other), max(one, other))


def window_spanning(low: float, high: float) -> Window:
    """Return the window whose ramp runs from the one value to the other; a single value is black."""
    width = high - low
    return Window(low / 2 + high / 2, width, "LINEAR_EXACT") if 0 < width < np.inf else Window(low + 0.5, 1)


def apply_modality(modality: Lut | Rescale | None, stored: NDArray[Any]) -> NDArray[Any]:
    """Apply a Modality LUT or rescale; give ``stored`` itself where there is none, or one that changes nothing.

    DICOM
    -----
    PS3.3 C.11.1
    """
    if isinstance(modality, Lut):
        return modality.look_up(stored)
    if modality is None or (modality.slope, modality.intercept) == (1.0, 0.0):
        return stored
    with np.errstate(invalid="ignore", over="ignore"):
        return stored.astype(np.float64) * modality.slope + modality.intercept


def to_voi(
    values: NDArray[Any],
    voi: Lut | Window | tuple[float, float],
    *,
    function: VoiFunction = "LINEAR",
    y_max: float = 255.0,
) -> NDArray[np.float64]:
    """Apply a VOI LUT or a window.

    Parameters
    ----------
    values
        Any shape: modality values.
    voi
        A VOI LUT or window of `voi_views`, or centre and width in the unit of ``values``.
    function
        The VOI LUT Function of a centre and width.
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
    PS3.3 C.11.2

    Examples
    --------
    >>> to_voi(np.array([-160, 40, 240]), Window(40, 400, "LINEAR_EXACT"), y_max=1).tolist()
    [0.0, 0.5, 1.0]
    """
    if isinstance(voi, Lut):
        return voi.look_up(values) / (2.0**voi.bits - 1) * y_max
    window = voi if isinstance(voi, Window) else Window(*voi, function)
    center, width = window.ramp
    x = np.asarray(values, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        if window.function == "SIGMOID":
            return np.asarray(y_max / (1 + np.exp(-4 * (x - center) / width)))
        if width == 0:
            return np.where(x - center > 0, y_max, 0.0)
        return np.asarray(np.clip(((x - center) / width + 0.5) * y_max, 0, y_max))


def to_presentation(
    values: NDArray[Any], presentation: Presentation = "IDENTITY", *, y_max: float = 255.0
) -> NDArray[np.float64]:
    """Apply a Presentation LUT or its shape.

    Parameters
    ----------
    values
        Any shape, 0 to ``y_max``: what `to_voi` gives.
    presentation
        The shape, or a table, over whose entries the values are spread.
    y_max
        The output runs from 0 to this, too.

    Returns
    -------
    NDArray
        The same shape, float64: P-values from 0 to ``y_max``, not rounded.

    DICOM
    -----
    PS3.3 C.11.6

    Examples
    --------
    >>> to_presentation(np.array([0.0, 55.0]), "INVERSE").tolist()
    [255.0, 200.0]
    """
    if not isinstance(presentation, Lut) and presentation not in ("IDENTITY", "INVERSE"):
        raise ValueError(f"`presentation` is `{presentation}`, expected IDENTITY, INVERSE or a Lut")
    y = np.asarray(values, dtype=np.float64)
    if isinstance(presentation, Lut):
        # The first value mapped is 0, the last stands for the greatest value of what comes before.
        places = np.floor(np.nan_to_num(y) / y_max * (len(presentation.table) - 1) + 0.5).astype(np.intp)
        return presentation.table[places] / (2.0**presentation.bits - 1) * y_max
    return y_max - y if presentation == "INVERSE" else y


def _is_padding(stored: NDArray[Any], padding: tuple[float, float]) -> NDArray[np.bool_]:
    low, high = padding
    return np.asarray((stored >= low) & (stored <= high))
