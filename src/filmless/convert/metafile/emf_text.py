"""EMF records of text; [MS-EMF] 2.3.5.5 to 2.3.5.8, 2.3.5.32 to 2.3.5.34, 2.2.5 EmrText."""

from collections.abc import Callable
from functools import partial

from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.records import Record
from filmless.convert.metafile.text import Run, draw_run, letters_of_bytes

__all__ = ["TEXTS"]

_NO_BOX, _SMALL, _PAIRS = 0x100, 0x200, 0x2000
_ADVANCED = 2


def _run(dc: DeviceContext, record: Record, at: int, *, wide: bool, is_advanced: bool) -> Run:
    """Read an EmrText."""
    x, y, count, string_at, options, left, top, right, bottom, advances_at = record.numbers("iiIIIiiiiI", at)
    raw = bytes(record.part(string_at, count * (2 if wide else 1))) if count else b""
    dc.canvas.charge(count)
    advances = None
    if advances_at and count and options & _PAIRS == 0:
        # What shows the sign of a letter that goes back is read as such.
        advances = [float(number) for number in record.integers(advances_at, count).view("<i4").tolist()]
    elif count and options & _PAIRS:
        pairs = record.integers(advances_at, 2 * count).view("<i4").reshape(count, 2)
        if pairs[:, 1].any():
            record.refuse("text whose letters stand at different heights is not drawn")
        advances = [float(number) for number in pairs[:, 0].tolist()]
    if wide:
        text, advances = _letters_of_words(raw, advances, record)
    else:
        text, advances = letters_of_bytes(raw, dc.state.font.charset, advances, record)
    box = None if options & _NO_BOX else (left, top, right, bottom)
    return Run(text, x, y, advances, options, box, is_advanced)


def _letters_of_words(raw: bytes, advances: list[float] | None, record: Record) -> tuple[str, list[float] | None]:
    """Decode UTF-16; letters of two words have two advances."""
    try:
        text = raw.decode("utf-16-le")
    except UnicodeDecodeError:
        record.refuse("its text is no UTF-16")
    if advances is None or len(text) == len(raw) // 2:
        return text, advances
    joined, at = [], 0
    for letter in text:
        size = 2 if ord(letter) > 0xFFFF else 1
        joined.append(sum(advances[at : at + size]))
        at += size
    return text, joined


def _text_out(dc: DeviceContext, record: Record, *, wide: bool) -> None:
    (mode,) = record.numbers("I", 24)
    draw_run(dc, _run(dc, record, 36, wide=wide, is_advanced=mode == _ADVANCED), record)


def _poly_text_out(dc: DeviceContext, record: Record, *, wide: bool) -> None:
    mode, _, _, count = record.numbers("IffI", 24)
    record.part(40, 40 * count)
    for number in range(count):
        draw_run(dc, _run(dc, record, 40 + 40 * number, wide=wide, is_advanced=mode == _ADVANCED), record)


def _small_text_out(dc: DeviceContext, record: Record) -> None:
    x, y, count, options, mode = record.numbers("iiIII", 8)
    at = 36 if options & _NO_BOX else 52
    box = None if options & _NO_BOX else record.numbers("iiii", 36)
    dc.canvas.charge(count)
    if options & _SMALL:
        text = bytes(record.part(at, count)).decode("latin-1")
    else:
        text = bytes(record.part(at, 2 * count)).decode("utf-16-le", "replace")
    draw_run(dc, Run(text, x, y, None, options, box, mode == _ADVANCED), record)


TEXTS: dict[int, tuple[str, Callable[[DeviceContext, Record], None] | None]] = {
    83: ("EXTTEXTOUTA", partial(_text_out, wide=False)),
    84: ("EXTTEXTOUTW", partial(_text_out, wide=True)),
    96: ("POLYTEXTOUTA", partial(_poly_text_out, wide=False)),
    97: ("POLYTEXTOUTW", partial(_poly_text_out, wide=True)),
    108: ("SMALLTEXTOUT", _small_text_out),
}
"""Number → name and handler."""
