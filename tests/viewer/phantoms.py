"""Series made for the tests of volumes: a patient of whom it is known what lies where."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless import generate_uid
from filmless.dataset import Dataset
from filmless.file import write

CT = "1.2.840.10008.5.1.4.1.1.2"
PET = "1.2.840.10008.5.1.4.1.1.128"
Points = NDArray[np.float64]


def body(points: Points) -> NDArray[np.float64]:
    """Return HU at points in mm (x to the left, y to the back, z to the head): a trunk that is the same nowhere.

    Bone on the back; a lung on the right; a bright marker on the left, in front, above.
    """
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    values = np.full(points.shape[:-1], -1000.0)
    values[(x / 90) ** 2 + (y / 65) ** 2 < 1] = 40
    values[((x + 40) / 28) ** 2 + (y / 38) ** 2 + (z / 60) ** 2 < 1] = -850
    values[(x / 14) ** 2 + ((y - 45) / 14) ** 2 < 1] = 700
    ribs = np.abs(np.sqrt((x / 82) ** 2 + (y / 57) ** 2) - 1) < 0.06
    values[ribs & (np.abs((z + 200) % 24 - 12) < 5)] = 500
    values[(x - 40) ** 2 + (y + 20) ** 2 + (z - 30) ** 2 < 10**2] = 1200
    return values


def lump(points: Points) -> NDArray[np.float64]:
    """Return HU at points in mm: an elliptic trunk, and in it a ball of 20 mm: on the left, in front, above."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    values = np.where((x / 85) ** 2 + (y / 60) ** 2 < 1, 0.0, -1000.0)
    values[(x - 40) ** 2 + (y + 20) ** 2 + (z - 30) ** 2 < 10**2] = 1200
    return values


def hot_spot(points: Points) -> NDArray[np.float64]:
    """Return Bq/ml: a little everywhere in the trunk, much in the marker of `body`."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    values = np.where((x / 90) ** 2 + (y / 65) ** 2 < 1, 2000.0, 0.0)
    values[(x - 40) ** 2 + (y + 20) ** 2 + (z - 30) ** 2 < 14**2] = 20000
    return values


def series(
    folder: Path,
    *,
    values: Callable[[Points], NDArray[np.float64]] = body,
    count: int = 60,
    size: int = 96,
    pixel_mm: float = 2.0,
    space_mm: float = 2.5,
    across: tuple[float, float, float] = (1, 0, 0),
    down: tuple[float, float, float] = (0, 1, 0),
    along: tuple[float, float, float] | None = None,
    positions: list[float] | None = None,
    reverse: bool = False,
    study: str = "1.2.826.0.1.3680043.10.1",
    frame_of_reference: str = "1.2.826.0.1.3680043.10.9",
    sop_class: str = CT,
    modality: str = "CT",
    slope: float = 1.0,
    intercept: float = -1024.0,
    **attributes: Any,
) -> list[Path]:
    """Write a series whose middle is the origin; ``along``, from slice to slice, is the normal unless it is tilted."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, columns = np.array(down, float), np.array(across, float)
    step = np.cross(columns, rows) if along is None else np.array(along, float)
    offsets = positions or [(index - (count - 1) / 2) * space_mm for index in range(count)]
    uid, paths = str(generate_uid()), []
    for index, offset in enumerate(offsets):
        first = step * offset - (columns + rows) * pixel_mm * (size - 1) / 2
        grid = np.arange(size) * pixel_mm
        points = first + grid[None, :, None] * columns + grid[:, None, None] * rows
        stored = np.round((values(points) - intercept) / slope).astype("<u2")
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = sop_class, str(generate_uid())
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, uid, frame_of_reference
        ds.PatientName, ds.PatientID, ds.StudyDate, ds.StudyTime = "Phantom^Volume", "V1", "20260101", "100000"
        ds.Modality, ds.SeriesNumber = modality, "1" if modality == "CT" else "2"
        ds.SeriesDescription = f"{modality} phantom"
        ds.InstanceNumber = len(offsets) - index if reverse else index + 1
        ds.ImagePositionPatient = [float(one) for one in first]
        ds.ImageOrientationPatient = [float(one) for one in (*across, *down)]
        ds.PixelSpacing, ds.SliceThickness = [pixel_mm, pixel_mm], 1.0  # not the space: slices may overlap
        ds.Rows = ds.Columns = size
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
        if modality == "PT":
            ds.BitsStored, ds.HighBit = 16, 15
        ds.RescaleSlope, ds.RescaleIntercept = slope, intercept
        if modality == "CT":
            ds.WindowCenter, ds.WindowWidth = 40, 1000
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
        ds.PixelData = stored.tobytes()
        path = folder / f"{modality}{index:04}.dcm"
        write(ds, path)
        paths.append(path)
    return paths
