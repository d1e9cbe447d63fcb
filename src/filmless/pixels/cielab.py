"""CIELab values of DICOM attributes as sRGB."""

from collections.abc import Sequence

import numpy as np

__all__ = ["srgb_of_cielab"]

_D50 = np.array([0.96422, 1.0, 0.82521])  # the white of the profile connection space
# XYZ of D50 to linear sRGB, with the Bradford adaptation to D65.
_TO_SRGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)


def srgb_of_cielab(values: Sequence[float]) -> tuple[int, int, int]:
    """Convert a CIELab value to sRGB.

    Parameters
    ----------
    values
        L, a, b as 16-bit numbers: 0 to 65535 stand for 0 to 100, and for -128 to 127.

    Returns
    -------
    tuple of int
        Red, green, blue, 0 to 255; what sRGB cannot show is cut off.

    DICOM
    -----
    PS3.3 C.10.7.1.1

    Examples
    --------
    >>> srgb_of_cielab([65535, 0x8080, 0x8080])
    (255, 255, 255)
    """
    scaled = np.asarray(values[:3], dtype=np.float64) / 65535
    lightness, a, b = scaled[0] * 100, scaled[1] * 255 - 128, scaled[2] * 255 - 128
    middle = (lightness + 16) / 116
    steps = np.array([middle + a / 500, middle, middle - b / 200])
    xyz = np.where(steps > 6 / 29, steps**3, 3 * (6 / 29) ** 2 * (steps - 4 / 29)) * _D50
    linear = np.clip(_TO_SRGB @ xyz, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = (int(value) for value in np.floor(encoded * 255 + 0.5))
    return red, green, blue
