"""The objects of an array of DICOM JSON, one after the other: a tree of all would take twenty times their size."""

import re
from collections.abc import Iterator
from typing import Final

from filmless.errors import FormatError

__all__ = ["objects_of"]

_DEEPEST: Final = 10_000
_TEXT: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
#: Within an object: runs of what has no depth are passed over at once.
_INNER: Final = re.compile(
    rb'(?:%s[^{}"]*+){1,999}+|(?:\{[^{}"]*+\}[^{}"]*+){1,999}+|[{}"]' % _TEXT,
    re.DOTALL,
)
_FIRST, _NEXT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(\[?)\s*"), re.compile(rb"\s*,\s*")
_LAST, _EMPTY = re.compile(rb"\s*(\]?)\s*"), re.compile(rb"\s*(?:\[\s*\])?\s*")


def objects_of(data: bytes) -> Iterator[bytes]:
    """Give the text of each object of an array, or of the one object that there is.

    Raises
    ------
    FormatError
        It is no such array, not whole, or too deep; what came before was given by then.

    DICOM
    -----
    PS3.18 F.2

    Examples
    --------
    >>> list(objects_of(b'[{"00100020": {"vr": "LO"}}, {}]'))
    [b'{"00100020": {"vr": "LO"}}', b'{}']
    """
    if _EMPTY.fullmatch(data):
        return
    wrong = FormatError("this is no array of DICOM JSON objects, not whole, or too deep")
    first = _FIRST.match(data)
    is_array, place = bool(first and first[1]), first.end() if first else 0
    while True:
        end = _end_of_object(data, place)
        if end < 0:
            raise wrong
        yield data[place:end]
        following = _NEXT.match(data, end) if is_array else None
        if following is None:
            break
        place = following.end()
    last = _LAST.fullmatch(data, end)
    if last is None or bool(last[1]) != is_array:
        raise wrong


def _end_of_object(data: bytes, place: int) -> int:
    """Return where an object that begins at a place ends; -1 when there is none, it does not end, or is too deep."""
    if data[place : place + 1] != b"{":
        return -1
    depth, place = 1, place + 1
    while 0 < depth < _DEEPEST:
        found = _INNER.search(data, place)
        if found is None:
            return -1
        place = found.end()
        if place - found.start() == 1:
            mark = data[found.start()]
            if mark == 0x22:  # a text without an end
                return -1
            depth += 1 if mark == 0x7B else -1
    return -1 if depth else place
