"""From logical coordinates to the device's: world, window and viewport, [MS-EMF] 2.1.21, 3.1.1.2.

A matrix is (m11, m12, m21, m22, dx, dy), as in the files: x' = m11·x + m21·y + dx.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

from filmless.convert.metafile.records import Points

__all__ = ["IDENTITY", "Mapping", "Matrix", "inverse", "length_scale", "moved", "multiplied", "placed"]

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

_TEXT, _ISOTROPIC, _ANISOTROPIC = 1, 7, 8
_MILLIMETRES = {2: 0.1, 3: 0.01, 4: 0.254, 5: 0.0254, 6: 25.4 / 1440}
"""Logical units of the metric and English modes and of twips; y counts upwards in them."""


def multiplied(first: Matrix, second: Matrix) -> Matrix:
    """Return the matrix that does the first, then the second."""
    a, b, c, d, e, f = first
    m11, m12, m21, m22, dx, dy = second
    return (
        a * m11 + b * m21,
        a * m12 + b * m22,
        c * m11 + d * m21,
        c * m12 + d * m22,
        e * m11 + f * m21 + dx,
        e * m12 + f * m22 + dy,
    )


def placed(matrix: Matrix, points: Points) -> Points:
    """Map points."""
    m11, m12, m21, m22, dx, dy = matrix
    result = points * (m11, m22)
    if m12 or m21:
        result += points[:, ::-1] * (m21, m12)
    result += (dx, dy)
    return result


def moved(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """Map one point."""
    m11, m12, m21, m22, dx, dy = matrix
    return m11 * x + m21 * y + dx, m12 * x + m22 * y + dy


def inverse(matrix: Matrix) -> Matrix | None:
    """Invert it, if that can be."""
    m11, m12, m21, m22, dx, dy = matrix
    determinant = m11 * m22 - m12 * m21
    if not determinant or not math.isfinite(determinant):
        return None
    a, b, c, d = m22 / determinant, -m12 / determinant, -m21 / determinant, m11 / determinant
    return a, b, c, d, -(dx * a + dy * c), -(dx * b + dy * d)


def length_scale(matrix: Matrix) -> float:
    """Return how much longer lines become, on average of all directions."""
    m11, m12, m21, m22, _, _ = matrix
    return math.sqrt(abs(m11 * m22 - m12 * m21))


@dataclass(frozen=True, slots=True)
class Mapping:
    """Window, viewport and world transform of a device context.

    Parameters
    ----------
    device_per_mm
        Pixels of the reference device per millimetre, across and down.
    """

    device_per_mm: tuple[float, float] = (1.0, 1.0)
    mode: int = _TEXT
    window_origin: tuple[float, float] = (0.0, 0.0)
    window_extent: tuple[float, float] = (1.0, 1.0)
    viewport_origin: tuple[float, float] = (0.0, 0.0)
    viewport_extent: tuple[float, float] = (1.0, 1.0)
    world: Matrix = IDENTITY

    def with_mode(self, mode: int) -> Self:
        """Set the mapping mode."""
        return replace(self, mode=mode) if mode in range(1, 9) else self

    def with_extent(self, *, window: tuple[float, float] | None, viewport: tuple[float, float] | None) -> Self:
        """Set an extent, which only the modes with free extents take."""
        if self.mode not in (_ISOTROPIC, _ANISOTROPIC) or 0 in (window or viewport or (0,)):
            return self
        return replace(
            self, window_extent=window or self.window_extent, viewport_extent=viewport or self.viewport_extent
        )

    def page(self) -> Matrix:
        """Return the matrix from page to device."""
        if self.mode == _TEXT:
            sx = sy = 1.0
        elif self.mode in _MILLIMETRES:
            unit = _MILLIMETRES[self.mode]
            sx, sy = unit * self.device_per_mm[0], -unit * self.device_per_mm[1]
        else:
            sx = self.viewport_extent[0] / self.window_extent[0]
            sy = self.viewport_extent[1] / self.window_extent[1]
            if self.mode == _ISOTROPIC:
                sx, sy = self._isotropic(sx, sy)
        dx = self.viewport_origin[0] - sx * self.window_origin[0]
        dy = self.viewport_origin[1] - sy * self.window_origin[1]
        return sx, 0.0, 0.0, sy, dx, dy

    def _isotropic(self, sx: float, sy: float) -> tuple[float, float]:
        """Shrink the longer unit, so that one unit is as long across as down."""
        across, down = abs(sx) / self.device_per_mm[0], abs(sy) / self.device_per_mm[1]
        if across > down:
            return math.copysign(down * self.device_per_mm[0], sx), sy
        return sx, math.copysign(across * self.device_per_mm[1], sy)

    def matrix(self) -> Matrix:
        """Return the matrix from world to device."""
        return self.page() if self.world == IDENTITY else multiplied(self.world, self.page())
