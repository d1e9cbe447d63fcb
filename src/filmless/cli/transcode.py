"""`filmless transcode`: pixel data of files in another transfer syntax."""

import difflib
import os
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

import filmless
from filmless import _core
from filmless.cli.fileset import is_directory
from filmless.cli.progress import progress
from filmless.cli.reporting import Batch, Misuse, say, writing
from filmless.cli.sources import STDIN, has_pixels, of_files, read_source
from filmless.errors import UnsupportedError
from filmless.file._short_names import SHORT_NAMES, keyword_of

if TYPE_CHECKING:
    from filmless.convert.sources import Item

__all__ = ["target_named", "transcode"]

_SHORT = {keyword: short for short, keyword in SHORT_NAMES.items()}
#: How the hint begins that names the transfer syntaxes that can hold an image.
_ABLE = "these can: "
_TABLE = "\n".join(f"  {short:<17} {keyword}" for short, keyword in SHORT_NAMES.items())

Outcome = Literal["written", "without pixels", "DICOMDIR"]


@click.command(
    short_help="Change how pixel data are compressed.",
    epilog=f"\b\nSYNTAX is a UID, a keyword, or a short name of one:\n{_TABLE}",
)
@click.argument("inputs", nargs=-1, required=True, metavar="IN...")
@click.option("-o", "--output", metavar="OUT", help="A file; of several inputs or folders, a folder.")
@click.option("--in-place", is_flag=True, help="Write over each input, whole or not at all.")
@click.option("--to", "syntax", required=True, metavar="SYNTAX", help="Transfer syntax to write.")
@click.option("--quality", type=float, metavar="Q", help="Lossy JPEG, JPEG 2000, HTJ2K, JPEG XL: 1 to 100.")
@click.option("--ratio", type=float, metavar="R", help="Lossy JPEG 2000: uncompressed to compressed size.")
@click.option("--max-error", type=int, metavar="N", help="Lossy JPEG-LS: how much a sample may change.")
@click.option("--keep-uid", is_flag=True, help="Lossy: keep SOP Instance UID and Image Type.")
@click.option("--no-verify", is_flag=True, help="Do not decode what was written.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads; as many as processors by default.")
def transcode(
    inputs: tuple[str, ...],
    output: str | None,
    in_place: bool,
    syntax: str,
    threads: int | None,
    no_verify: bool,
    keep_uid: bool,
    **loss: Any,
) -> None:
    """Write the pixel data of DICOM files in another transfer syntax; all else stays as it is. - is standard input.

    Frames are decoded again and compared before a file takes its name: what was to be lossless is, or the file is not
    written. A lossy image becomes a new SOP instance, derived from the one it was. Of several inputs, or a folder, OUT
    is a folder, which is made when missing; names stay, and one that is taken by another input gets a number.
    What a folder holds without pixels (reports, plans) is copied as it is, a DICOMDIR is left out.
    """
    if (output is None) != in_place:
        raise Misuse("say where to write: either -o OUT or --in-place")
    from filmless.convert.parallel import in_order

    options = {**loss, "verify": not no_verify, "new_instance": not keep_uid}
    work = partial(_transcode, transfer_syntax=target_named(syntax, loss), options=options)
    batch = Batch()
    pairs = _pairs(inputs, output)
    workers = 1 if len(pairs) == 1 else threads
    options["threads"] = threads if len(pairs) == 1 else 1
    outcomes = Counter[Outcome]()
    with progress("transcoding", len(pairs)) as advance:
        for (source, _), outcome in in_order(work, pairs, threads=workers):
            with batch.file(source.name):
                outcomes[outcome.result()] += 1
            advance()
    _tell(outcomes, in_place=in_place)
    batch.finish()


def _tell(outcomes: Counter[Outcome], *, in_place: bool) -> None:
    """Say what was not transcoded though nothing is wrong with it."""
    if count := outcomes["without pixels"]:
        say(f"{of_files(count, 'without pixels')} {'passed over' if in_place else 'copied'}")
    if outcomes["DICOMDIR"]:
        say(f"the DICOMDIR was {'passed over' if in_place else 'left out'}: it no longer fits the files")


def _transcode(pair: "tuple[Item, Path]", *, transfer_syntax: str, options: dict[str, Any]) -> Outcome:
    from filmless.pixels.transcoding import transcode

    source, target = pair
    if source.error is not None:
        raise source.error
    dataset = read_source(source.name)
    if is_directory(dataset):
        if source.is_named:
            raise UnsupportedError("a DICOMDIR cannot be transcoded, its records point to places in it")
        return "DICOMDIR"
    if not source.is_named and not has_pixels(dataset):
        if not target.exists() or not target.samefile(source.name):
            with writing(target):
                _core.write_bytes(str(target), Path(source.name).read_bytes())
        return "without pixels"
    try:
        dataset = transcode(dataset, transfer_syntax, **options)
    except UnsupportedError as error:
        error.hint = _in_short(error.hint, transfer_syntax)
        raise
    with writing(target):
        filmless.file.write(dataset, target)
    return "written"


def _in_short(hint: str | None, transfer_syntax: str) -> str | None:
    """Give the transfer syntaxes of a hint as they are typed here, first those that lose as much as what was asked."""
    if hint is None or not hint.startswith(_ABLE):
        return hint
    asked, rows = _core.transfer_syntax(transfer_syntax), [_core.transfer_syntax(name) for name in _listed(hint)]
    able = [row for row in rows if row is not None]
    able.sort(key=lambda row: asked is not None and row["lossless"] != asked["lossless"])
    return _ABLE + ", ".join(_SHORT.get(row["keyword"], row["keyword"]) for row in able)


def _listed(hint: str) -> list[str]:
    return hint.removeprefix(_ABLE).split(", ")


def target_named(name: str, loss: dict[str, Any]) -> str:
    """Return the UID of the transfer syntax that is named, when it is written and has a use for the options."""
    from filmless.pixels.codecs import EncodeOptions
    from filmless.pixels.targets import check_options, target_row

    keyword = SHORT_NAMES.get(name.lower()) or keyword_of(name)  # as typed, HTJ2K is what htj2k is: lossless
    if _core.transfer_syntax(keyword) is None:
        keywords = {keyword.lower(): keyword for keyword in SHORT_NAMES.values()}
        near = difflib.get_close_matches(name.lower(), [*SHORT_NAMES, *keywords], 3, 0.5)
        hint = f"did you mean {' or '.join(keywords.get(one, one) for one in near)}?" if near else None
        raise Misuse(f"`{name}` is no transfer syntax, by short name, keyword or UID", hint)
    try:
        row = target_row(keyword)
        check_options(row, EncodeOptions(**loss))
    except (UnsupportedError, ValueError) as error:
        raise Misuse(str(error)) from None
    return str(row["uid"])


def _pairs(inputs: tuple[str, ...], output: str | None) -> "list[tuple[Item, Path]]":
    """Return each file, and where what becomes of it goes."""
    from filmless.convert.destinations import Folder
    from filmless.convert.sources import Item, files

    if STDIN in inputs and (output is None or len(inputs) > 1):
        raise Misuse("standard input goes alone, and into a file with -o OUT")
    if output is None:
        return [(source, Path(source.name)) for source in files(inputs, leave_out=None) if source.reason is None]
    target = Path(output)
    many = len(inputs) > 1 or Path(inputs[0]).is_dir() or target.is_dir() or output.endswith(("/", os.sep))
    if not many:
        if inputs[0] != STDIN and target.exists() and Path(inputs[0]).exists() and target.samefile(inputs[0]):
            raise Misuse("OUT is the input itself", "--in-place writes over it")
        named = (
            Item(source=STDIN, name=STDIN, relative=Path(STDIN))
            if inputs[0] == STDIN
            else next(files(inputs, leave_out=None))
        )
        return [(named, target)]
    if STDIN in inputs:
        raise Misuse("OUT is a folder, and standard input has no name to be written under")
    if target.exists() and not target.is_dir():
        raise Misuse("OUT is a file, and several inputs need a folder")
    if any(Path(name).is_dir() and Path(name).resolve() == target.resolve() for name in inputs):
        raise Misuse("OUT is the input folder itself", "--in-place writes over the files in it")
    found = [source for source in files(inputs, leave_out=target) if source.reason is None]
    names = Folder(target, (source.name for source in found))
    pairs = [(source, names.name_for(source.relative)) for source in found]
    for _, path in pairs:
        names.make_room(path)
    return pairs
