"""dicomsdl's pixels; its picture of the mammogram is wrong, so it does not render."""

from typing import Any

import dicomsdl
import numpy as np
from numpy.typing import NDArray

from benchmarks.request import Request


def _decoded(request: Request) -> NDArray[Any]:
    samples: NDArray[Any] = dicomsdl.open_file(str(request.path)).pixelData(storedvalue=True)
    return samples


TASKS = {
    "decode": lambda request: _decoded(request).size,
    "sum": lambda request: int(_decoded(request).sum(dtype=np.int64)),
}
