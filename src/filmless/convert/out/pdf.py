"""PDF for people: an image a page or a contact sheet, with captions that say whose and what they are."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmless.convert.out.options import Job
from filmless.convert.out.pdf_captions import Caption, Captions
from filmless.convert.out.pdf_file import PdfFile
from filmless.convert.out.pdf_layout import Layout, Place, layouts
from filmless.convert.out.pdf_text import Fonts
from filmless.convert.out.png import LEVEL, deflated_rows
from filmless.convert.out.source import PictureSource, checked_number
from filmless.convert.out.true_type import TrueType
from filmless.dataset import Dataset
from filmless.errors import ConversionError
from filmless.pixels.description import described
from filmless.pixels.parallel import in_turn, threads_for
from filmless.pixels.scaling import pixel_height, scaled

__all__ = ["write"]

#: Width and height in points.
_PAPERS = {"a4": (595.276, 841.89), "letter": (612.0, 792.0)}
_MOST_CELLS = 50  # of a sheet, each way
_SHEET_DPI = 300.0
_OF_THE_PATIENT = "Patient"
_MOST_JPEG = 0xFFDC
_WITHOUT_PIXEL_SHAPE = ("size", "presentation_state")  # what is rendered with them has square pixels


class _Picture(NamedTuple):
    """A picture as it goes into the file."""

    data: bytes
    entries: str
    profile: bytes | None
    rows: int
    columns: int
    is_grey: bool
    proportion: float  # width by height on paper
    captions: tuple[Caption, ...]


@dataclass(frozen=True, slots=True)
class _Request:
    """The options of a PDF, checked."""

    captions: Captions
    layout: Layout
    box: tuple[int, int] | None
    quality: int | None

    @classmethod
    def of(cls, job: Job) -> "_Request":
        paper, sheet = job.options.get("paper", "a4"), job.options.get("sheet")
        size = _PAPERS.get(str(paper).lower())
        if size is None:
            raise ConversionError(f"paper {str(paper)[:20]!r} is not known, expected {' or '.join(_PAPERS)}")
        columns, rows = _checked_sheet(sheet)
        captions = Captions(job.options.get("captions"))
        layout = Layout(size, columns, rows, has_captions=bool(captions.keywords))
        quality = checked_number(job, "quality", 0, range(1, 101), "JPEG") if "quality" in job.options else None
        return cls(captions, layout, None if sheet is None else layout.pixels(_SHEET_DPI), quality)


def _checked_sheet(sheet: Any) -> tuple[int, int]:
    """Return columns and rows of a page."""
    if sheet is None:
        return 1, 1
    numbers = tuple(sheet) if isinstance(sheet, Iterable) and not isinstance(sheet, str | bytes) else ()
    are_whole = len(numbers) == 2 and all(isinstance(one, int) and not isinstance(one, bool) for one in numbers)
    if not are_whole or not all(1 <= one <= _MOST_CELLS for one in numbers):
        raise ConversionError(f"a sheet has columns and rows, each of 1 to {_MOST_CELLS}")
    return numbers[0], numbers[1]


def write(job: Job, out: BinaryIO) -> None:
    """Write a PDF, page after page: memory is that of a few frames.

    ``captions`` are keywords whose values stand above; those that the pictures of a page do not share stand under each.
    By default they say whose picture it is, and which; ``()`` writes none, and then nothing of the header is in the
    file. ``sheet=(columns, rows)`` puts so many pictures on a page, ``paper`` is ``"a4"`` or ``"letter"``, ``font``
    the path of a TrueType font in place of Arimo. Pictures are as they are rendered, lossless; with ``quality`` JPEG.
    The same data sets give the same bytes: there is no time, name or number in the file but those of the captions.

    DICOM
    -----
    PS3.18 8.7.3 (the media type application/pdf)
    """
    request = _Request.of(job)
    pdf = PdfFile(out)
    fonts = Fonts(pdf, _font(job), job.notice) if request.captions.keywords else None
    jobs = [job, *(Job(ds, range(described(ds)[0].frames), job.options, job.notice) for ds in job.more)]
    total = sum(len(one.frames) for one in jobs)
    profiles: dict[bytes, int] = {}
    placed: list[tuple[int, _Picture]] = []
    per_page, page = request.layout.cells, 0
    pages = math.ceil(total / per_page)
    for count, picture in enumerate(_pictures(jobs, request), 1):
        placed.append((_add_image(pdf, picture, profiles), picture._replace(data=b"")))
        if len(placed) == per_page or count == total:
            page += 1
            _add_page(pdf, fonts, request, placed, f"{page} / {pages}" if pages > 1 else "")
            placed = []
    if fonts is not None:
        fonts.write()
    pdf.close()


def _font(job: Job) -> TrueType:
    given = job.options.get("font")
    if given is not None:
        return TrueType(Path(given).read_bytes())
    import fontpkg_arimo  # type: ignore[import-untyped]

    return TrueType((fontpkg_arimo.ROOT / "files" / "Arimo[wght].ttf").read_bytes())


def _pictures(jobs: list[Job], request: _Request) -> Iterator[_Picture]:
    """Render and encode all frames in their order, a few at a time."""
    if len(jobs) > 1 and all(len(one.frames) == 1 for one in jobs):
        bytes_of_all = described(jobs[0].ds)[0].decoded_bytes * len(jobs)
        threads = threads_for(bytes_of_all, jobs[0].options.get("threads"))
        yield from in_turn(
            lambda index: _picture(PictureSource(jobs[index]), jobs[index].frames[0], request),
            range(len(jobs)),
            threads,
        )
        return
    for one in jobs:
        source = PictureSource(one)
        yield from source.each(lambda frame, source=source: _picture(source, frame, request))  # type: ignore[misc]


def _picture(source: PictureSource, frame: int, request: _Request) -> _Picture:
    job = source.job
    pixels = source.picture(frame)
    profile = source.profile(pixels)
    is_square = any(name in job.options for name in _WITHOUT_PIXEL_SHAPE)
    if request.box is not None and (pixels.shape[0] > request.box[0] or pixels.shape[1] > request.box[1]):
        pixels = _smaller(pixels, None if is_square else job.ds, request.box)
        is_square = True
    rows, columns = pixels.shape[:2]
    proportion = columns / (rows * (1.0 if is_square else pixel_height(job.ds)))
    data, entries = _encoded(pixels, request.quality)
    captions = request.captions.of(job.ds, frame, source.description.frames)
    return _Picture(data, entries, profile, rows, columns, pixels.ndim == 2, proportion, captions)


def _smaller(pixels: NDArray[np.uint8], ds: Dataset | None, box: tuple[int, int]) -> NDArray[np.uint8]:
    """Make a picture no finer than a sheet shows it."""
    return scaled(pixels, Dataset() if ds is None else ds, box)


def _encoded(pixels: NDArray[np.uint8], quality: int | None) -> tuple[bytes, str]:
    """Return a stream, and the entries that say how it is coded."""
    colours, columns = 1 if pixels.ndim == 2 else 3, pixels.shape[1]
    if quality is None or max(pixels.shape[:2]) > _MOST_JPEG:
        # Rows filtered as in a PNG are half as long.
        parameters = f"/Predictor 15 /Colors {colours} /BitsPerComponent 8 /Columns {columns}"
        return deflated_rows(pixels, LEVEL), f"/Filter /FlateDecode /DecodeParms << {parameters} >>"
    from io import BytesIO

    from PIL import Image

    stream = BytesIO()
    more = {} if colours == 1 else {"subsampling": 0}
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality, **more)
    return stream.getvalue(), "/Filter /DCTDecode"


def _add_image(pdf: PdfFile, picture: _Picture, profiles: dict[bytes, int]) -> int:
    """Write a picture; its ICC profile once for all that have it."""
    space = "/DeviceGray" if picture.is_grey else "/DeviceRGB"
    if picture.profile is not None:
        if picture.profile not in profiles:
            profiles[picture.profile] = pdf.add_stream(picture.profile, f"/N 3 /Alternate {space}")
        space = f"[/ICCBased {profiles[picture.profile]} 0 R]"
    return pdf.add_stream(
        picture.data,
        f"/Type /XObject /Subtype /Image /Width {picture.columns} /Height {picture.rows} /ColorSpace {space}"
        f" /BitsPerComponent 8 /Interpolate true {picture.entries}",
        is_coded=True,
    )


def _shared(captions: list[tuple[Caption, ...]]) -> set[Caption]:
    """Return what is the same for all pictures; of the patient nothing, unless there is but one."""
    shared = set(captions[0]).intersection(*captions)
    others = {caption.keyword for one in captions for caption in one if caption not in shared}
    if any(keyword.startswith(_OF_THE_PATIENT) for keyword in others):
        shared = {caption for caption in shared if not caption.keyword.startswith(_OF_THE_PATIENT)}
    return shared


def _add_page(
    pdf: PdfFile, fonts: Fonts | None, request: _Request, placed: list[tuple[int, _Picture]], number: str
) -> None:
    """Write a page of pictures; what their captions share stands above."""
    shared = _shared([picture.captions for _, picture in placed])
    heading = [caption for caption in placed[0][1].captions if caption in shared]
    has_own = any(len(picture.captions) > len(heading) for _, picture in placed)
    page = max(
        layouts(request.layout, fonts, heading, has_own=has_own),
        key=lambda one: one.scale(placed[0][1].proportion),
    )
    content = [page.heading]
    names = []
    for index, (image, picture) in enumerate(placed):
        place: Place = page.place(index, picture.proportion)
        content.append(f"q {place.width:.2f} 0 0 {place.height:.2f} {place.x:.2f} {place.y:.2f} cm /I{image} Do Q\n")
        names.append(f"/I{image} {image} 0 R")
        own = [caption for caption in picture.captions if caption not in shared]
        if fonts is not None and own:
            content.append(page.caption(fonts, index, place, own))
    if fonts is not None and number:
        content.append(page.number(fonts, number))
    resources = f"/XObject << {' '.join(names)} >>" + (f" {fonts.resources}" if fonts is not None else "")
    pdf.add_page(page.width, page.height, "".join(content), resources)
