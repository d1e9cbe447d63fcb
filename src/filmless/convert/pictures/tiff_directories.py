"""The directories of TIFF and BigTIFF, walked before any is read: that they come to an end, and lie in the file."""

import struct

from filmless.errors import ConversionError, LimitError

__all__ = ["count_pages"]

_MAX_PAGES = 10_000  # as many as a multi-frame image with page numbers holds
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_NEEDED = range(
    254, 348
)  # tags that say how to read a picture, in a wide sense; readers pass over those they cannot read
_TEXTS = (269, 270, 271, 272, 285, 305, 306, 315, 316, 333, 337)  # but these only describe it


def count_pages(data: bytes) -> int:
    """Return the number of directories in the chain of pages.

    Raises
    ------
    ConversionError
        One, or a value that it needs, lies outside of the file; or the chain runs in a circle.
    LimitError
        There are more than 10,000.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    number, entry, link = (f"{order}Q", 20, f"{order}Q") if big else (f"{order}H", 12, f"{order}I")
    seen: set[int] = set()
    try:
        (offset,) = struct.unpack_from(link, data, 8 if big else 4)
        while offset:
            if offset in seen:
                raise ConversionError("the pages of the TIFF run in a circle", offset=offset)
            if len(seen) == _MAX_PAGES:
                raise LimitError(f"the TIFF has more than {_MAX_PAGES} pages", limit="pages", value=_MAX_PAGES + 1)
            seen.add(offset)
            (entries,) = struct.unpack_from(number, data, offset)
            start = offset + struct.calcsize(number)
            behind = start + entries * entry
            if behind < len(data) and not _values_are_there(data, range(start, behind, entry), order, big=big):
                raise ConversionError("the TIFF is damaged or ends early: a value lies outside of it", offset=offset)
            (offset,) = struct.unpack_from(link, data, behind) if behind < len(data) else (-1,)
            if offset == -1:
                raise ConversionError("the TIFF is damaged or ends early, in a directory")
    except (struct.error, OverflowError) as error:
        raise ConversionError("the TIFF is damaged or ends early, in a directory") from error
    if not seen:
        raise ConversionError("the TIFF has no page")
    return len(seen)


def _values_are_there(data: bytes, entries: range, order: str, *, big: bool) -> bool:
    """Whether the values that a picture needs lie in the file."""
    form, inline = (f"{order}HHQQ", 8) if big else (f"{order}HHII", 4)
    for at in entries:
        tag, kind, count, where = struct.unpack_from(form, data, at)
        size = _SIZES.get(kind, 0) * count
        if tag in _NEEDED and tag not in _TEXTS and size > inline and where + size > len(data):
            return False
    return True
