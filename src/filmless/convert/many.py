"""Many sources, in either direction."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from numbers import Integral
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from filmless.convert.archives import ZipLimits
from filmless.convert.conversion import Conversion
from filmless.convert.destinations import Folder, Layout, OneFile
from filmless.convert.finishing import check_finish
from filmless.convert.header import HeaderRules
from filmless.convert.journal import Journal
from filmless.convert.options import Background, ReadOptions
from filmless.convert.pieces import Direction, Inward, Outward
from filmless.convert.run import Run
from filmless.convert.sources import Item, Sources, each, items
from filmless.errors import ConversionError

__all__ = ["convert_many"]

_LAYOUTS = ("mirror", "uid", "study")


def convert_many(
    sources: Sources,
    output: str | PathLike[str] | Folder | OneFile | None = None,
    *,
    to: str | None = None,
    background: Background = 255,
    strip_metadata: bool = False,
    verify: bool = False,
    max_pixels: int = 1 << 28,
    apart: bool = False,
    as_images: bool = False,
    dpi: float = 200.0,
    size: int | None = None,
    transfer_syntax: str | None = None,
    quality: float | None = None,
    layout: Layout = "mirror",
    copy_dicom: bool = False,
    force: bool = False,
    resume: bool = False,
    threads: int | None = None,
    max_members: int = 100_000,
    max_member_bytes: int = 1 << 30,
    max_zip_bytes: int = 1 << 36,
    **options: Any,
) -> Generator[Conversion, None, None]:
    """Convert any number of pictures, videos and documents to DICOM, or of DICOM files to something else.

    Parameters
    ----------
    sources
        A path, folder, ZIP file, stream, bytes, PIL image or numpy array, or an iterable of such, which is gone through
        once and a few ahead: ten thousand are not held together. Folders and ZIP files are in natural order.
    output
        A folder, which is made. None to get the data sets.
    to
        The format to write, as of `from_dicom`; None for DICOM.
    background, strip_metadata, verify, max_pixels
        To DICOM: as of `to_dicom`.
    apart
        To DICOM: make each page or frame an object of its own.
    as_images
        To DICOM: make the pages of a document images, in place of encapsulating it.
    dpi, size
        To DICOM: pixels per inch, or of the longer side, of what has none of its own. With ``to``, ``size`` is that of
        the picture.
    transfer_syntax, quality
        To DICOM: what to compress with. With ``to``, ``quality`` is that of the format.
    layout
        Names of DICOM files: ``"mirror"`` those of the sources, ``"uid"`` the SOP Instance UID, ``"study"`` that in
        folders for study and series.
    copy_dicom
        To DICOM: copy DICOM files among the sources. Without, they are passed over.
    force
        Write over files in ``output`` that are no sources. Without, their names are taken: ``scan-2.dcm``.
    resume
        Go on with what was done of the run that ``output`` has a journal of, and keep the journal.
    threads
        How many sources are worked on at a time; by default as many as there are processors.
    max_members, max_member_bytes, max_zip_bytes
        Of a ZIP file: the most members, the bytes of the largest, and of all together, unpacked.
    **options
        To DICOM: parameters of `HeaderRules` (``study="folder"``, ``table="patients.csv"``) and header values by
        keyword. With ``to``: options as of `from_dicom`.

    Yields
    ------
    Conversion
        What became of each source, in their order; one for each object or file of it. One that fails does not stop
        the rest. Models that name other files (OBJ, MTL) come last, with references to what these became.

    Raises
    ------
    ConversionError
        An option or header value is wrong, or the run to resume had other options.
    ValueError
        An argument is wrong; ``force``, when sources can be gone through once only.
    OSError
        The output cannot be made.

    Notes
    -----
    What is wrong with the arguments is raised at once, before a source is read; what is wrong with a source is told in
    its `Conversion`. Each file is written whole or not at all. To stop early, close the iterator.

    Several parts of a source have a number in their name: ``scan.001.dcm``. Instance Numbers go up in the order of
    sources; one that fails leaves a gap, one that is passed over does not.

    A journal is in the output folder while a run is at work, and stays when that is interrupted or a source fails.
    With ``resume`` what it names as converted is passed over, when source and result are still there and the source has
    not changed; what was begun is converted again under the same names and numbers. One run at a time works in a
    folder.

    When there is no room left for a file, that is the last that is told, and the run ends.

    DICOM
    -----
    PS3.3 A.8, C.7.2.1, C.7.3.1, C.7.6.1

    Examples
    --------
    >>> for conversion in convert_many(["retina.jpg", "slice.dcm"], "out", PatientID="42"):
    ...     print(conversion.source, conversion.status, conversion.reason)
    retina.jpg converted None
    slice.dcm skipped already DICOM
    """
    if layout not in _LAYOUTS:
        raise ValueError(f"`layout` is none of {', '.join(_LAYOUTS)}")
    if threads is not None and threads < 1:
        raise ValueError(f"`threads` is {threads}, expected 1 or more")
    if "notices" in options:
        raise TypeError("`notices` are in each `Conversion` here, and are no argument")
    if output is not None and not isinstance(output, str | PathLike | Folder | OneFile):
        raise TypeError(f"`output` is a {type(output).__name__}, expected the path of a folder")
    asked: dict[str, Any]
    direction: Direction
    if to is None:
        check_finish(transfer_syntax, quality)
        rules = HeaderRules.of(options)
        reading = ReadOptions(
            background=background,
            strip_metadata=strip_metadata,
            verify=verify,
            max_pixels=max_pixels,
            apart=apart,
            as_images=as_images,
            dpi=dpi,
            size=size,
            exif=rules.exif,
            timed=rules.may_give_time,
        )
        finish: dict[str, Any] = {
            "transfer_syntax": transfer_syntax,
            "quality": quality,
            "layout": layout,
            "copy_dicom": copy_dicom,
        }
        asked = {"reading": replace(reading, notices=[]), "options": options, **finish}
        direction = Inward(rules=rules, options=reading, **finish)
    else:
        asked = {"to": to, "options": options, "size": size, "quality": quality}
        direction = _outward(to, output, {**options, "size": size, "quality": quality})
    if force and isinstance(each(sources), Iterator):
        raise ValueError("`force` needs sources that can be gone through twice, as in a list: none is written over")
    names, journal = _destination(sources, output, asked, force=force, resume=resume)
    if journal is not None and isinstance(direction, Inward):
        direction = replace(direction, rules=_of_run(direction.rules, journal))
    run = Run(
        direction=direction,
        names=names,
        journal=journal,
        keep_journal=resume,
        with_content=resume,
        threads=threads,
    )
    leave_out = names.path if isinstance(names, Folder) else None
    limits = ZipLimits(max_members=max_members, max_member_bytes=max_member_bytes, max_zip_bytes=max_zip_bytes)
    if isinstance(direction, Inward) and direction.rules.table is not None:
        # A row that fits two files is found before the first of them has become another's.
        direction.rules.rows_without_file(map(Inward.origin_of, _files(sources, leave_out, limits)))
    return run.conversions(items(sources, leave_out=leave_out, limits=limits))


def _of_run(rules: HeaderRules, journal: Journal) -> HeaderRules:
    """Give the rules what the run has in common, also when it is resumed: its time and its UIDs."""
    run = rules.run if rules.run or rules.deterministic else journal.run
    return replace(rules, now=rules.now or journal.began, run=run)


def _outward(to: str, output: object, options: dict[str, Any]) -> Outward:
    from filmless.convert.out.formats import format_named
    from filmless.convert.out.parts import options_of

    if output is None:
        raise ValueError("`output` is where files go, and `to` asks for some")
    row = format_named(to)
    frames = {name: value for name, value in options.items() if name in ("frame", "frames") and value is not None}
    _check_frames(**frames)
    try:
        given = options_of(row, {name: value for name, value in options.items() if name not in ("frame", "frames")})
    except TypeError as error:
        raise ConversionError(str(error)) from None
    return Outward(format=row, options={**given, **frames})


def _check_frames(frame: Any = None, frames: Any = None) -> None:
    if not isinstance(frame, Integral | None):
        raise TypeError(f"`frame` is a {type(frame).__name__}, expected a number; `frames` takes several")
    if isinstance(frames, str):
        if frames != "all":
            raise ValueError(f"`frames` is {frames!r}, expected numbers or 'all'")
    elif frames is not None and not (isinstance(frames, Iterable) and all(isinstance(one, Integral) for one in frames)):
        raise TypeError("`frames` are numbers, or 'all'")


def _destination(
    sources: Any, output: Any, asked: dict[str, Any], *, force: bool, resume: bool
) -> tuple[Folder | OneFile | None, Journal | None]:
    if isinstance(output, str | PathLike):
        # The sources are not to be written over.
        taken = (item.path for item in _files(sources) if item.path is not None) if force else ()
        output = Folder(Path(fspath(output)), taken, overwrite=force)
    if not isinstance(output, Folder):
        if resume:
            raise ValueError("`resume` needs a folder as `output`, for the journal in it")
        return output, None
    if output.path.exists() and not output.path.is_dir():
        raise NotADirectoryError(20, "expected a folder", str(output.path))
    return output, Journal(output.path, asked, resume=resume)


def _files(sources: Any, leave_out: Path | None = None, limits: ZipLimits | None = None) -> Iterator[Item]:
    """Go through the files among sources that can be gone through twice, without reading one."""
    if isinstance(each(sources), Iterator):
        return
    for source in each(sources):
        if isinstance(source, str | PathLike | Item):
            yield from items(source, leave_out=leave_out, limits=limits)
