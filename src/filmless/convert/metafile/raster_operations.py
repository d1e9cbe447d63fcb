"""How new colours meet those that are there, [MS-EMF] 2.1.7, [MS-WMF] 2.1.1.2 and 2.1.1.31, in blend modes of SVG.

Operations on bits are right in a blend mode where each channel of one side is 0 or 255: then "and" is multiply, "or"
is screen, "xor" is difference. White paper and black ink are such; where it is not known, the operation is refused.
"""

from filmless.convert.metafile.records import Record

__all__ = ["BINARY_NAMES", "TERNARY_NAMES", "Step", "binary_steps", "inverted", "is_pure"]

Colour = tuple[int, int, int]
Step = tuple[Colour, str]
"""A colour and the blend mode that it is drawn with."""

_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_INVERT: Step = (_WHITE, "difference")

BINARY_NAMES = {
    1: "BLACK", 2: "NOTMERGEPEN", 3: "MASKNOTPEN", 4: "NOTCOPYPEN", 5: "MASKPENNOT", 6: "NOT", 7: "XORPEN",
    8: "NOTMASKPEN", 9: "MASKPEN", 10: "NOTXORPEN", 11: "NOP", 12: "MERGENOTPEN", 13: "COPYPEN", 14: "MERGEPENNOT",
    15: "MERGEPEN", 16: "WHITE",
}  # fmt: skip

TERNARY_NAMES = {
    0x00CC0020: "SRCCOPY", 0x00EE0086: "SRCPAINT", 0x008800C6: "SRCAND", 0x00660046: "SRCINVERT",
    0x00440328: "SRCERASE", 0x00330008: "NOTSRCCOPY", 0x001100A6: "NOTSRCERASE", 0x00C000CA: "MERGECOPY",
    0x00BB0226: "MERGEPAINT", 0x00F00021: "PATCOPY", 0x00FB0A09: "PATPAINT", 0x005A0049: "PATINVERT",
    0x00550009: "DSTINVERT", 0x00000042: "BLACKNESS", 0x00FF0062: "WHITENESS", 0x00AA0029: "NOP",
}  # fmt: skip

# What is drawn, one after the other: P the pen's colour, N its inverse, I an inversion of all; * and, + or, ^ xor.
_RECIPES = {
    2: "+P I", 3: "*N", 5: "I *P", 7: "^P", 8: "*P I", 9: "*P", 10: "^N", 12: "+N", 14: "I +P", 15: "+P",
}  # fmt: skip
_BLENDS = {"*": "multiply", "+": "screen", "^": "difference"}


def inverted(colour: Colour) -> Colour:
    """Return the colour of all bits turned."""
    return 255 - colour[0], 255 - colour[1], 255 - colour[2]


def is_pure(colour: Colour) -> bool:
    """Whether each channel is 0 or 255."""
    return all(channel in (0, 255) for channel in colour)


def binary_steps(operation: int, colour: Colour | None, record: Record) -> list[Step]:
    """Return how a colour is drawn by a binary raster operation; None for what is no single colour.

    Raises
    ------
    ConversionError
        It cannot be drawn truly.
    """
    fixed: dict[int, list[Step]] = {1: [(_BLACK, "")], 16: [(_WHITE, "")], 11: [], 6: [_INVERT]}
    if operation in fixed:
        return fixed[operation]
    name = BINARY_NAMES.get(operation, str(operation))
    if colour is None:
        return record.refuse(f"a pattern with raster operation R2_{name} is not drawn")
    if operation in (4, 13):
        return [(colour if operation == 13 else inverted(colour), "")]
    if operation not in _RECIPES:
        record.refuse(f"there is no raster operation {operation}")
    if not is_pure(colour):
        record.refuse(f"raster operation R2_{name} with a colour other than pure ones is not drawn")
    colours = {"P": colour, "N": inverted(colour)}
    return [_INVERT if step == "I" else (colours[step[1]], _BLENDS[step[0]]) for step in _RECIPES[operation].split()]
