"""Quantities in space, such as a dose or a parametric map, in the plane of an image."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import DicomError, GeometryError, LimitError
from filmless.pixels import frames
from filmless.pixels.attributes import items, numbers, text
from filmless.pixels.real_world import real_world_maps_of, to_real_world
from filmless.series import FrameGeometry, geometry_of

__all__ = ["Field"]

_MOST_VALUES: Final = 1 << 27  # half a gigabyte of float32
_PARALLEL: Final = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A quantity on a grid.

    Attributes
    ----------
    values
        Shape (planes, rows, columns), float32, in ``unit``; NaN where there is none.
    to_grid
        Shape (4, 4): takes x, y, z in mm to column, row and plane.
    unit
        UCUM, as ``Gy``.
    frame_of_reference_uid
        What x, y and z are relative to.
    """

    values: NDArray[np.float32]
    to_grid: NDArray[np.float64]
    unit: str
    frame_of_reference_uid: str

    @classmethod
    def of(cls, ds: Dataset) -> "Field":
        """Read an RT Dose, or a parametric map.

        Raises
        ------
        GeometryError
            Its planes are not parallel, or not evenly apart.
        LimitError
            It has more values than a server should hold.

        DICOM
        -----
        PS3.3 C.8.8.3, C.8.32
        """
        shape = (int(ds.get("NumberOfFrames") or 1), int(ds.Rows), int(ds.Columns))
        if np.prod([float(side) for side in shape]) > _MOST_VALUES:
            raise LimitError("the grid has too many values", limit="values", value=_MOST_VALUES)
        grid, order = _grid(ds, shape[0])
        values = np.empty(shape, dtype=np.float32)
        source = frames(ds, as_rgb=False)
        scaling = numbers(ds, "DoseGridScaling").tolist()
        for place, frame in enumerate(order):
            stored = source[frame]
            has_map = not scaling and real_world_maps_of(ds, frame)
            quantity = to_real_world(ds, stored, frame=frame) if has_map else stored
            values[place] = quantity * (scaling[0] if scaling else 1.0)
        unit = "Gy" if text(ds, "DoseUnits") == "GY" else _unit(ds)
        return cls(values, np.asarray(np.linalg.inv(grid), dtype=np.float64), unit, text(ds, "FrameOfReferenceUID"))

    @property
    def range(self) -> tuple[float, float]:
        """The least and the largest value."""
        if not np.isfinite(self.values).any():
            return 0.0, 0.0
        return float(np.nanmin(self.values)), float(np.nanmax(self.values))

    def on(self, image: FrameGeometry, frame: int) -> NDArray[np.float32] | None:
        """Return the values at the pixels of a frame, between those of the grid; None when they are far apart.

        Parameters
        ----------
        image
            Where the image lies.
        frame
            Which of its frames, from 0.

        Returns
        -------
        NDArray or None
            Shape (rows, columns), float32; NaN outside of the grid.
        """
        uids = {self.frame_of_reference_uid, image.frame_of_reference_uid} - {""}
        if len(uids) > 1:
            return None
        rows, columns = np.mgrid[0 : image.rows, 0 : image.columns]
        pixels = np.stack([columns, rows, np.zeros_like(rows), np.ones_like(rows)], axis=-1)
        places = (pixels @ (self.to_grid @ image.affine(frame)).T)[..., 2::-1]  # plane, row, column
        found = _between(self.values, places)
        return found if np.isfinite(found).any() else None


def _grid(ds: Dataset, count: int) -> tuple[NDArray[np.float64], list[int]]:
    """Return what takes column, row and plane to mm, and the frames in the order of the planes."""
    offsets = numbers(ds, "GridFrameOffsetVector")
    if "PerFrameFunctionalGroupsSequence" not in ds and len(offsets) == count:
        first = geometry_of(_without_frames(ds))
        distances = offsets if not offsets[0] else offsets - offsets[0]
        return _matrix(first.affine(0), distances), np.argsort(distances, kind="stable").tolist()
    geometry = geometry_of(ds)
    if len(geometry) != count:
        raise GeometryError("there is not a place for each frame")
    if (np.linalg.norm(np.cross(geometry.normals, geometry.normals[0]), axis=1) > _PARALLEL).any():
        raise GeometryError("the planes are not parallel", tag=0x0020_0037)
    distances = geometry.distances_mm
    order = np.argsort(distances, kind="stable").tolist()
    return _matrix(geometry.affine(order[0]), distances - distances[order[0]]), order


def _without_frames(ds: Dataset) -> Dataset:
    """Return what says where the first frame lies: a dose says it once, and of the others how far they are off."""
    keywords = ("Rows", "Columns", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient")
    return Dataset({keyword: ds[keyword].value for keyword in (*keywords, "FrameOfReferenceUID") if keyword in ds})


def _matrix(first: NDArray[np.float64], distances: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = np.diff(np.sort(distances))
    if len(steps) and not np.allclose(steps, steps[0], rtol=0.01, atol=0.01):
        raise GeometryError("the planes are not evenly apart")
    matrix = first.copy()
    normal = np.cross(matrix[:3, 0], matrix[:3, 1])
    normal /= np.linalg.norm(normal)
    # The lowest plane is the first one of the grid, wherever the first frame of the file lies.
    matrix[:3, 3] += normal * distances.min()
    matrix[:3, 2] = normal * (steps[0] if len(steps) and steps[0] > 0 else 1.0)
    return matrix


def _between(values: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Interpolate linearly; half a cell beyond the outermost values still counts, as their pixels do."""
    shape = np.array(values.shape)
    inside = ((places >= -0.5) & (places <= shape - 0.5)).all(axis=-1)
    clipped = np.clip(places[inside], 0, shape - 1)
    low = np.minimum(clipped.astype(np.intp), np.maximum(shape - 2, 0))
    part = clipped - low
    total = np.zeros(len(low), dtype=np.float64)
    for corner in range(8):
        steps = np.array([corner >> 2 & 1, corner >> 1 & 1, corner & 1])
        at = np.minimum(low + steps, shape - 1)
        weight = np.where(steps, part, 1 - part).prod(axis=1)
        # What weighs nothing does not count, be it NaN.
        total += np.where(weight > 0, values[at[:, 0], at[:, 1], at[:, 2]] * weight, 0)
    found = np.full(places.shape[:-1], np.nan, dtype=np.float32)
    found[inside] = total
    return found


def _unit(ds: Dataset) -> str:
    try:
        maps = real_world_maps_of(ds)
        codes = items(maps[0], "MeasurementUnitsCodeSequence", most=1) if maps else []
    except DicomError:
        return ""
    return text(codes[0], "CodeValue") if codes else ""
