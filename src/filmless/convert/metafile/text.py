"""Text: where each letter lies, what lies behind and under it, and which font has it; [MS-EMF] 2.2.5 EmrText."""

import math
import unicodedata
from dataclasses import dataclass
from itertools import accumulate

from filmless.convert.metafile.canvas_svg import css
from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.fonts import Chosen, advance
from filmless.convert.metafile.mapping import Matrix, inverse, length_scale, moved, multiplied
from filmless.convert.metafile.objects import Font
from filmless.convert.metafile.path import Path
from filmless.convert.metafile.records import Record
from filmless.convert.metafile.regions import AND, Region, combined
from filmless.convert.metafile.symbols import symbol_letters

__all__ = ["Run", "draw_run", "letters_of_bytes"]

OPAQUE, CLIPPED, GLYPH_INDEX, RIGHT_TO_LEFT = 0x2, 0x4, 0x10, 0x80
_UPDATE, _RIGHT, _CENTRE, _BOTTOM, _BASELINE, _RTL_ALIGN = 1, 2, 6, 8, 24, 0x100
_SYMBOL = 2
_DEFAULT_POINTS = 12

# [MS-WMF] 2.1.1.5 CharacterSet
_CODE_PAGES = {
    0: "cp1252", 1: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250", 255: "cp437",
}  # fmt: skip


@dataclass(slots=True)
class Run:
    """One string, where it starts in logical coordinates, and how far each letter moves on, if that is told."""

    text: str
    x: float
    y: float
    advances: list[float] | None = None
    options: int = 0
    box: tuple[float, float, float, float] | None = None
    is_advanced: bool = False


def letters_of_bytes(
    raw: bytes, charset: int, advances: list[float] | None, record: Record
) -> tuple[str, list[float] | None]:
    """Decode text of bytes; letters of two bytes have two advances."""
    if charset == _SYMBOL:
        return "".join(chr(0xF000 + byte) if byte >= 32 else chr(byte) for byte in raw), advances
    page = _CODE_PAGES.get(charset, "cp1252")
    try:
        text = raw.decode(page)
    except UnicodeDecodeError:
        record.refuse("its text is not of its character set")
    if advances is None or len(text) == len(raw):
        return text, advances
    joined, at = [], 0
    for letter in text:
        size = len(letter.encode(page, "replace"))
        joined.append(sum(advances[at : at + size]))
        at += size
    return text, joined


def draw_run(dc: DeviceContext, run: Run, record: Record) -> None:
    """Draw a string.

    Raises
    ------
    ConversionError
        It cannot be drawn as the file has it: no font has its letters, it runs from right to left, …
    """
    if dc.is_recording:
        record.refuse("text as a part of a path is not drawn")
    if run.options & (RIGHT_TO_LEFT) or dc.state.text_align & _RTL_ALIGN or dc.state.is_mirrored:
        record.refuse("text from right to left is not drawn")
    if run.box is not None and run.options & OPAQUE:
        box = dc.box_path(*run.box)
        if box.segments:
            dc.canvas.fill(box, css(dc.state.background_colour), "nonzero", dc.clip)
    if not run.text:
        return
    if run.options & GLYPH_INDEX:
        record.refuse("text of numbers of glyphs, not of letters, is not drawn")
    font = dc.state.font
    chosen = dc.fonts.choose(font.face, font.weight, italic=font.italic)
    if chosen is None:
        record.refuse("there is no font to draw text with")
    _Line(dc, run, record, chosen).draw()


class _Line:
    """A string being laid out: in a system of its own, whose x runs along the baseline in pixels."""

    def __init__(self, dc: DeviceContext, run: Run, record: Record, chosen: Chosen) -> None:
        self.dc, self.run, self.record, self.chosen = dc, run, record, chosen
        self.font = dc.state.font
        self.letters, self.stretch = self._letters(), 1.0
        self.matrix, self.unit = _text_matrix(dc, self.font, run)
        self.size = self._size()
        self.advances = self._advances()

    def draw(self) -> None:
        """Draw what lies behind, the letters, and the lines under and through them."""
        dc, state = self.dc, self.dc.state
        width, ascent, descent = (
            sum(self.advances),
            self.size * self.chosen.face.ascent,
            self.size * self.chosen.face.descent,
        )
        align = state.text_align
        shift = {_RIGHT: -width, _CENTRE: -width / 2}.get(align & _CENTRE, 0.0)
        drop = {_BASELINE: 0.0, _BOTTOM: -descent}.get(align & _BASELINE, ascent)
        place = state.position if align & _UPDATE else (self.run.x, self.run.y)
        x, y = moved(dc.matrix, *place)
        a, b, c, d = self.matrix[:4]
        matrix: Matrix = (a, b, c, d, x + a * shift + c * drop, y + b * shift + d * drop)
        clip = dc.clip
        if self.run.box is not None and self.run.options & CLIPPED:
            clip = combined(
                clip, dc.logical_region(*self.run.box), AND, everything=dc.canvas.everything, charge=dc.canvas.charge
            )
        if state.is_opaque:
            ground = Path.box(0, -ascent, width, descent).mapped(matrix)
            dc.canvas.fill(ground, css(state.background_colour), "nonzero", clip)
        self._write(matrix, clip)
        for wanted, (at, thickness) in (
            (self.font.underline, self.chosen.face.underline),
            (self.font.strikeout, self.chosen.face.strikeout),
        ):
            if wanted:
                top, height = -at * self.size, max(thickness * self.size, 1.0)
                rule = Path.box(0, top, width, top + height).mapped(matrix)
                dc.canvas.fill(rule, css(state.text_colour), "nonzero", clip)
        if align & _UPDATE and align & _CENTRE != _CENTRE:
            self._move_on(-width if align & _CENTRE == _RIGHT else width)

    def _letters(self) -> str:
        """Return the letters as the font numbers them, without those that only control."""
        text = self.run.text
        if self.font.charset == _SYMBOL or any("\uf020" <= letter <= "\uf0ff" for letter in text):
            text = symbol_letters(text, self.font.face, self.chosen, self.record)
        if any(unicodedata.bidirectional(letter) in ("R", "AL", "RLE", "RLO", "RLI") for letter in text):
            self.record.refuse("text from right to left is not drawn")
        return text

    def _size(self) -> float:
        """Return the em in pixels: heights below zero are of the em, above zero of the whole cell."""
        face, height = self.chosen.face, self.font.height
        if height == 0:
            return _DEFAULT_POINTS * self.dc.screen_pixel * 96 / 72
        return abs(height) * self.unit / (1.0 if height < 0 else (face.ascent + face.descent) or 1.0)

    def _advances(self) -> list[float]:
        """Return how far each letter moves on, in pixels; a stretched font moves on by as much more."""
        run, font = self.run, self.font
        natural = font.width and self.chosen.face.average_width * self.size
        if natural and self.chosen.is_asked_for:
            self.stretch = abs(font.width) * _across(self.dc, run, self.unit) / natural
        if run.advances is not None:
            unit = _across(self.dc, run, self.unit)
            return self._ligatures_parted([advance * unit for advance in run.advances])
        extra, breaks = self.dc.state.justification
        unit = _across(self.dc, run, self.unit)
        return [
            advance(self._face(letter).face, letter, font.weight) * self.size * self.stretch
            + self.dc.state.character_extra * unit
            + (extra * unit / breaks if letter == " " and breaks else 0.0)
            for letter in self.letters
        ]

    def _ligatures_parted(self, advances: list[float]) -> list[float]:
        """Give letters that follow an f at no distance their share of it.

        Programs that set fi, ffl and the like as one sign write its width for the f, and nothing for the others, which
        would lie over the next letter.
        """
        letters = self.letters
        start = 0
        while (start := letters.find("f", start)) >= 0:
            end = start + 1
            while end < min(len(letters), len(advances)) and letters[end] in "fijlt" and advances[end] == 0:
                end += 1
            if end > start + 1:
                widths = [advance(self._face(letter).face, letter, self.font.weight) for letter in letters[start:end]]
                share = advances[start] / (sum(widths) or 1.0)
                advances[start:end] = [width * share for width in widths]
            start = end
        return advances

    def _face(self, letter: str) -> Chosen:
        """Return who has a letter: the chosen face, else any."""
        if ord(letter) in self.chosen.coverage or not _is_visible(letter):
            return self.chosen
        other = self.dc.fonts.covering(ord(letter), self.font.weight, italic=self.font.italic)
        if other is None:
            self.record.refuse("it has letters that no installed font has")
        return other

    def _write(self, matrix: Matrix, clip: Region | None) -> None:
        """Write letters of one face after the other, at their places."""
        dc, state = self.dc, self.dc.state
        face = self.chosen.face
        if not self.chosen.is_asked_for:
            asked = "".join(letter for letter in self.font.face if letter.isprintable())[:32]
            dc.notice("font-substituted", f"the font {asked!r} is not installed: {face.family!r} is drawn in its place")
        starts = [0.0, *accumulate(self.advances)]
        groups: dict[Chosen, list[tuple[str, float]]] = {}
        for letter, start in zip(self.letters, starts, strict=False):
            if _is_visible(letter):
                groups.setdefault(self._face(letter), []).append((letter, start / self.stretch))
        stretched = multiplied((self.stretch, 0, 0, 1, 0, 0), matrix)
        for chosen, placed in groups.items():
            dc.canvas.text(
                [letter for letter, _ in placed],
                [x for _, x in placed],
                stretched,
                clip,
                font_family=f"'{chosen.face.family}'",
                font_size=f"{self.size:.3f}",
                font_weight=max(1, min(self.font.weight, 1000)),
                font_style="italic" if self.font.italic else "normal",
                fill=css(state.text_colour),
            )

    def _move_on(self, width: float) -> None:
        """Move the current position behind the string, in logical units along the baseline."""
        a, b = self.matrix[:2]
        back = inverse(self.dc.matrix)
        if back is not None:
            x, y = moved(self.dc.matrix, *self.dc.state.position)
            self.dc.state.position = moved(back, x + a * width, y + b * width)


def _is_visible(letter: str) -> bool:
    """Whether a letter leaves ink or at least should: spaces and controls do not."""
    return not (letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zs"))


def _text_matrix(dc: DeviceContext, font: Font, run: Run) -> tuple[Matrix, float]:
    """Return the direction of the text, without size, and pixels per logical unit of height.

    In the compatible mode letters stand upright whatever the mapping mirrors; in the advanced one they follow it.
    """
    turn = font.escapement
    turned: Matrix = (math.cos(turn), -math.sin(turn), math.sin(turn), math.cos(turn), 0, 0)
    m11, m12, m21, m22, _, _ = dc.matrix
    unit = math.hypot(m21, m22) or length_scale(dc.matrix) or 1.0
    if not run.is_advanced:
        return turned, unit
    return multiplied(turned, (m11 / unit, m12 / unit, m21 / unit, m22 / unit, 0, 0)), unit


def _across(dc: DeviceContext, run: Run, unit: float) -> float:
    """Return pixels per logical unit along the baseline, before the text's own matrix."""
    return unit if run.is_advanced else math.hypot(dc.matrix[0], dc.matrix[1])
