"""The parts of a multipart body, found while it comes: of requests at the server, of responses at the client."""

from typing import Final, NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from filmless.errors import DicomWebError, LimitError

__all__ = ["PartData", "PartEnd", "PartHeaders", "Parts"]

_MAX_PREAMBLE: Final = 64 << 10
_MAX_HEADERS: Final = 32


class PartHeaders(NamedTuple):
    """A part begins."""

    headers: dict[str, str]  # names in lower case


class PartData(NamedTuple):
    """Bytes of a part; a view of what was fed."""

    data: memoryview


class PartEnd(NamedTuple):
    """A part is whole."""


Event = PartHeaders | PartData | PartEnd


class Parts:
    """Finds parts in a body that is fed to it. It does no input and keeps no data of a part.

    Parameters
    ----------
    boundary
        What stands between the parts.
    parts, header_bytes
        How many parts there may be, and how many bytes of headers each may have.

    DICOM
    -----
    PS3.18 8.6.1.2, RFC 2046 5.1
    """

    def __init__(self, boundary: bytes, *, parts: int, header_bytes: int) -> None:
        self._parts, self._header_bytes = parts, header_bytes
        self._delimiter = b"--" + boundary
        self._before: bytearray | None = bytearray()  # until the first boundary is found
        self._events: list[Event] = []
        self._headers: dict[str, str] = {}
        self._name, self._value = bytearray(), bytearray()
        self._size = 0
        self._count = 0
        self._view = memoryview(b"")
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_part_data": self._data,
                "on_part_end": lambda: self._events.append(PartEnd()),
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": lambda: self._events.append(PartHeaders(self._headers)),
                "on_end": self._end,
            },
            max_header_count=_MAX_HEADERS,
            max_header_size=header_bytes,
        )

    def feed(self, data: bytes) -> list[Event]:
        """Take more of the body; return what was found.

        Raises
        ------
        DicomWebError
            400 when it is no multipart body of this boundary.
        LimitError
            There are too many parts or headers.
        """
        if self._before is not None:
            # What was looked through is not again: a peer may send a byte at a time.
            sought = max(0, len(self._before) - len(self._delimiter))
            self._before += data
            start = _first(self._before, self._delimiter, sought)
            if start < 0:
                if len(self._before) > _MAX_PREAMBLE:
                    raise DicomWebError("the boundary does not come in the body", status=400)
                return []
            data = bytes(self._before[start:]) if start or len(self._before) > len(data) else data
            self._before = None
        self._events, self._view = [], memoryview(data)
        try:
            self._parser.write(data)
        except FormParserError as error:
            # The parser names a bound of ours by its message only.
            if "Maximum header" in str(error):
                raise self._too_long() from None
            raise DicomWebError("the multipart body is malformed", status=400) from None
        return self._events

    def finish(self) -> None:
        """Check that the last boundary came.

        Raises
        ------
        DicomWebError
            400 when it did not.
        """
        if not self._ended:
            raise DicomWebError("the multipart body ends before its last boundary", status=400)

    def _begin(self) -> None:
        self._count += 1
        if self._count > self._parts:
            raise LimitError(f"a body of more than {self._parts} parts", limit="parts", value=self._parts)
        self._headers, self._size = {}, 0

    def _data(self, data: bytes, start: int, end: int) -> None:
        # What looked like a boundary at the end of the last piece is given from the parser's own bytes.
        view = self._view if data is self._view.obj else memoryview(data)
        self._events.append(PartData(view[start:end]))

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._grow(self._name, data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._grow(self._value, data[start:end])

    def _grow(self, text: bytearray, more: bytes) -> None:
        self._size += len(more)
        if self._size > self._header_bytes:
            raise self._too_long()
        text += more

    def _header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1").strip()
        self._name, self._value = bytearray(), bytearray()

    def _end(self) -> None:
        self._ended = True

    def _too_long(self) -> LimitError:
        bound = self._header_bytes
        return LimitError(f"headers of a part of more than {bound} bytes", limit="part_header_bytes", value=bound)


def _first(data: bytearray, delimiter: bytes, start: int) -> int:
    """Return where the first boundary is: at the beginning of a line, and no line that only begins like it."""
    while True:
        start = data.find(delimiter, start)
        if start < 0:
            return -1
        after = start + len(delimiter)
        if after >= len(data):
            return -1  # what follows has to be known
        if (start == 0 or data[start - 1] == 0x0A) and data[after] in b"\r\n- \t":
            return start
        start = after
