"""Text in a PDF, of any language that there is a font for; its glyphs are embedded, and it can be found and copied."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from filmless.convert.out.pdf_file import PdfFile
from filmless.convert.out.true_type import TrueType

__all__ = ["Fonts"]

_EMBEDDED = "F0"
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
#: What a reader has fonts of its own for (ISO 32000-1 9.7.5.2): the scripts, and their collection and encoding.
_COLLECTIONS = {
    "Japan1": "UniJIS-UTF16-H",
    "Korea1": "UniKS-UTF16-H",
    "GB1": "UniGB-UTF16-H",
}
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_MIRRORED = str.maketrans("()[]{}<>", ")(][}{><")
_RIGHT_TO_LEFT = ("R", "AL")


class _Run(NamedTuple):
    """Text in one font: its codes in hexadecimal, its width for a size of 1."""

    font: str
    codes: str
    width: float


class Fonts:
    """The fonts of a PDF.

    Parameters
    ----------
    pdf
        The file.
    font
        A TrueType font.
    notice
        Gets what is odd: a code and a message.
    """

    def __init__(self, pdf: PdfFile, font: TrueType, notice: Callable[[str, str], None]) -> None:
        self._pdf, self._font, self._notice = pdf, font, notice
        self._codes: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._used: dict[str, set[str]] = {}
        self._told: set[str] = set()

    @property
    def resources(self) -> str:
        """The entry of the resources of a page, after its text is drawn."""
        return "/Font << " + " ".join(f"/{name} {number} 0 R" for name, number in self._numbers.items()) + " >>"

    def width(self, text: str, size: float) -> float:
        """Return the width of a text in points."""
        return size * sum(run.width for run in self._runs(text))

    def fitting(self, text: str, size: float, width: float) -> str:
        """Return a text, or as much of its beginning as fits into a width, with an ellipsis."""
        if self.width(text, size) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.width(text[:middle].rstrip() + _ELLIPSIS, size) <= width
            low, high = (middle, high) if fits else (low, middle - 1)
        return text[:low].rstrip() + _ELLIPSIS

    def draw(self, text: str, x: float, y: float, size: float, *, grey: float = 0.0) -> str:
        """Return the operators that write a text from a point of its base line on."""
        shown = " ".join(f"/{run.font} {size:.2f} Tf <{run.codes}> Tj" for run in self._runs(text))
        return f"BT {grey:.2f} g {x:.2f} {y:.2f} Td {shown} ET\n"

    def write(self) -> None:
        """Write the fonts, after all text is drawn."""
        if _EMBEDDED in self._numbers:
            self._write_embedded()
        for name, encoding in _COLLECTIONS.items():
            if name in self._numbers:
                self._write_collection(name, encoding)

    def _runs(self, text: str) -> Iterator[_Run]:
        """Split a text where its font changes."""
        held: list[str] = []
        font = _EMBEDDED
        east_asian = _collection_of(text)
        for character in _visual(text):
            if character == " ":
                wanted = font  # names stay whole: a reader without the font finds no run of one character
            elif _is_east_asian(character) and not self._font.has(character):
                wanted = east_asian
            else:
                wanted = _EMBEDDED
            if wanted != font and held:
                yield self._run(font, held)
                held = []
            font = wanted
            held.append(character)
        if held:
            yield self._run(font, held)

    def _run(self, font: str, characters: list[str]) -> _Run:
        if font not in self._numbers:
            self._numbers[font] = self._pdf.reserve()
        if font == _EMBEDDED:
            codes = "".join(f"{self._code(character):04X}" for character in characters)
            return _Run(font, codes, sum(map(self._font.width, characters)))
        self._tell("font-not-embedded", "captions have East Asian characters, for which a reader needs a font")
        self._used.setdefault(font, set()).update(characters)
        widths = sum(map(_east_asian_width, characters))
        return _Run(font, "".join(characters).encode("utf-16-be").hex().upper(), widths)

    def _code(self, character: str) -> int:
        if not self._font.has(character):
            self._tell("font-lacks-characters", "captions have characters that the font lacks: boxes stand for them")
        return self._codes.setdefault(character, len(self._codes) + 1)  # 0 is no character

    def _tell(self, code: str, message: str) -> None:
        if code not in self._told:
            self._told.add(code)
            self._notice(code, message)

    def _write_embedded(self) -> None:
        """Write a font of the glyphs that are used: the code of a character is the number of its glyph."""
        pdf, font, characters = self._pdf, self._font, list(self._codes)
        name = "FILMLS+" + font.name
        data = font.subset(characters)
        file = pdf.add_stream(data, f"/Length1 {len(data)}")
        box = " ".join(str(round(side * 1000)) for side in font.box)
        descriptor = pdf.add(
            f"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [{box}] /ItalicAngle 0"
            f" /Ascent {round(font.ascent * 1000)} /Descent {round(font.descent * 1000)}"
            f" /CapHeight {round(font.cap_height * 1000)} /StemV 80 /FontFile2 {file} 0 R >>"
        )
        widths = " ".join(str(round(font.width(character) * 1000)) for character in characters)
        descendant = pdf.add(
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDToGIDMap /Identity /DW 1000"
            f" /W [1 [{widths}]] /FontDescriptor {descriptor} 0 R"
            " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
        )
        texts = {f"{code:04X}": character for character, code in self._codes.items()}
        unicode_map = pdf.add_stream(_unicode_map(texts))
        pdf.add(
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H"
            f" /DescendantFonts [{descendant} 0 R] /ToUnicode {unicode_map} 0 R >>",
            self._numbers[_EMBEDDED],
        )

    def _write_collection(self, name: str, encoding: str) -> None:
        """Write a font that a reader has: East Asian ones are too large to come along."""
        pdf = self._pdf
        widths = "/W [1 [250] 231 632 500]" if name == "Japan1" else "/W [1 [250]]"  # spaces, half-width forms
        base = {"Japan1": "KozMinPr6N-Regular", "Korea1": "HYSMyeongJoStd-Medium", "GB1": "STSongStd-Light"}[name]
        descriptor = pdf.add(
            f"<< /Type /FontDescriptor /FontName /{base} /Flags 6 /FontBBox [0 -200 1000 900] /ItalicAngle 0"
            " /Ascent 880 /Descent -120 /CapHeight 700 /StemV 80 >>"
        )
        descendant = pdf.add(
            f"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /{base} /DW 1000 {widths}"
            f" /FontDescriptor {descriptor} 0 R"
            f" /CIDSystemInfo << /Registry (Adobe) /Ordering ({name}) /Supplement 2 >> >>"
        )
        texts = {text.encode("utf-16-be").hex().upper(): text for text in sorted(self._used.get(name, ()))}
        unicode_map = pdf.add_stream(_unicode_map(texts))
        pdf.add(
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{base}-{encoding} /Encoding /{encoding}"
            f" /DescendantFonts [{descendant} 0 R] /ToUnicode {unicode_map} 0 R >>",
            self._numbers[name],
        )


def _is_east_asian(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F", "H")


def _east_asian_width(character: str) -> float:
    return {" ": 0.25}.get(character, 0.5 if unicodedata.east_asian_width(character) == "H" else 1.0)


def _collection_of(text: str) -> str:
    """Return the collection of a text: Han alone are of several languages, kana and hangul of one."""
    names = {unicodedata.name(character, "").split(" ")[0] for character in text}
    if "HANGUL" in names:
        return "Korea1"
    return "Japan1" if names & {"HIRAGANA", "KATAKANA", "HALFWIDTH"} else "Japan1" if _is_japanese(text) else "GB1"


def _is_japanese(text: str) -> bool:
    """Whether Japanese character sets have all of a text."""
    try:
        text.encode("euc_jp")
    except UnicodeEncodeError:
        return False
    return True


def _visual(text: str) -> str:
    """Put the characters of a line in the order they are seen from the left: runs of Hebrew are turned.

    A simple form of the Unicode Bidirectional Algorithm, for lines that run from the left.
    """
    kinds = [unicodedata.bidirectional(character) for character in text]
    if not any(kind in _RIGHT_TO_LEFT for kind in kinds):
        return text
    out, start = [], 0
    while start < len(text):
        if kinds[start] not in _RIGHT_TO_LEFT:
            out.append(text[start])
            start += 1
            continue
        # As far as the last letter or number before a letter that runs to the right.
        end = last = start
        while end < len(text) and kinds[end] != "L":
            last = end if kinds[end] in (*_RIGHT_TO_LEFT, "NSM", "EN", "AN") else last
            end += 1
        turned = text[start : last + 1][::-1].translate(_MIRRORED)
        out.append(_NUMBER.sub(lambda number: number[0][::-1], turned))
        start = last + 1
    return "".join(out)


def _unicode_map(texts: dict[str, str]) -> bytes:
    """Return the CMap that tells what text codes are (ISO 32000-1 9.10.3)."""
    lengths = sorted({len(code) for code in texts}) or [4]
    spaces = "".join(f"<{'0' * length}> <{'F' * length}>\n" for length in lengths)
    lines = [f"<{code}> <{text.encode('utf-16-be').hex().upper()}>\n" for code, text in texts.items()]
    blocks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"{len(lengths)} begincodespacerange\n{spaces}endcodespacerange\n"
        + "".join(f"{len(block)} beginbfchar\n{''.join(block)}endbfchar\n" for block in blocks)
        + "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")
