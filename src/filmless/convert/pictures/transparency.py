"""Transparent pictures of any depth laid over the background."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import composite
from filmless.convert.options import ReadOptions

__all__ = ["laid_over"]


def laid_over(samples: NDArray[Any], bits: int, options: ReadOptions) -> tuple[NDArray[Any], int]:
    """Lay samples whose last is alpha over the background, and tell it; they then have the full range of their dtype.

    Parameters
    ----------
    samples
        Shape (rows, columns, 2) or (rows, columns, 4), uint8 or uint16.
    bits
        Of a sample.
    options
        Has the background.

    Returns
    -------
    tuple
        Samples of shape (rows, columns) or (rows, columns, 3), and their bits: 8 or 16.
    """
    options.notice("alpha", "transparent parts are laid over the background")
    full = 8 * samples.itemsize
    if bits != full:
        most = (1 << bits) - 1
        wide = samples.astype(np.uint64) * ((1 << full) - 1)
        samples = ((wide + most // 2) // most).astype(samples.dtype)
    return composite(samples, options.background), full
