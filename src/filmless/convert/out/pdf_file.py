"""The framing of a PDF file, written object after object: no page is kept.

Compared: reportlab, fpdf2 (LGPL) and PDFium keep all pages until the last is made, and PDFium takes neither samples
that are deflated already nor an ICC profile. What is needed of the format is little.
"""

from collections.abc import Iterable
from typing import BinaryIO

import imagecodecs

from filmless.errors import ConversionError

__all__ = ["PdfFile"]

_PAGES_PER_NODE = 256
_LEVEL = 6
_MOST_OFFSET = 9_999_999_999  # ten digits


class PdfFile:
    """A PDF that is being written (ISO 32000-1 7.5).

    Parameters
    ----------
    out
        Where it goes.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._at = 0
        self._offsets = [0]
        self._pages: list[int] = []
        self._nodes: list[int] = []
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")  # bytes that show it is no text

    def reserve(self) -> int:
        """Return the number of an object that is to come."""
        self._offsets.append(0)
        return len(self._offsets) - 1

    def add(self, body: str, number: int | None = None) -> int:
        """Write an object, of a number that was reserved or a new one."""
        return self._add(number, [f"{body}\n".encode("ascii")])

    def add_stream(self, data: bytes, entries: str = "", *, is_coded: bool = False, number: int | None = None) -> int:
        """Write a stream; deflated here, unless its entries say how it is coded."""
        if not is_coded:
            data = bytes(imagecodecs.deflate_encode(data, _LEVEL))
            entries = f"{entries} /Filter /FlateDecode"
        head = f"<< {entries} /Length {len(data)} >>\nstream\n".encode("ascii")
        return self._add(number, [head, data, b"\nendstream\n"])

    def add_page(self, width: float, height: float, content: str, resources: str) -> None:
        """Write a page of a size in points."""
        if len(self._pages) % _PAGES_PER_NODE == 0:
            self._nodes.append(self.reserve())
        drawing = self.add_stream(content.encode("ascii"))
        self._pages.append(
            self.add(
                f"<< /Type /Page /Parent {self._nodes[-1]} 0 R /MediaBox [0 0 {width:.2f} {height:.2f}]"
                f" /Contents {drawing} 0 R /Resources << {resources} >> >>"
            )
        )

    def close(self) -> None:
        """Write what leads to the pages. There are no names, programs or times in it."""
        root = self.reserve()
        for index, node in enumerate(self._nodes):
            kids = self._pages[index * _PAGES_PER_NODE : (index + 1) * _PAGES_PER_NODE]
            self.add(f"<< /Type /Pages /Parent {root} 0 R /Count {len(kids)} /Kids [{_references(kids)}] >>", node)
        self.add(f"<< /Type /Pages /Count {len(self._pages)} /Kids [{_references(self._nodes)}] >>", root)
        catalog = self.add(f"<< /Type /Catalog /Pages {root} 0 R >>")
        start = self._at
        table = "".join(f"{offset:010d} 00000 n \n" for offset in self._offsets[1:])
        self._write(f"xref\n0 {len(self._offsets)}\n0000000000 65535 f \n{table}".encode("ascii"))
        trailer = f"trailer\n<< /Size {len(self._offsets)} /Root {catalog} 0 R >>\nstartxref\n{start}\n%%EOF\n"
        self._write(trailer.encode("ascii"))

    def _add(self, number: int | None, pieces: Iterable[bytes]) -> int:
        number = self.reserve() if number is None else number
        if self._at > _MOST_OFFSET:
            raise ConversionError("the PDF has more than 10 GB, which its table cannot tell", hint="`size`, `quality`")
        self._offsets[number] = self._at
        self._write(f"{number} 0 obj\n".encode("ascii"))
        for piece in pieces:
            self._write(piece)
        self._write(b"endobj\n")
        return number

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)


def _references(numbers: Iterable[int]) -> str:
    return " ".join(f"{number} 0 R" for number in numbers)
