"""Palettes: from indices to colours."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import PixelError
from filmless.pixels.attributes import text
from filmless.pixels.lut import descriptor_of, entries_of, for_core, places_in, words_of

__all__ = ["Palette", "palette_of", "supplemental_palette_of"]

_COLOURS = ("Red", "Green", "Blue")


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """Three lookup tables as one.

    Attributes
    ----------
    first
        The index of the first colour; those below take it as well, those behind the last take the last.
    colours
        Shape (entries, 3): red, green, blue, uint8 or uint16.

    DICOM
    -----
    PS3.3 C.7.6.3.1.5, C.7.9
    """

    first: int
    colours: NDArray[Any]

    def __post_init__(self) -> None:
        if self.colours.ndim != 2 or self.colours.shape[1] != 3 or not len(self.colours):
            raise ValueError(f"a palette has the shape {self.colours.shape}, expected (entries, 3)")
        if self.colours.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"a palette has the dtype {self.colours.dtype}, expected uint8 or uint16")

    def apply(self, indices: NDArray[Any]) -> NDArray[Any]:
        """Look indices up.

        Parameters
        ----------
        indices
            Shape (...): stored values.

        Returns
        -------
        NDArray
            Shape (..., 3), of the dtype of the colours.
        """
        if indices.dtype.kind == "f" or indices.dtype.itemsize > 2:
            found: NDArray[Any] = self.colours[places_in(indices, self.first, len(self.colours))]
            return found
        out = np.empty((*indices.shape, 3), dtype=self.colours.dtype)
        _core.look_up_samples(for_core(indices), self.first, self.colours.tobytes(), out.view(np.uint8).reshape(-1))
        return out

    def of_8_bits(self) -> "Palette":
        """Return the palette with the upper 8 bits of its colours."""
        if self.colours.dtype == np.uint8:
            return self
        return Palette(self.first, (self.colours >> 8).astype(np.uint8))

    def spread(self) -> "Palette":
        """Return the palette of 256 colours for 8-bit greys: its first is that of black, its last that of white.

        DICOM
        -----
        PS3.3 A.33.2, C.11.15: pseudo-colour presentation states
        """
        places = np.floor(np.arange(256) / 255 * (len(self.colours) - 1) + 0.5).astype(np.intp)
        return Palette(0, self.of_8_bits().colours[places])


def palette_of(ds: Dataset) -> Palette:
    """Read the palette of a data set: of an image, a presentation state or a Color Palette instance.

    Parameters
    ----------
    ds
        Holds the Palette Color Lookup Table Module, with plain or segmented tables.

    Returns
    -------
    Palette
        uint8 when the tables are of 8 bits, also when they only say 16; else uint16.

    Raises
    ------
    PixelError
        A table is absent, shorter than its descriptor says, or damaged.

    DICOM
    -----
    PS3.3 C.7.6.3.1.5, C.7.6.3.1.6, C.7.9.2
    """
    signed = ds.get("PixelRepresentation") == 1
    tables, firsts, bits = [], [], 0
    for colour in _COLOURS:
        first, table, used = _table(ds, colour, signed=signed)
        firsts.append(first)
        tables.append(table)
        bits = max(bits, used)
    first = min(firsts)
    # The three have to be alike; those that are not are filled up as they would be looked up.
    last = max(start + len(table) for start, table in zip(firsts, tables, strict=True)) - 1
    places = np.arange(first, last + 1)
    rows = [table[np.clip(places - start, 0, len(table) - 1)] for start, table in zip(firsts, tables, strict=True)]
    colours = np.stack(rows, axis=1)
    # Tables of "16 bits" whose values all fit in 8 are known: their values are of 8 bits.
    if bits > 8 and colours.max() > 255:
        return Palette(first, (colours << (16 - bits)).astype(np.uint16))
    return Palette(first, colours.astype(np.uint8))


def supplemental_palette_of(ds: Dataset) -> Palette | None:
    """Return the palette for the upper stored values of a grey image, when it has such and is to be shown with it.

    Notes
    -----
    Stored values from the palette's ``first`` on are colours, those below are grey.

    Raises
    ------
    PixelError
        As `palette_of`.

    DICOM
    -----
    PS3.3 C.7.6.19, C.8.16.2.1.1.1
    """
    if text(ds, "PixelPresentation") not in ("COLOR", "MIXED") or "RedPaletteColorLookupTableDescriptor" not in ds:
        return None
    return palette_of(ds)


def _table(ds: Dataset, colour: str, *, signed: bool) -> tuple[int, NDArray[np.uint16], int]:
    """Return the first index of a colour's table, its entries and their bits."""
    keyword = f"{colour}PaletteColorLookupTable"
    entries, first, bits = descriptor_of(ds, f"{keyword}Descriptor", signed=signed)
    segmented = f"Segmented{keyword}Data"
    if segmented not in ds:
        table, bits, _ = entries_of(ds, f"{keyword}Data", entries=entries, bits=bits)
        return first, table, bits
    words = words_of(ds, segmented)
    number_bytes = 1 if bits <= 8 else 2
    if number_bytes == 1:
        words = np.frombuffer(words.astype("<u2").tobytes(), dtype=np.uint8).astype(np.uint16)
    try:
        table = np.array(_core.expand_segments(words.tolist(), number_bytes, entries), dtype=np.uint16)
    except ValueError as error:
        raise PixelError(f"{segmented} {error}", tag=int(ds[segmented].tag)) from error
    return first, table, bits
