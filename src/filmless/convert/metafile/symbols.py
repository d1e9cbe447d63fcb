"""The Symbol font's letters in Unicode, for systems that have no such font."""

from filmless.convert.metafile.fonts import Chosen
from filmless.convert.metafile.records import Record

__all__ = ["symbol_letters"]

# Adobe's Symbol encoding from 0x20 on and from 0xA1 on; a space stands where there is no letter.
_LOW = " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_ αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
_HIGH = "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪ 〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭"
_LETTERS = {0x20 + number: letter for number, letter in enumerate(_LOW)} | {
    0xA1 + number: letter for number, letter in enumerate(_HIGH) if letter != " "
}


def symbol_letters(text: str, face: str, chosen: Chosen, record: Record) -> str:
    """Return text of a symbol font as the font that draws it has its letters.

    Raises
    ------
    ConversionError
        The font is not installed, and its letters are not known.
    """
    codes = [ord(letter) - 0xF000 if 0xF000 <= ord(letter) <= 0xF0FF else ord(letter) for letter in text]
    if chosen.is_asked_for and chosen.coverage.is_symbol:
        return "".join(chr(0xF000 + code) if 32 <= code <= 255 else chr(code) for code in codes)
    if chosen.is_asked_for and all(ord(letter) in chosen.coverage for letter in text):
        return text
    if face.lower() == "symbol" and all(code in _LETTERS or code < 32 for code in codes):
        return "".join(_LETTERS.get(code, " ") for code in codes)
    return record.refuse("its symbol font is not installed")
