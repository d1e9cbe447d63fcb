"""How many packets a JPEG 2000 code stream has to have: each takes a byte at least, and memory in a decoder."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from filmless.errors import CodecError

__all__ = ["COC", "COD", "Coding", "TileGrid", "packets_of"]

COD, COC = 0xFF52, 0xFF53
_MOST_LEVELS = 32
_WHOLE = 15  # the exponent of precincts when none are named: of a size that no image has

_Numbers = TypeVar("_Numbers", int, NDArray[np.int64])


@dataclass(frozen=True, slots=True)
class Coding:
    """What the coding style says of packets (ISO/IEC 15444-1 A.6.1, A.6.2).

    Attributes
    ----------
    layers
        Of each tile.
    precincts
        Of each component, for each of its resolutions from the lowest: exponents of their width and height.
    block
        Exponent of the size of the smallest code-blocks.
    reversible
        Whether the wavelet transform of all components is.
    """

    layers: int = 0
    precincts: tuple[tuple[tuple[int, int], ...], ...] = ()
    block: int = 12
    reversible: bool = True

    def after(self, segments: Iterable[tuple[int, bytes]], components: int, frame: int) -> "Coding":
        """Return what holds behind marker segments, of which the later ones count.

        Raises
        ------
        CodecError
            One is too short or says what cannot be.
        """
        coding = self
        for marker, content in segments:
            if marker == COD:
                if len(content) < 10:
                    raise CodecError("JPEG 2000 coding style is too short", frame=frame)
                layers = int.from_bytes(content[2:4], "big")
                precincts = (_precincts(content[0], content[5:], frame),) * components
                coding = Coding(layers, precincts, _block(content[5:]), content[9] == 1)
            elif marker == COC and coding.precincts:
                width = 1 if components < 257 else 2
                component = int.from_bytes(content[:width], "big")
                if component >= components or len(content) < width + 6:
                    raise CodecError("JPEG 2000 coding style is of no component, or too short", frame=frame)
                own = _precincts(content[width], content[width + 1 :], frame)
                of_all = (*coding.precincts[:component], own, *coding.precincts[component + 1 :])
                block = min(coding.block, _block(content[width + 1 :]))
                reversible = coding.reversible and content[width + 5] == 1
                coding = replace(coding, precincts=of_all, block=block, reversible=reversible)
        return coding


def _precincts(style: int, content: bytes, frame: int) -> tuple[tuple[int, int], ...]:
    """Read the exponents: the number of levels stands first, precincts behind four more bytes."""
    levels = content[0]
    named = content[5 : 6 + levels]
    if levels > _MOST_LEVELS or (style & 1 and len(named) != levels + 1):
        raise CodecError("JPEG 2000 coding style has an impossible number of levels", frame=frame)
    if not style & 1:
        return ((_WHOLE, _WHOLE),) * (levels + 1)
    return tuple((exponents & 15, exponents >> 4) for exponents in named)


def _block(content: bytes) -> int:
    return (content[1] & 15) + (content[2] & 15) + 4


@dataclass(frozen=True, slots=True)
class TileGrid:
    """Image area and tiles on the reference grid (ISO/IEC 15444-1 B.2, B.3): of each pair across, then down."""

    first: tuple[int, int]
    end: tuple[int, int]
    tile_first: tuple[int, int]
    tile_size: tuple[int, int]
    steps: tuple[tuple[int, int], ...]  # of each component

    @property
    def tiles(self) -> tuple[int, int]:
        """How many there are."""
        across, down = (
            -((first - end) // size) for first, end, size in zip(self.tile_first, self.end, self.tile_size, strict=True)
        )
        return across, down

    def bounds(self, axis: int, tile: _Numbers) -> tuple[_Numbers, _Numbers]:
        """Return where tiles begin and end along an axis."""
        low = self.tile_first[axis] + tile * self.tile_size[axis]
        if isinstance(low, int):
            return max(low, self.first[axis]), min(low + self.tile_size[axis], self.end[axis])
        return np.maximum(low, self.first[axis]), np.minimum(low + self.tile_size[axis], self.end[axis])


def packets_of(grid: TileGrid, coding: Coding, own: dict[int, Coding]) -> int:
    """Count the packets of a stream (ISO/IEC 15444-1 B.5, B.6, B.9).

    Parameters
    ----------
    grid
        The tiles.
    coding
        What the main header says.
    own
        What tiles say that have a coding style of their own.
    """
    across, down = grid.tiles
    every = _packets(grid, coding, np.arange(across, dtype=np.int64), np.arange(down, dtype=np.int64))
    for tile, differently in own.items():
        down, right = divmod(tile, across)
        every += _packets(grid, differently, right, down) - _packets(grid, coding, right, down)
    return every


def _packets(grid: TileGrid, coding: Coding, columns: _Numbers, rows: _Numbers) -> int:
    """Count those of some columns and rows of tiles: precincts lie in a grid, so that their numbers multiply."""
    counted: dict[tuple[object, ...], int] = {}
    found = 0
    for key in zip(grid.steps, coding.precincts, strict=True):
        if key not in counted:
            steps, exponents = key
            across, down = (
                [
                    _count(*grid.bounds(axis, tiles), steps[axis], len(exponents) - 1 - resolution, exponent[axis])
                    for resolution, exponent in enumerate(exponents)
                ]
                for axis, tiles in enumerate((columns, rows))
            )
            counted[key] = sum(wide * high for wide, high in zip(across, down, strict=True))
        found += counted[key]
    return coding.layers * found


def _count(low: _Numbers, high: _Numbers, step: int, level: int, exponent: int) -> int:
    """Count the precincts along an axis of a resolution, of all these tiles."""
    low, high = -(-low // step), -(-high // step)
    low, high = -(-low >> level), -(-high >> level)
    counts: Any = (-(-high >> exponent) - (low >> exponent)) * (low < high)
    return counts if isinstance(counts, int) else int(counts.sum())
