"""SimpleITK's filter for windows, on as many threads as it chooses."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

from benchmarks.request import Request
from benchmarks.windowing import stored

_itk: Any = SimpleITK  # its types are partial


@cache
def _image(path: Path) -> tuple[Any, float, float]:
    """The image as ITK holds it, and the ends of the window in stored values: no rescale is left to be done."""
    image = stored(path)
    low, high = image.ramp()
    return _itk.GetImageFromArray(image.samples), low, high


def _rendered(request: Request) -> Any:
    image, low, high = _image(request.path)
    return _itk.Cast(_itk.IntensityWindowing(image, low, high, 0.0, 255.0), _itk.sitkUInt8)


TASKS = {
    "render": lambda request: _rendered(request).GetNumberOfPixels(),
    "sum rendered": lambda request: int(_itk.GetArrayFromImage(_rendered(request)).sum(dtype=np.int64)),
}
