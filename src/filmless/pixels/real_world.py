"""From stored values to quantities with a unit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import PixelError
from filmless.pixels.attributes import integer, items, numbers, sequence, text

__all__ = ["real_world_maps_of", "to_real_world"]


def real_world_maps_of(ds: Dataset, frame: int = 0) -> list[Dataset]:
    """Return the items of a frame's Real World Value Mapping Sequence, its own before the shared and the image's.

    DICOM
    -----
    PS3.3 C.7.6.16.2.11
    """
    per_frame = sequence(ds, "PerFrameFunctionalGroupsSequence")
    own = (per_frame[frame],) if frame < len(per_frame) else ()
    for holder in (*own, *items(ds, "SharedFunctionalGroupsSequence", most=1), ds):
        maps = items(holder, "RealWorldValueMappingSequence")
        if maps:
            return maps
    return []


def to_real_world(
    ds: Dataset, stored: NDArray[Any], *, frame: int = 0, label: str | None = None
) -> NDArray[np.float64]:
    """Give stored values as quantities: T1 in ms, uptake in g/ml, depth in mm.

    Parameters
    ----------
    ds
        Holds Real World Value Mapping Sequence, for the frame, for all frames, or beside them.
    stored
        Any shape.
    frame
        Whose values they are, from 0.
    label
        The LUT Label of the maps to use, when there are maps to different quantities. By default those of the first
        item's label.

    Returns
    -------
    NDArray
        The same shape, float64, in the unit of Measurement Units Code Sequence; NaN where no map says what a value is.

    Raises
    ------
    PixelError
        There is no such map, or it cannot be read.

    DICOM
    -----
    PS3.3 C.7.6.16.2.11.1
    """
    maps = real_world_maps_of(ds, frame)
    if not maps:
        raise PixelError("RealWorldValueMappingSequence is absent", tag=0x0040_9096)
    wanted = text(maps[0], "LUTLabel") if label is None else label.strip()
    chosen = [item for item in maps if text(item, "LUTLabel") == wanted]
    if not chosen:
        raise PixelError("no item of RealWorldValueMappingSequence has this label", tag=0x0040_9210)
    out = np.full(stored.shape, np.nan)
    for item in chosen:
        _map(item, ds, stored, out)
    return out


def _map(item: Dataset, ds: Dataset, stored: NDArray[Any], out: NDArray[np.float64]) -> None:
    """Fill in the values that one item maps."""
    low, high = _ends(item, signed=integer(ds, "PixelRepresentation", absent=0) == 1)
    inside = (stored >= low) & (stored <= high)
    if "RealWorldValueLUTData" in item:
        table = numbers(item, "RealWorldValueLUTData", finite=False)
        if len(table) != high - low + 1:
            message = f"RealWorldValueLUTData has {len(table)} entries, expected as many as values are mapped"
            raise PixelError(message, tag=0x0040_9212)
        out[inside] = table[np.clip(stored[inside].astype(np.float64) - low, 0, len(table) - 1).astype(np.intp)]
        return
    slope, intercept = numbers(item, "RealWorldValueSlope"), numbers(item, "RealWorldValueIntercept")
    if not len(slope) or not len(intercept):
        raise PixelError("RealWorldValueSlope or RealWorldValueIntercept is absent or no number", tag=0x0040_9225)
    with np.errstate(over="ignore", invalid="ignore"):
        out[inside] = stored[inside].astype(np.float64) * slope[0] + intercept[0]


def _ends(item: Dataset, *, signed: bool) -> tuple[float, float]:
    for kind in ("DoubleFloatRealWorldValue", "RealWorldValue"):
        ends = [numbers(item, f"{kind}{end}ValueMapped").tolist() for end in ("First", "Last")]
        if not all(ends):
            continue
        low, high = (values[0] for values in ends)
        if kind == "RealWorldValue":
            # Their value representation is that of the samples, which not all writers know.
            low, high = (end % 65536 for end in (low, high))
            low, high = ((end - 65536 if signed and end >= 32768 else end) for end in (low, high))
        if low <= high:
            return float(low), float(high)
    raise PixelError("RealWorldValueFirstValueMapped or LastValueMapped is absent or wrong", tag=0x0040_9216)
