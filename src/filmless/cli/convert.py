"""`filmless convert`: pictures become DICOM, DICOM becomes PNG."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import click

import filmless
from filmless import _core
from filmless.cli.destinations import Folder, Source, sources
from filmless.cli.naming import tag_named
from filmless.cli.reporting import Batch, Misuse, say, writing
from filmless.cli.values import check_value, value_typed
from filmless.errors import ConversionError, DicomError, FormatError

__all__ = ["convert"]

Kind = Literal["DICOM", "picture"]
Window = tuple[float, float] | Literal["minmax", "full"]
_HEAD = 512
_PICTURES = {".bmp", ".emf", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_DICOM = {".dcm", ".dic", ".dicom", ".ima"}


class Options(NamedTuple):
    """What is asked for: the first two for pictures, the rest for DICOM."""

    header: dict[str, Any]
    strip_metadata: bool
    window: Window | None
    depth: Literal[8, 16]
    frame: int | None


@click.command(short_help="Make pictures DICOM and DICOM pictures.")
@click.argument("inputs", nargs=-1, required=True, metavar="IN...")
@click.option("-o", "--output", required=True, metavar="OUT", help="A file; of several inputs or folders, a folder.")
@click.option("--set", "settings", multiple=True, metavar="KEYWORD=VALUE", help="To DICOM: a header value; repeatable.")
@click.option("--strip-metadata", is_flag=True, help="To DICOM: leave EXIF, comments and thumbnails out of a JPEG.")
@click.option("--window", metavar="C,W", help="To PNG: centre and width, or minmax, or full.")
@click.option("--depth", type=click.Choice(["8", "16"]), default="8", help="To PNG: 16 gives the stored values.")
@click.option("--frame", type=click.IntRange(min=0), metavar="N", help="To PNG: which frame, from 0 (the default).")
def convert(
    inputs: tuple[str, ...],
    output: str,
    settings: tuple[str, ...],
    strip_metadata: bool,
    window: str | None,
    depth: str,
    frame: int | None,
) -> None:
    """Make pictures DICOM (JPEG, PNG, BMP, TIFF, GIF, EMF) and DICOM pictures (PNG).

    The direction follows from what the files hold, not from their names. Of several inputs, or a folder, OUT is a
    folder, which is made when missing; a name that is taken there by another input gets a number.
    """
    options = Options(_header(settings), strip_metadata, _window(window), 16 if depth == "16" else 8, frame)
    if options.depth == 16 and options.window is not None:
        raise Misuse("--window gives 8 bits, it does not go with --depth 16")
    batch = Batch()
    target = Path(output)
    if len(inputs) > 1 or Path(inputs[0]).is_dir() or target.is_dir() or output.endswith(("/", os.sep)):
        _convert_many(inputs, target, options, batch)
    else:
        with batch.file(inputs[0]):
            _convert_one(inputs[0], target, options)
    batch.finish()


def _convert_one(path: str, target: Path, options: Options) -> None:
    kind = _kind(path)
    suffix = target.suffix.lower()
    if target.exists() and target.samefile(path):
        raise Misuse("OUT is the input itself")
    if kind == "picture" and suffix in _PICTURES:
        raise Misuse("the input is a picture, which becomes DICOM, and OUT is named as a picture")
    if kind == "DICOM" and suffix in _DICOM:
        raise Misuse("the input is DICOM already", "`filmless transcode --to SYNTAX` changes its transfer syntax")
    if kind == "DICOM" and suffix in _PICTURES - {".png"}:
        raise Misuse(f"DICOM becomes PNG, {suffix} is not written yet")
    _refuse_foreign_options({kind}, options)
    _convert(path, kind, target, options)


def _convert_many(inputs: Iterable[str], folder: Path, options: Options, batch: Batch) -> None:
    if folder.exists() and not folder.is_dir():
        raise Misuse("OUT is a file, and several inputs need a folder")
    jobs: list[tuple[Source, Kind]] = []
    for source in sources(inputs, leave_out=folder):
        with batch.file(source.path):
            jobs.append((source, _kind(source.path)))
    _refuse_foreign_options({kind for _, kind in jobs}, options)
    names = Folder(folder, (source.path for source, _ in jobs))
    with _progress(jobs) as steps:
        for source, kind in steps:
            with batch.file(source.path, counted=True):
                target = names.name_for(source, ".dcm" if kind == "picture" else ".png")
                target.parent.mkdir(parents=True, exist_ok=True)
                _convert(source.path, kind, target, options)


def _convert(path: str, kind: Kind, target: Path, options: Options) -> None:
    from filmless.convert import ConversionNotice, from_dicom, to_dicom

    if kind == "picture":
        notices: list[ConversionNotice] = []
        dataset = to_dicom(path, strip_metadata=options.strip_metadata, notices=notices, **options.header)
        with writing(target):
            filmless.write(dataset, target)
        for notice in notices:
            say(f"{path}: {notice}")
        return
    dataset = filmless.read(path)
    with writing(target):
        from_dicom(dataset, target, frame=options.frame or 0, window=options.window, depth=options.depth)
    count = dataset.get("NumberOfFrames")
    if options.frame is None and isinstance(count, int) and count > 1:
        say(f"{path}: the first of {count} frames", "--frame N takes another")


def _kind(path: str) -> Kind:
    """Tell what a file holds, from its first bytes; a data set without its preamble has to be read for that."""
    from filmless.convert.sniff import sniff

    with Path(path).open("rb") as file:
        head = file.read(_HEAD)
    if b"DICM" in (head[128:132], head[:4]):
        return "DICOM"
    try:
        sniff(head)
    except ConversionError as no_picture:
        try:
            filmless.read(path)
        except FormatError:
            raise no_picture from None
        return "DICOM"
    return "picture"


def _header(settings: Iterable[str]) -> dict[str, Any]:
    """Take the values of ``--set`` apart and check them before any file is read."""
    header = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise Misuse("--set needs Keyword=value")
        entry = _core.dictionary_entry(tag_named(name))
        if entry is None or not entry[3]:
            raise Misuse(f"`{name}` is not in the data dictionary")
        tag, vr, _, keyword, *_ = entry
        value = value_typed(tag, vr, text)
        check_value(tag, vr, value)
        header[keyword] = value
    if header:
        from filmless.convert.header import check_header

        try:
            check_header(header)
        except DicomError as error:
            raise Misuse(error.message, error.hint) from None
    return header


def _window(text: str | None) -> Window | None:
    if text is None:
        return None
    named: dict[str, Window] = {"minmax": "minmax", "full": "full"}
    if text in named:
        return named[text]
    try:
        center, width = (float(number) for number in text.split(","))
    except ValueError:
        raise Misuse("--window takes a centre and a width as C,W, or minmax, or full") from None
    if not width >= 1:
        raise Misuse("the width of a window is at least 1")
    return center, width


def _refuse_foreign_options(kinds: set[Kind], options: Options) -> None:
    """Refuse options that no input can use: whoever gave them expects something else."""
    if kinds == {"DICOM"} and (options.header or options.strip_metadata):
        raise Misuse("--set and --strip-metadata are for pictures, and the input is DICOM")
    if kinds == {"picture"} and (options.window or options.depth == 16 or options.frame is not None):
        raise Misuse("--window, --depth and --frame are for DICOM, and the input is a picture")


@contextmanager
def _progress(jobs: list[tuple[Source, Kind]]) -> Iterator[Iterable[tuple[Source, Kind]]]:
    """Show a bar on a terminal while many files are worked on."""
    if len(jobs) < 2 or not sys.stderr.isatty():
        yield jobs
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("converting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield bar.track(jobs)
