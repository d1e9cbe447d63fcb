"""Regions of ultrasound images, each with units of its own: centimetres, seconds, centimetres a second."""

from typing import Any, Final

from filmless.dataset import Dataset
from filmless.pixels.attributes import integer, items, numbers

__all__ = ["regions_of"]

_MOST: Final = 64
#: Physical Units X and Y Direction that something can be measured in (PS3.3 C.8.5.5.1.15).
_UNITS: Final = {3: "cm", 4: "s", 7: "cm/s"}
_EDGES: Final = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")


def regions_of(ds: Dataset) -> list[dict[str, Any]]:
    """Return the regions of an ultrasound image that say how large their pixels are, for JSON.

    Parameters
    ----------
    ds
        The image.

    Returns
    -------
    list of dict
        ``edges``: left, top, right, bottom in pixels of the image, whose corner is 0, 0; ``units`` across and down,
        ``cm``, ``s`` or ``cm/s``; ``deltas``, how much of them a pixel is; ``isTissue``, whether it shows tissue in a
        plane (2D); where there is one, ``reference``, the column and row that stand for ``values``.

    DICOM
    -----
    PS3.3 C.8.5.5
    """
    found = [_region(item) for item in items(ds, "SequenceOfUltrasoundRegions", most=_MOST)]
    return [region for region in found if region is not None]


def _region(item: Dataset) -> dict[str, Any] | None:
    edges = [integer(item, keyword, absent=-1) for keyword in _EDGES]
    units = [_UNITS.get(integer(item, f"PhysicalUnits{axis}Direction", absent=0)) for axis in "XY"]
    deltas = [numbers(item, f"PhysicalDelta{axis}").tolist()[:1] for axis in "XY"]
    left, top, right, bottom = edges
    known = all(delta and 0 < abs(delta[0]) < 1e6 for delta in deltas)
    if not (0 <= left <= right and 0 <= top <= bottom) or None in units or not known:
        return None
    found: dict[str, Any] = {
        # The last column and row are inside.
        "edges": [left, top, right + 1, bottom + 1],
        "units": units,
        "deltas": [delta[0] for delta in deltas],
        "isTissue": integer(item, "RegionSpatialFormat", absent=0) == 1,
    }
    pixel = [item.get(f"ReferencePixel{axis}0") for axis in "XY"]
    values = [numbers(item, f"ReferencePixelPhysicalValue{axis}").tolist()[:1] for axis in "XY"]
    if all(isinstance(one, int) for one in pixel):
        # Counted from the corner of the region.
        found["reference"] = [left + pixel[0], top + pixel[1]]
        found["values"] = [value[0] if value else 0.0 for value in values]
    return found
