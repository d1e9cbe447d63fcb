"""A picture in the pixels of a terminal, by the protocols of kitty and sixel."""

import re
from base64 import b64encode

import numpy as np
from numpy.typing import NDArray

__all__ = ["kitty", "past_tmux", "sixel"]

_CHUNK = 4096
_GREYS = 101  # sixel counts to 100 per cent
_BAND = 6
_RUN = re.compile(rb"(.)\1{3,254}", re.DOTALL)


def kitty(png: bytes, *, columns: int, rows: int) -> list[str]:
    """Return the commands that show a PNG in so many cells, each of which is to reach the terminal whole.

    Notes
    -----
    <https://sw.kovidgoyal.net/kitty/graphics-protocol/>: ``a=T`` transmits and shows, ``f=100`` is PNG, ``q=2``
    keeps the terminal from answering.
    """
    text = b64encode(png).decode("ascii")
    chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    commands = []
    for number, chunk in enumerate(chunks):
        keys = f"a=T,f=100,q=2,c={columns},r={rows}," if number == 0 else ""
        more = 0 if number == len(chunks) - 1 else 1
        commands.append(f"\x1b_G{keys}m={more};{chunk}\x1b\\")
    return commands


def past_tmux(command: str) -> str:
    """Wrap a command so that tmux hands it on to its own terminal (when its option allow-passthrough lets it)."""
    return "\x1bPtmux;" + command.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def sixel(picture: NDArray[np.uint8]) -> str:
    """Return a picture as sixels.

    Parameters
    ----------
    picture
        Shape (rows, columns) or (rows, columns, 3), uint8. Greys are as exact as sixels are, colours become 256.

    Notes
    -----
    DEC STD 070, chapter 9. A band is six rows; each of its colours is a line of letters, whose lower six bits, less
    63, say which of the six pixels it colours.
    """
    indices, palette = _indexed(picture)
    rows, columns = indices.shape
    parts = [f'\x1bP0;1;0q"1;1;{columns};{rows}'.encode()]
    parts += [b"#%d;2;%d;%d;%d" % (number, *colour) for number, colour in enumerate(palette)]
    padded = np.full((-(-rows // _BAND) * _BAND, columns), -1, dtype=np.int16)
    padded[:rows] = indices
    weights = (1 << np.arange(_BAND, dtype=np.uint8))[:, None]
    for top in range(0, rows, _BAND):
        band = padded[top : top + _BAND]
        lines = []
        for colour in np.unique(indices[top : top + _BAND]).tolist():
            letters = ((band == colour) * weights).sum(axis=0, dtype=np.uint8) + np.uint8(63)
            lines.append(b"#%d" % colour + _RUN.sub(_repeated, letters.tobytes().rstrip(b"?")))
        parts.append(b"$".join(lines) + b"-")
    return b"".join([*parts, b"\x1b\\"]).decode("ascii")


def _repeated(run: re.Match[bytes]) -> bytes:
    return b"!%d%c" % (len(run[0]), run[0][0])


def _indexed(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], list[tuple[int, int, int]]]:
    """Return the number of each pixel's colour, and the colours in per cent."""
    if picture.ndim == 2:
        greys = ((picture.astype(np.uint16) * (_GREYS - 1) + 127) // 255).astype(np.uint8)
        return greys, [(level,) * 3 for level in range(_GREYS)]
    from PIL import Image

    quantized = Image.fromarray(picture).quantize(256, method=Image.Quantize.MEDIANCUT)
    flat = quantized.getpalette() or []
    per_cent = [(value * 100 + 127) // 255 for value in flat]
    colours = [(per_cent[at], per_cent[at + 1], per_cent[at + 2]) for at in range(0, len(per_cent) - 2, 3)]
    return np.asarray(quantized), colours
