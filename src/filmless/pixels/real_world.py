"""From stored values to quantities with a unit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import PixelError

__all__ = ["real_world_maps_of", "to_real_world"]


def real_world_maps_of(ds: Dataset, frame: int = 0) -> list[Dataset]:
    """Return the items of a frame's Real World Value Mapping Sequence, its own before the shared and the image's.

    DICOM
    -----
    PS3.3 C.7.6.16.2.11
    """
    per_frame = ds.get("PerFrameFunctionalGroupsSequence") or ()
    shared = ds.get("SharedFunctionalGroupsSequence") or ()
    for holder in (*((per_frame[frame],) if frame < len(per_frame) else ()), *shared[:1], ds):
        items = holder.get("RealWorldValueMappingSequence")
        if items:
            return list(items)
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
    items = real_world_maps_of(ds, frame)
    if not items:
        raise PixelError("RealWorldValueMappingSequence is absent", tag=0x0040_9096)
    wanted = str(items[0].get("LUTLabel") or "") if label is None else label
    chosen = [item for item in items if str(item.get("LUTLabel") or "") == wanted]
    if not chosen:
        raise PixelError("no item of RealWorldValueMappingSequence has this label", tag=0x0040_9210)
    out = np.full(stored.shape, np.nan)
    for item in chosen:
        _map(item, ds, stored, out)
    return out


def _map(item: Dataset, ds: Dataset, stored: NDArray[Any], out: NDArray[np.float64]) -> None:
    """Fill in the values that one item maps."""
    low, high = _ends(item, signed=ds.get("PixelRepresentation") == 1)
    inside = (stored >= low) & (stored <= high)
    data = item.get("RealWorldValueLUTData")
    if data is not None:
        table = np.array([data] if isinstance(data, float) else list(data), dtype=np.float64)
        if len(table) != high - low + 1:
            message = f"RealWorldValueLUTData has {len(table)} entries, expected as many as values are mapped"
            raise PixelError(message, tag=0x0040_9212)
        out[inside] = table[stored[inside].astype(np.int64) - int(low)]
        return
    slope, intercept = item.get("RealWorldValueSlope"), item.get("RealWorldValueIntercept")
    if not isinstance(slope, int | float) or not isinstance(intercept, int | float):
        raise PixelError("RealWorldValueSlope or RealWorldValueIntercept is absent or no number", tag=0x0040_9225)
    out[inside] = stored[inside] * float(slope) + float(intercept)


def _ends(item: Dataset, *, signed: bool) -> tuple[float, float]:
    for kind in ("DoubleFloatRealWorldValue", "RealWorldValue"):
        low, high = item.get(f"{kind}FirstValueMapped"), item.get(f"{kind}LastValueMapped")
        if not isinstance(low, int | float) or not isinstance(high, int | float):
            continue
        if kind == "RealWorldValue":
            # Their value representation is that of the samples, which not all writers know.
            low, high = (end % 65536 for end in (low, high))
            low, high = ((end - 65536 if signed and end >= 32768 else end) for end in (low, high))
        if low <= high:
            return float(low), float(high)
    raise PixelError("RealWorldValueFirstValueMapped or LastValueMapped is absent or wrong", tag=0x0040_9216)
