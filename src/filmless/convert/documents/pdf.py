"""PDF: encapsulated whole, or its pages as images, drawn by PDFium."""

import logging
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import Content, Document, Picture, Resolution, check_numbers, check_size
from filmless.convert.documents.drawing import drawn_pages
from filmless.convert.options import ReadOptions, as_colours
from filmless.errors import ConversionError, LimitError

__all__ = ["PDFIUM", "draw_page", "page_sizes", "read"]

PDFIUM = Lock()
"""Held around every use of PDFium in this process: it knows no threads. Pages are drawn in processes of their own."""

# It logs what we raise; without any handler Python would print it as well.
logging.getLogger("pypdfium2").addHandler(logging.NullHandler())

_POINTS_PER_INCH = 72.0
_MOST_PIXELS = 64 << 20
_MAX_TITLE = 1024  # Document Title is ST
_ENCRYPTED = "the PDF is encrypted: it opens with a password only"


def read(data: bytes, options: ReadOptions) -> Iterable[Content]:
    """Read a PDF: as one document, or its pages as images when ``options.as_images``.

    Pages of one size are one multi-frame picture, grey when every pixel of all of them is; else, and with
    ``options.apart``, each is a picture.

    Raises
    ------
    ConversionError
        It is damaged, ends early, has no page, or opens with a password only.
    LimitError
        Its pages have more pixels than ``options.max_pixels``.

    DICOM
    -----
    PS3.3 A.45.1, C.24
    """
    _check_end(data)
    if options.as_images:
        return _pictures(data, options)
    with _opened(data) as pdf:
        _page_sizes(pdf)
        title = _title(pdf)
    if title:
        options.notice("document-title", "the title of the PDF becomes Document Title: it may name somebody")
    return [
        Document(kind="PDF", data=data, mime_type="application/pdf", facts={"DocumentTitle": title} if title else {})
    ]


def page_sizes(data: bytes) -> list[tuple[float, float]]:
    """Return width and height of each page of a PDF, in points: 1/72 inch.

    Raises
    ------
    ConversionError
        It is damaged, has no page, or opens with a password only.
    """
    with _opened(data) as pdf:
        return _page_sizes(pdf)


def draw_page(data: bytes, number: int, *, columns: int, max_pixels: int = _MOST_PIXELS) -> NDArray[np.uint8]:
    """Draw one page of a PDF on white paper.

    Parameters
    ----------
    data
        The file.
    number
        Which page, from 0.
    columns
        How many pixels wide.
    max_pixels
        How many it may have in all.

    Returns
    -------
    NDArray
        Shape (rows, columns), or (rows, columns, 3) when a pixel is not grey; uint8.

    Raises
    ------
    ConversionError
        The PDF, or the page, is damaged.
    LimitError
        The page would have more pixels.
    ValueError
        There is no such page.
    """
    sizes = page_sizes(data)
    if not 0 <= number < len(sizes):
        raise ValueError(f"the PDF has {len(sizes)} pages")
    width, height = sizes[number]
    rows = max(1, round(columns * height / width))
    check_size(columns, rows, max_pixels)
    pages = drawn_pages(data, [(columns, rows)], (255, 255, 255), first=number)
    with closing(pages):
        return next(pages)


def _check_end(data: bytes) -> None:
    """Refuse a file that was cut off: PDFium would repair it, and show what is left as if it were all."""
    end = data.rfind(b"startxref")
    linearized = re.search(rb"/Linearized\b[^>]{0,200}/L\s+(\d{1,15})\b", data[:1024])
    is_cut = re.match(rb"startxref\s+\d", data[max(end, 0) :]) is None
    is_cut |= re.search(rb"\d\s+obj\b", data[max(end, 0) :]) is not None  # an update that was begun
    if is_cut or (linearized is not None and len(data) < int(linearized[1])):
        raise ConversionError(f"the PDF of {len(data)} bytes ends early, expected startxref after its last object")


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    """Open a document, alone with PDFium."""
    from pypdfium2 import PdfDocument, PdfiumError, raw  # type: ignore[import-untyped]

    with PDFIUM:
        try:
            pdf = PdfDocument(data)
        except PdfiumError as error:
            if error.err_code == raw.FPDF_ERR_PASSWORD:
                raise ConversionError(_ENCRYPTED, hint="save it without a password first") from None
            if error.err_code == raw.FPDF_ERR_SECURITY:
                raise ConversionError(f"{_ENCRYPTED} of an unknown kind") from None
            raise ConversionError("the PDF is damaged: PDFium cannot open it") from error
        try:
            yield pdf
        except PdfiumError as error:
            raise ConversionError("the PDF is damaged: PDFium cannot read it") from error
        finally:
            pdf.close()


def _page_sizes(pdf: Any) -> list[tuple[float, float]]:
    """Return width and height of all pages in points."""
    from pypdfium2 import PdfiumError

    sizes = []
    for number in range(len(pdf)):
        try:
            width, height = pdf.get_page_size(number)
        except PdfiumError as error:
            raise ConversionError("the PDF is damaged: a page cannot be read", frame=number) from error
        if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
            raise ConversionError("the PDF is damaged: a page has no size", frame=number)
        sizes.append((width, height))
    if not sizes:
        raise ConversionError("the PDF has no pages")
    return sizes


def _title(pdf: Any) -> str:
    """Return the title as Document Title can hold it; no other information is taken: it names people."""
    title = "".join(part if part.isprintable() else " " for part in pdf.get_metadata_value("Title"))
    return " ".join(title.split())[:_MAX_TITLE].strip()


@dataclass(frozen=True, slots=True)
class _Paper:
    """The pixels of a page."""

    columns: int
    rows: int
    dpi: float

    @classmethod
    def of(cls, width: float, height: float, options: ReadOptions) -> "_Paper":
        longer = max(width, height)
        dpi = options.dpi if options.size is None else options.size * _POINTS_PER_INCH / longer
        # A hair less, so that what should be whole does not become one more.
        columns, rows = (math.ceil(side * dpi / _POINTS_PER_INCH - 1e-3) for side in (width, height))
        return cls(max(1, columns), max(1, rows), dpi)


def _pictures(data: bytes, options: ReadOptions) -> Iterator[Picture]:
    from pypdfium2 import raw

    with _opened(data) as pdf:
        if pdf.get_formtype() == raw.FORMTYPE_XFA_FULL:  # its pages ask for another program
            raise ConversionError("the PDF is an XFA form, which is not drawn", hint="print it to a PDF first")
        sizes = _page_sizes(pdf)
    papers = [_Paper.of(*size, options) for size in sizes]
    together = not options.apart and len(set(papers)) == 1
    frames = len(papers) if together else 1
    for paper in papers[:1] if together else papers:
        _check_paper(paper, frames, options)
    check_numbers(frames, (), options)
    pages = drawn_pages(data, [(paper.columns, paper.rows) for paper in papers], as_colours(options.background))
    with closing(pages):
        if together:
            yield _picture(pages, frames, papers[0])
            return
        for paper in papers:
            yield _picture(pages, 1, paper)


def _check_paper(paper: _Paper, frames: int, options: ReadOptions) -> None:
    try:
        check_size(paper.columns, paper.rows, options.max_pixels, frames=frames)
    except (ConversionError, LimitError) as error:
        error.hint = "a smaller `dpi` or `size`" + ("; `apart` makes each page an object" if frames > 1 else "")
        raise


def _picture(pages: Iterator[NDArray[np.uint8]], count: int, paper: _Paper) -> Picture:
    """Take pages into one array, which has colours from the first page on that has some."""
    frames: NDArray[np.uint8] = np.empty((count, paper.rows, paper.columns), np.uint8)
    for at, drawn in enumerate(islice(pages, count)):
        if frames.ndim == 3 and drawn.ndim == 3:
            before, frames = frames, np.empty((*frames.shape, 3), np.uint8)
            frames[:at] = before[:at, ..., np.newaxis]
        frames[at] = drawn if frames.ndim == drawn.ndim + 1 else drawn[..., np.newaxis]
    return Picture.of_frames(frames, resolution=Resolution(paper.dpi, paper.dpi))
