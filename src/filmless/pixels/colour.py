"""Colour: YCbCr to RGB, palettes to RGB."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import PixelError, UnsupportedError

__all__ = ["apply_palette", "ybr_to_rgb"]

# ITU-R BT.601 in 16-bit fixed point, rounded as libjpeg rounds, so that its pictures and ours are the same.
_CHROMA = np.arange(-128, 128, dtype=np.int32)
_HALF = 1 << 15
_CR_TO_R = ((91881 * _CHROMA + _HALF) >> 16).astype(np.int16)  # 1.402
_CB_TO_B = ((116130 * _CHROMA + _HALF) >> 16).astype(np.int16)  # 1.772
_CB_TO_G = -22554 * _CHROMA + _HALF  # 0.344136
_CR_TO_G = -46802 * _CHROMA  # 0.714136

_BLOCK = 1 << 15  # pixels whose working copies stay in the cache


def ybr_to_rgb(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert YBR_FULL of 8 bits to RGB.

    Parameters
    ----------
    samples
        Shape (..., 3), uint8: Y, Cb, Cr.

    Returns
    -------
    NDArray
        Shape (..., 3), uint8: R, G, B.

    DICOM
    -----
    PS3.3 C.7.6.3.1.2
    """
    if samples.dtype != np.uint8:
        raise UnsupportedError("YBR samples of more than 8 bits cannot be converted yet", feature="YBR 16 bit")
    flat = samples.reshape(-1, 3)
    out = np.empty(flat.shape, dtype=np.uint8)
    for start in range(0, len(flat), _BLOCK):
        block = flat[start : start + _BLOCK]
        y, cb, cr = block[:, 0].astype(np.int16), block[:, 1], block[:, 2]
        green = ((_CB_TO_G[cb] + _CR_TO_G[cr]) >> 16).astype(np.int16)
        for channel, chroma in enumerate((_CR_TO_R[cr], green, _CB_TO_B[cb])):
            out[start : start + _BLOCK, channel] = np.clip(y + chroma, 0, 255)
    return out.reshape(samples.shape)


def apply_palette(ds: Dataset, indices: NDArray[Any]) -> NDArray[np.uint8]:
    """Look indices up in the palette of a data set.

    Parameters
    ----------
    ds
        Holds the Palette Color Lookup Table Module.
    indices
        Shape (...): stored values.

    Returns
    -------
    NDArray
        Shape (..., 3), uint8: R, G, B. Tables of 16 bits give their upper 8.

    Raises
    ------
    PixelError
        A table is absent or shorter than its descriptor says.

    DICOM
    -----
    PS3.3 C.7.6.3.1.5, C.7.6.3.1.6, C.7.9
    """
    out = np.empty((*indices.shape, 3), dtype=np.uint8)
    for channel, colour in enumerate(("Red", "Green", "Blue")):
        first, table = _table(ds, colour)
        # Indices before the first entry take the first, those behind the last take the last.
        out[..., channel] = table[np.clip(indices.astype(np.int64) - first, 0, len(table) - 1)]
    return out


def _table(ds: Dataset, colour: str) -> tuple[int, NDArray[np.uint8]]:
    keyword = f"{colour}PaletteColorLookupTable"
    if f"Segmented{keyword}Data" in ds:
        raise UnsupportedError("segmented palettes cannot be decoded yet", feature="segmented palette")
    descriptor, data = ds.get(f"{keyword}Descriptor"), ds.get(f"{keyword}Data")
    if descriptor is None or len(descriptor) != 3 or not isinstance(data, bytes):
        raise PixelError(f"{keyword}Descriptor or {keyword}Data is absent or malformed")
    entries, first, bits = (int(number) for number in descriptor)
    entries = entries % 65536 or 65536  # 65536 entries are written as 0
    if bits not in (8, 16):
        raise PixelError(f"{keyword}Descriptor says {bits} bits, expected 8 or 16")
    if len(data) >= 2 * entries:
        words = np.frombuffer(data, dtype="<u2", count=entries)
        # Tables of "16 bits" whose values all fit in 8 are known: their values are of 8 bits.
        return first, (words >> (8 if bits == 16 and words.max() > 255 else 0)).astype(np.uint8)
    if len(data) >= entries and bits == 8:
        return first, np.frombuffer(data, dtype=np.uint8, count=entries)
    raise PixelError(f"{keyword}Data has {len(data)} bytes, expected {entries} entries of {bits} bits")
