"""What a user writes who has an array and a window: three lines of numpy in float32."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.request import Request
from benchmarks.windowing import Stored, stored


@cache
def _stored(path: Path) -> Stored:
    return stored(path)


def _rendered(request: Request) -> NDArray[Any]:
    """Rescale and window (PS3.3 C.11.2.1.2.1), in place where that is possible."""
    image = _stored(request.path)
    values = image.samples.astype(np.float32)
    scale = 255 / (image.width - 1)
    values *= image.slope * scale
    values += (image.intercept - image.center + 0.5) * scale + 127.5 + 0.5
    np.clip(values, 0, 255.5, out=values)
    return values.astype(np.uint8)


TASKS = {
    "render": lambda request: _rendered(request).size,
    "sum rendered": lambda request: int(_rendered(request).sum(dtype=np.int64)),
}
