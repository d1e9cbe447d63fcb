"""The files that a data set becomes, each of which can be written alone, in a thread of its own.

This is what the command line and `from_dicom` build on::

    for part in outputs(ds, "png", frames="all", window=(40, 400)):
        part.save(folder / f"scan{part.number}{part.suffix}")     # or part.encode() -> bytes
"""

import io
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import index
from os import PathLike, fspath
from typing import Any, BinaryIO, Literal, Unpack

from filmless import _core
from filmless.convert.notice import ConversionNotice
from filmless.convert.out.formats import FORMATS, Format, format_named
from filmless.convert.out.options import DEFAULTS, Job, OutOptions, told_to_nobody
from filmless.convert.out.whole import whole_file
from filmless.dataset import Dataset
from filmless.errors import ConversionError
from filmless.pixels.decoding import Frames
from filmless.pixels.decoding import frames as frames_of

__all__ = ["Part", "options_of", "outputs"]


@dataclass(frozen=True, slots=True)
class Part:
    """A file that a data set, or one of its frames, becomes.

    Attributes
    ----------
    format
        What it is.
    job
        What goes into it.
    suffix
        Of its name, with the dot: ``".png"``.
    frame
        The frame it is, when it is one of several parts; None when it is all there is.
    number
        To put before the suffix: ``".007"``, of as many digits as the last frame needs, three at least; empty when
        it is all there is.
    """

    format: Format
    job: Job
    suffix: str
    frame: int | None = None
    number: str = ""

    def encode(self) -> bytes:
        """Return the file."""
        stream = io.BytesIO()
        self.format.write(self.job, stream)
        return stream.getvalue()

    def save(self, path: str | PathLike[str]) -> None:
        """Write the file, whole or not at all; of many frames, holding a few at a time."""
        if self.format.per_frame:
            _core.write_bytes(fspath(path), self.encode())
            return
        with whole_file(path) as file:
            self.format.write(self.job, file)

    def write(self, stream: BinaryIO) -> None:
        """Write the file to a stream when it is complete, so that nothing stands there when it fails."""
        if self.format.per_frame:
            stream.write(self.encode())
            return
        # Writers go back in what they write, and fail in the middle. Tifffile wants a name.
        with tempfile.NamedTemporaryFile() as file:
            self.format.write(self.job, file)  # type: ignore[arg-type]
            file.seek(0)
            shutil.copyfileobj(file, stream)


def outputs(
    ds: Dataset | Sequence[Dataset],
    format: str | Format,  # noqa: A002 - the word everybody looks for
    *,
    frame: int | None = None,
    frames: Iterable[int] | Literal["all"] | None = None,
    notices: Callable[[ConversionNotice], None] | None = None,
    **options: Unpack[OutOptions],
) -> list[Part]:
    """Tell what files a data set becomes, without making them.

    Parameters
    ----------
    ds
        The data set; several for a format that takes many.
    format
        A name or row of `FORMATS`.
    frame
        One frame, from 0.
    frames
        Frames, or ``"all"``. By default a format of one frame a file takes the first, with the notice
        ``first-frame`` when there are more, and one of all frames all.
    notices
        Is called with what is odd, from the thread that encodes.
    **options
        Of the format.

    Returns
    -------
    list of Part
        One for each frame of a format of one frame a file, else one. They can be encoded in any order, in threads.

    Raises
    ------
    ConversionError
        There is no such format, or it does not take one of the options.
    PixelError
        There are no pixels, or no such frame.
    """
    datasets = [ds] if isinstance(ds, Dataset) else list(ds)
    row = _row(format if isinstance(format, Format) else format_named(format), datasets)
    given = options_of(row, options)
    if not datasets or (len(datasets) > 1 and not row.takes_many):
        raise ConversionError(f"{row.name} is of one data set, got {len(datasets)}")
    first = datasets[0]
    everything = frame is None and (frames is None or isinstance(frames, str))

    notice = told_to_nobody if notices is None else partial(_told, notices)

    if not row.has_frames:
        if not everything:
            raise ConversionError(f"{row.name} is of the whole data set: no frames can be chosen")
        return [Part(row, Job(first, (), given, notice), row.suffix(first))]
    if len(datasets) > 1 and not everything:
        raise ConversionError("frames can be chosen of one data set alone")
    source = frames_of(first, as_rgb=False)
    if row.kind == "extraction" and source.is_stream:
        return [Part(row, Job(first, (0,), given, notice, opened=source), row.suffix(first))]
    wanted = _wanted(row, source, frame, frames, notice)
    is_one = frame is not None or (everything and len(source) == 1)
    if not row.per_frame:
        return [Part(row, Job(first, wanted, given, notice, is_one, datasets[1:], source), row.suffix(first))]
    suffix = row.suffix(first, wanted[0])
    jobs = [Job(first, (one,), given, notice, is_one=True, opened=source) for one in wanted]
    if len(jobs) == 1:
        return [Part(row, jobs[0], suffix)]
    digits = max(3, len(str(len(source) - 1)))
    return [Part(row, job, suffix, one, f".{one:0{digits}}") for one, job in zip(wanted, jobs, strict=True)]


def _told(notices: Callable[[ConversionNotice], object], code: str, message: str) -> None:
    notices(ConversionNotice(code, message))


def _row(row: Format, datasets: Sequence[Dataset]) -> Format:
    """Return the format that is meant: a PDF that is encapsulated is one already."""
    if row.name != "pdf" or len(datasets) != 1 or "EncapsulatedDocument" not in datasets[0]:
        return row
    document = format_named("document")
    suffix = document.suffix(datasets[0])
    if suffix != row.suffixes[0]:
        raise ConversionError(f"the document is a {suffix}, which is not made a PDF", hint="the format `document`")
    return document


def _wanted(
    row: Format,
    source: Frames,
    frame: int | None,
    frames: Iterable[int] | Literal["all"] | None,
    notice: Callable[[str, str], None],
) -> Sequence[int]:
    """Return the frames that are asked for; raise when one is not there, before anything is made of the others."""
    if frame is not None and frames is not None:
        raise TypeError("give `frame` or `frames`, not both")
    if frame is not None:
        wanted: Sequence[int] = (index(frame),)
    elif frames is None and row.per_frame:
        wanted = (0,)
        if len(source) > 1:
            notice("first-frame", f"the first of {len(source)} frames")
    elif frames is None or isinstance(frames, str):
        if frames not in (None, "all"):
            raise ConversionError(f"frames {frames!r} are none, expected numbers from 0 or 'all'")
        wanted = range(len(source))
    else:
        wanted = frames if isinstance(frames, range) else tuple(map(index, frames))
    if not wanted:
        raise ConversionError("no frame is asked for")
    first, last = min(wanted), max(wanted)
    source.check(first)
    source.check(last)
    source.require(first, last)
    return wanted


def options_of(row: Format, options: Mapping[str, Any]) -> OutOptions:
    """Return the options that say something.

    Raises
    ------
    TypeError
        There is no such option.
    ConversionError
        The format does not take it.
    """
    given: dict[str, Any] = {}
    for name, value in options.items():
        if name not in OutOptions.__annotations__:
            raise TypeError(f"`{name}` is no option of a conversion")
        if value is None or (name in DEFAULTS and value is DEFAULTS[name]):
            continue
        if name not in row.options:
            taken = ", ".join(sorted(row.options)) or "none"
            others = ", ".join(other.name for other in FORMATS if name in other.options)
            message = f"`{name}` is no option of {row.name}, expected {taken}"
            raise ConversionError(message, hint=f"it is one of {others}")
        given[name] = value
    return given  # type: ignore[return-value]
