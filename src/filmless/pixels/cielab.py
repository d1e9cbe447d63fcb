"""Recommended colours: CIELab as DICOM encodes it, and the sRGB that screens show."""

from collections.abc import Sequence

__all__ = ["cielab_to_rgb", "rgb_to_cielab"]

# XYZ is relative to the white of the profile connection space, D50; sRGB's is D65. The matrices are sRGB's with the
# Bradford adaptation in them, as in its ICC profile (IEC 61966-2-1, ICC.1:2022 Annex E).
_WHITE = (0.96422, 1.0, 0.82521)
_XYZ_TO_RGB = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)
_RGB_TO_XYZ = (
    (0.4360747, 0.3850649, 0.1430804),
    (0.2225045, 0.7168786, 0.0606169),
    (0.0139322, 0.0971045, 0.7141733),
)
_EDGE = 6 / 29  # CIE 15: below it the cube root is a straight line


def cielab_to_rgb(values: Sequence[float]) -> tuple[int, int, int]:
    """Convert a recommended colour to sRGB.

    Parameters
    ----------
    values
        L*, a* and b* as attributes such as Recommended Display CIELab Value hold them: 0 to 65535 each.

    Returns
    -------
    tuple of int
        Red, green and blue, 0 to 255; colours that sRGB does not have are cut off at its borders.

    Raises
    ------
    ValueError
        These are not three numbers from 0 to 65535.

    DICOM
    -----
    PS3.3 C.10.7.1.1

    Examples
    --------
    >>> cielab_to_rgb([65535, 32896, 32896])
    (255, 255, 255)
    """
    if len(values) != 3 or not all(0 <= value <= 65535 for value in values):
        raise ValueError("a CIELab colour is three numbers from 0 to 65535")
    lightness = values[0] / 655.35
    a, b = (value / 257 - 128 for value in values[1:])
    middle = (lightness + 16) / 116
    xyz = [
        white * (root**3 if root > _EDGE else 3 * _EDGE**2 * (root - 4 / 29))
        for white, root in zip(_WHITE, (middle + a / 500, middle, middle - b / 200), strict=True)
    ]
    red, green, blue = (_gamma(_dot(row, xyz)) for row in _XYZ_TO_RGB)
    return red, green, blue


def rgb_to_cielab(rgb: Sequence[int]) -> tuple[int, int, int]:
    """Convert an sRGB colour to what attributes such as Recommended Display CIELab Value hold.

    Parameters
    ----------
    rgb
        Red, green and blue, 0 to 255.

    Returns
    -------
    tuple of int
        L*, a* and b*, 0 to 65535 each.

    Raises
    ------
    ValueError
        These are not three numbers from 0 to 255.

    DICOM
    -----
    PS3.3 C.10.7.1.1

    Examples
    --------
    >>> rgb_to_cielab([255, 255, 255])
    (65535, 32896, 32896)
    """
    if len(rgb) != 3 or not all(0 <= value <= 255 for value in rgb):
        raise ValueError("an RGB colour is three numbers from 0 to 255")
    linear = [_linear(value / 255) for value in rgb]
    x, y, z = (_root(_dot(row, linear) / white) for row, white in zip(_RGB_TO_XYZ, _WHITE, strict=True))
    lightness, a, b = 116 * y - 16, 500 * (x - y), 200 * (y - z)
    encoded = (lightness * 655.35, (a + 128) * 257, (b + 128) * 257)
    first, second, third = (min(65535, max(0, round(value))) for value in encoded)
    return first, second, third


def _dot(row: Sequence[float], vector: Sequence[float]) -> float:
    return sum(left * right for left, right in zip(row, vector, strict=True))


def _root(value: float) -> float:
    return value ** (1 / 3) if value > _EDGE**3 else value / (3 * _EDGE**2) + 4 / 29


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _gamma(value: float) -> int:
    value = min(1.0, max(0.0, value))
    encoded = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(255 * encoded)
