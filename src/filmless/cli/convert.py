"""`filmless convert`: pictures become DICOM, DICOM becomes PNG."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import click

import filmless
from filmless import _core
from filmless.cli.destinations import Folder, Source, sources
from filmless.cli.naming import tag_named
from filmless.cli.parallel import Task, in_order
from filmless.cli.pictures import FrameChoice, frames_given, rendering_given, rendering_options, strangeness
from filmless.cli.progress import progress
from filmless.cli.reporting import Batch, Misuse, say, writing
from filmless.cli.sources import has_pixels, of_files
from filmless.cli.values import check_value, value_typed
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError, FormatError

__all__ = ["convert"]

Kind = Literal["DICOM", "picture"]
_HEAD = 4096
_PICTURES = {".bmp", ".emf", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_DICOM = {".dcm", ".dic", ".dicom", ".ima"}


class Options(NamedTuple):
    """What is asked for: the first two for pictures, the rest for DICOM."""

    header: dict[str, Any]
    strip_metadata: bool
    frames: int | FrameChoice | None
    rendering: dict[str, Any]
    depth: Literal[8, 16]
    level: int | None

    @property
    def is_for_dicom(self) -> bool:
        """Whether anything is asked for that only a conversion of DICOM can give."""
        return bool(self.rendering) or self.depth == 16 or self.frames is not None or self.level is not None


#: Lines to say of a file; None when it was passed over.
Said = list[tuple[str, str | None]] | None


@click.command(short_help="Make pictures DICOM and DICOM pictures.")
@click.argument("inputs", nargs=-1, required=True, metavar="IN...")
@click.option("-o", "--output", required=True, metavar="OUT", help="A file; of several inputs or folders, a folder.")
@click.option("--to", "target_format", type=click.Choice(["png"]), help="Refuse what does not become this.")
@click.option("--set", "settings", multiple=True, metavar="KEYWORD=VALUE", help="To DICOM: a header value; repeatable.")
@click.option("--strip-metadata", is_flag=True, help="To DICOM: leave EXIF, comments and thumbnails out of a JPEG.")
@click.option("--frame", metavar="N|A-B|all", help="To a picture: which frames, from 0 (the default).")
@rendering_options
@click.option("--size", type=click.IntRange(1, 65535), metavar="N", help="To a picture: pixels of its longer side.")
@click.option("--depth", type=click.Choice(["8", "16"]), default="8", help="To a picture: 16 gives the stored values.")
@click.option("--level", type=click.IntRange(0, 12), metavar="N", help="To PNG: work for a small file, 0 to 12 (6).")
def convert(
    inputs: tuple[str, ...],
    output: str,
    target_format: str | None,
    settings: tuple[str, ...],
    strip_metadata: bool,
    frame: str | None,
    window: str | None,
    voi: str | None,
    state: str | None,
    plain: bool,
    icc: bool,
    size: int | None,
    depth: str,
    level: int | None,
) -> None:
    """Make pictures DICOM (JPEG, PNG, BMP, TIFF, GIF, EMF) and DICOM pictures (PNG).

    The direction follows from what the files hold, not from their names. Of several inputs, or a folder, OUT is a
    folder, which is made when missing; a name that is taken there by another input gets a number. Of several frames
    each becomes a file with its number: scan.007.png. What a folder holds beside images (reports, plans, DICOMDIR) is
    passed over.
    """
    rendering = rendering_given(window=window, voi=voi, state=state, plain=plain, icc=icc, size=size)
    deep: Literal[8, 16] = 16 if depth == "16" else 8
    if deep == 16 and rendering:
        raise Misuse("--depth 16 gives stored values, nothing that is rendered goes with it")
    options = Options(_header(settings), strip_metadata, frames_given(frame), rendering, deep, level)
    batch = Batch()
    target = Path(output)
    if len(inputs) > 1 or Path(inputs[0]).is_dir() or target.is_dir() or output.endswith(("/", os.sep)):
        _convert_many(inputs, target, options, batch, target_format)
    else:
        with batch.file(inputs[0]):
            _convert_one(inputs[0], target, options, batch, target_format)
    batch.finish()


def _convert_one(path: str, target: Path, options: Options, batch: Batch, target_format: str | None) -> None:
    kind = _kind(path, target_format)
    suffix = target.suffix.lower()
    if target.exists() and target.samefile(path):
        raise Misuse("OUT is the input itself")
    if kind == "picture" and suffix in _PICTURES:
        raise Misuse("the input is a picture, which becomes DICOM, and OUT is named as a picture")
    if kind == "DICOM" and suffix in _DICOM:
        raise Misuse("the input is DICOM already", "`filmless transcode --to SYNTAX` changes its transfer syntax")
    if kind == "DICOM" and suffix in _PICTURES - {".png"}:
        raise Misuse(f"DICOM becomes PNG, {suffix} is not written yet")
    _refuse_foreign_options({kind}, options, target_format)

    def named(ending: str) -> Path:
        # The name that was asked for is kept as it is; a frame's number goes before its suffix.
        return target.with_name(f"{target.stem}{ending.rpartition('.')[0]}{target.suffix}")

    for task, outcome in in_order(_tasks(Source(path, Path(path)), kind, named, options)):
        with batch.file(task.path, counted=True):
            for line in outcome.result() or ():
                say(*line)


def _convert_many(
    inputs: Iterable[str], folder: Path, options: Options, batch: Batch, target_format: str | None
) -> None:
    if folder.exists() and not folder.is_dir():
        raise Misuse("OUT is a file, and several inputs need a folder")
    jobs: list[tuple[Source, Kind]] = []
    for source in sources(inputs, leave_out=folder):
        with batch.file(source.path):
            jobs.append((source, _kind(source.path, target_format)))
    _refuse_foreign_options({kind for _, kind in jobs}, options, target_format)
    names = Folder(folder, (source.path for source, _ in jobs))

    def named(source: Source, suffix: str) -> Path:
        target = names.name_for(source, suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def tasks() -> Iterator[Task[Said]]:
        for source, kind in jobs:
            with batch.file(source.path, counted=True):
                yield from _tasks(source, kind, partial(named, source), options)

    passed_over = 0
    with progress("converting", len(jobs)) as advance:
        for task, outcome in in_order(tasks()):
            with batch.file(task.path, counted=True):
                said = outcome.result()
                passed_over += said is None
                for line in said or ():
                    say(*line)
            if task.ends_file:
                advance()
    if passed_over:
        say(f"{of_files(passed_over, 'without pixels')} passed over")


def _tasks(source: Source, kind: Kind, named: Callable[[str], Path], options: Options) -> Iterator[Task[Said]]:
    """Yield what is to be done for a file; names are chosen here, in the order of files and frames."""
    path = source.path
    if kind == "picture":
        yield Task(path, partial(_to_dicom, path, named(".dcm"), options))
        return
    if not isinstance(options.frames, FrameChoice):
        yield Task(path, partial(_first_picture, source, options.frames, named(".png"), options))
        return
    dataset = filmless.read(path)
    if not source.is_named and not has_pixels(dataset):
        yield Task(path, lambda: None)
        return
    frames = filmless.pixels.frames(dataset)
    wanted = options.frames.of(len(frames))
    frames.require(wanted[0], wanted[-1])
    digits = max(3, len(str(len(frames) - 1)))
    for frame in wanted:
        target = named(f".{frame:0{digits}}.png" if len(wanted) > 1 else ".png")
        yield Task(path, partial(_to_picture, path, dataset, frame, target, options), frame == wanted[-1])


def _to_dicom(path: str, target: Path, options: Options) -> Said:
    from filmless.convert import ConversionNotice, to_dicom

    notices: list[ConversionNotice] = []
    dataset = to_dicom(path, strip_metadata=options.strip_metadata, notices=notices, **options.header)
    with writing(target):
        filmless.write(dataset, target)
    return [(f"{path}: {notice}", None) for notice in notices]


def _first_picture(source: Source, frame: int | None, target: Path, options: Options) -> Said:
    """Convert one frame; of what a folder holds beside images, nothing."""
    dataset = filmless.read(source.path)
    if not source.is_named and not has_pixels(dataset):
        return None
    return _to_picture(source.path, dataset, frame, target, options)


def _to_picture(path: str, dataset: Dataset, frame: int | None, target: Path, options: Options) -> Said:
    from filmless.convert import from_dicom

    level: dict[str, Any] = {} if options.level is None else {"level": options.level}
    with writing(target):
        from_dicom(dataset, "png", target, frame=frame or 0, depth=options.depth, **options.rendering, **level)
    said: list[tuple[str, str | None]] = []
    if strange := strangeness(options.rendering, dataset, frame or 0):
        said.append((f"{path}: {strange}", None))
    count = dataset.get("NumberOfFrames")
    if frame is None and isinstance(count, int) and count > 1:
        said.append((f"{path}: the first of {count} frames", "--frame N takes another, --frame all every one"))
    return said


def _kind(path: str, target_format: str | None) -> Kind:
    """Tell what a file holds, from its first bytes; a data set without its preamble has to be read for that."""
    from filmless.convert.formats import format_of

    with Path(path).open("rb") as file:
        head = file.read(_HEAD)
    if b"DICM" in (head[128:132], head[:4]):
        return "DICOM"
    try:
        format_of(head, Path(path).stat().st_size)
    except ConversionError as no_picture:
        try:
            filmless.read(path)
        except FormatError as no_dicom:
            if target_format is not None:
                raise FormatError(f"this is not DICOM, which --to {target_format} is for", path=path) from no_dicom
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
        from filmless.convert.header.secondary_capture import check_header

        try:
            check_header(header)
        except DicomError as error:
            raise Misuse(error.message, error.hint) from None
    return header


def _refuse_foreign_options(kinds: set[Kind], options: Options, target_format: str | None) -> None:
    """Refuse options that no input can use: whoever gave them expects something else."""
    if target_format is not None and "picture" in kinds:
        raise Misuse(f"--to {target_format} is for DICOM, and an input is a picture, which becomes DICOM")
    if kinds == {"DICOM"} and (options.header or options.strip_metadata):
        raise Misuse("--set and --strip-metadata are for pictures, and the input is DICOM")
    if kinds == {"picture"} and options.is_for_dicom:
        raise Misuse("options on frames and rendering are for DICOM, and the input is a picture")
