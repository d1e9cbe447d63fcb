"""The stored values of a native file and its window, for contenders that do not read DICOM."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Stored:
    """Stored values, and what makes a picture of them."""

    samples: NDArray[Any]
    slope: float
    intercept: float
    center: float
    width: float

    def ramp(self) -> tuple[float, float]:
        """The stored values that become 0 and 255 (PS3.3 C.11.2.1.2.1)."""
        middle, half = self.center - 0.5, (self.width - 1) / 2
        return ((middle - half - self.intercept) / self.slope, (middle + half - self.intercept) / self.slope)

    def picture_sum(self) -> int:
        """What the pixels of the picture add up to."""
        low, high = self.ramp()
        values = np.clip((self.samples - low) / (high - low) * 255, 0, 255)
        return int(np.floor(values + 0.5).sum())


def stored(path: Path) -> Stored:
    """Read them from the NumPy archive beside a file."""
    with np.load(path.with_suffix(".npz")) as archive:
        numbers = (float(archive[name]) for name in ("slope", "intercept", "center", "width"))
        return Stored(archive["samples"], *numbers)


def save(path: Path, image: Stored) -> None:
    """Write them beside a file."""
    np.savez(
        path.with_suffix(".npz"),
        samples=image.samples,
        slope=image.slope,
        intercept=image.intercept,
        center=image.center,
        width=image.width,
    )
