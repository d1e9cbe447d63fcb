"""`filmless convert`: pictures, videos and documents become DICOM, DICOM becomes what a person can use."""

import errno
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

from filmless.cli.convert_options import (
    as_typed,
    conversion_options,
    inward_given,
    option_of,
    outward_given,
    refuse_foreign,
)
from filmless.cli.option_groups import GroupedCommand, in_group
from filmless.cli.progress import progress
from filmless.cli.reporting import Failure, Misuse, report, say
from filmless.cli.sources import STDIN
from filmless.errors import ConversionError, DicomError, UnsupportedError

if TYPE_CHECKING:
    from filmless.convert.conversion import Conversion
    from filmless.convert.destinations import OneFile
    from filmless.convert.out.formats import Format
    from filmless.convert.report import Report
    from filmless.convert.sources import Item

__all__ = ["convert"]

_DICOM = {".dcm", ".dic", ".dicom", ".ima"}
#: Of ZIP files.
_BOUNDS = ("max_members", "max_member_bytes", "max_zip_bytes")
#: Of what is embedded in a data set; XML is the header of any.
_DOCUMENTS = {".mtl", ".obj", ".pdf", ".stl"}
#: What a program may want to know is told in the report; these are for a person, too.
_HINTS = {
    "first-frame": "--frame N takes another, --frame all every one",
    "names-taken": "--force writes over them; --resume, from the first run on, passes over what was converted",
}
_NAMED = 3  # of files that were passed over
_SWITCH_SECONDS = 0.0005


class ConvertCommand(GroupedCommand):
    """A command whose help ends with the formats that are written."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table of formats, which is slow to import."""
        from filmless.convert.out.formats import FORMATS

        with formatter.section("FORMAT"):
            formatter.write_dl([("dicom", "DICOM"), *((row.name, row.title) for row in FORMATS)])


@click.command(cls=ConvertCommand, short_help="Make pictures, videos and documents DICOM, and DICOM pictures.")
@click.argument("inputs", nargs=-1, required=True, metavar="IN...")
@in_group(
    "What and where",
    click.option("-o", "--output", required=True, metavar="OUT", help="A file; of several inputs, a folder."),
    click.option("--to", metavar="FORMAT", help="What to write; see below."),
)
@conversion_options
def convert(inputs: tuple[str, ...], output: str, to: str | None, **given: Any) -> None:
    """Make pictures, videos and documents DICOM, and DICOM pictures, videos, arrays or text.

    IN are files, folders and ZIP files, in natural order: img2 before img10; or - for standard input. What they are
    follows from what they hold, not from their names. What they become follows from --to, from the name of OUT, or from
    IN: all DICOM becomes PNG, all else becomes DICOM.

    Of several inputs, or of a folder, OUT is a folder, which is made when missing. A name that is taken there gets a
    number: scan-2.dcm. Of several pages or frames each becomes a file with its number: scan.007.png. Each file is
    written whole or not at all, and one bad file does not stop the rest.
    """
    from filmless.convert.gathering import gathered
    from filmless.convert.journal import JOURNAL
    from filmless.convert.many import convert_many
    from filmless.convert.report import Report

    # Threads of short Python work hand the interpreter over each 5 ms at the earliest by default: measured, 200 JPEGs
    # take 0.36 s in place of 0.50 s on two of them with this.
    sys.setswitchinterval(_SWITCH_SECONDS)
    inward, outward = inward_given(given), outward_given(given)
    _require_folder_of(given["report"])
    bounds = {name: given[name] for name in _BOUNDS if given[name] is not None}
    target, found, row, is_folder = _plan(inputs, output, to, bounds)
    refuse_foreign("DICOM" if row is None else "other", inward, outward)
    _require_new(given, target, is_folder, inputs, found)
    if row is None:
        _require_use(inward, found, is_folder=is_folder)
    options = inward if row is None else {**outward, "to": row.name}
    for name in ("force", "resume"):
        if given[name] and not is_folder:
            raise Misuse(f"--{name} is for OUT that is a folder")
        if given[name]:
            options[name] = True
    with Report(given["report"]) as told, TemporaryDirectory() as folder:
        try:
            if row is not None and row.takes_many and not is_folder and len(found) > 1:
                conversions = gathered(found, target, row.name, **outward)
            else:
                destination = target if is_folder else _one_file(target, Path(folder), row)
                conversions = convert_many(found, destination, threads=given["threads"], **options)
        except (ConversionError, UnsupportedError, ValueError) as error:
            _refuse(error)
        if is_folder and not given["resume"] and (target / JOURNAL).exists():
            say(
                "OUT has the journal of a run that did not do all, and this one begins anew", "--resume goes on with it"
            )
        try:
            with closing(conversions):
                _tell(conversions, told, len(found), verbose=given["verbose"])
        except KeyboardInterrupt:
            say(f"interrupted: {told.summary()}", "--resume goes on from there" if is_folder else None)
            raise
        if output == STDIN:
            _to_stdout(Path(folder))
    if told.is_stopped and is_folder:
        rest = len(found) - sum(told.counts.values())
        what = f"{rest:,} {'file was' if rest == 1 else 'files were'} not reached"
        say(f"there is no room left, {what}", "--resume goes on from there")
    if len(found) > 1:
        say(told.summary())
    if told.counts["failed"] or (not is_folder and not told.counts["converted"]):
        raise Failure


def _plan(
    inputs: tuple[str, ...], output: str, to: str | None, bounds: dict[str, int]
) -> "tuple[Path, list[Item], Format | None, bool]":
    """Find the sources, the format that they become (None for DICOM), and whether OUT is a folder."""
    target = Path(output)
    is_named_as_folder = target.is_dir() or output.endswith(("/", os.sep))
    if target.suffix.lower() == ".zip" and not is_named_as_folder:
        raise Misuse("no ZIP file is written, and OUT is named as one", "name a folder: OUT/")
    is_sheet = target.suffix.lower() == ".pdf" and not target.is_dir()  # of many images
    many = len(inputs) > 1 or Path(inputs[0]).is_dir()
    is_folder = output != STDIN and ((many and not is_sheet) or is_named_as_folder)
    if is_folder and target.exists() and not target.is_dir():
        raise Misuse("OUT is a file, and several inputs need a folder")
    if is_folder and not is_named_as_folder and _is_named_as_file(target):
        raise Misuse("OUT is named as a file, and several inputs need a folder", "name a folder: OUT/")
    found = list(_found(inputs, target if is_folder else None, bounds))
    if not is_folder and len(found) > 1 and not target.suffix and output != STDIN:
        is_folder = True  # for what a ZIP file holds
    row = _format(found, None if is_folder else target, to)
    if not is_folder and len(found) > 1 and not (row is not None and row.takes_many):
        raise Misuse(f"IN holds {len(found)} files, and OUT is one file", "name a folder: OUT/")
    paths = [one.path for one in found if one.path is not None and one.error is None]
    if not is_folder and target.exists() and any(target.samefile(path) for path in paths):
        raise Misuse("OUT is the input itself")
    return target, found, row, is_folder


def _is_named_as_file(target: Path) -> bool:
    from filmless.convert.out.formats import format_of_suffix

    return target.suffix.lower() in _DICOM or format_of_suffix(target) is not None


def _found(inputs: tuple[str, ...], leave_out: Path | None, bounds: dict[str, int]) -> "Iterator[Item]":
    """Go through the sources that are named; standard input is read whole."""
    from filmless.convert.archives import ZipLimits
    from filmless.convert.sources import Item, items, opened

    limits = ZipLimits(**bounds)
    for name in inputs:
        if name == STDIN:
            if len(inputs) > 1:
                raise Misuse("standard input goes alone")
            item = Item(source=sys.stdin.buffer.read(), name="standard input", relative=PurePath("stdin"))
            yield from opened(item, limits)
        else:
            yield from items(name, leave_out=leave_out, limits=limits)


def _format(found: "list[Item]", target: Path | None, to: str | None) -> "Format | None":
    """Return what the sources become: as asked, as OUT is named, or as follows from what they are; None for DICOM."""
    from filmless.convert.out.formats import format_named, format_of_suffix
    from filmless.convert.pieces import kind_of

    asked = _asked(to)
    if target is None:
        if asked is not None:
            return asked.row
        is_dicom = False
        for item in found:
            kind = kind_of(item)
            if kind == "other":
                return None
            is_dicom = is_dicom or kind == "DICOM"
        return format_named("png") if is_dicom else None
    suffix = target.suffix.lower()
    kind = kind_of(found[0]) if len(found) == 1 else None
    named = format_of_suffix(target)
    if asked is None and kind == "DICOM" and suffix in _DICOM:
        asked = _Asked(None)
    if asked is None:
        is_dicom = kind == "DICOM" or (kind is None and named is not None)
        asked = _Asked(_by_name(target, named, found) if is_dicom else None)
    if asked.row is None:
        if kind == "DICOM":
            raise Misuse("the input is DICOM already", "`filmless transcode --to SYNTAX` changes its transfer syntax")
        if named is not None:
            raise Misuse(f"the input becomes DICOM, and OUT is named as {named.name}")
    elif kind == "other":
        raise Misuse(f"{asked.row.name} is made of DICOM, and the input is none: it becomes DICOM")
    elif suffix in _DICOM or (named not in (None, asked.row) and suffix not in asked.row.suffixes):
        what = "DICOM" if named is None else named.name
        raise Misuse(f"OUT is named as {what}, and {asked.row.name} is what is written")
    return asked.row


class _Asked(NamedTuple):
    """A format that was asked for; no row for DICOM."""

    row: "Format | None"


def _asked(to: str | None) -> _Asked | None:
    from filmless.convert.out.formats import format_named

    if to is None or to.lower() in ("dicom", "dcm"):
        return None if to is None else _Asked(None)
    try:
        return _Asked(format_named(to))
    except ConversionError as error:
        raise Misuse(error.message, error.hint) from None


def _by_name(target: Path, named: "Format | None", found: "list[Item]") -> "Format":
    """Return the format that OUT is named as: of a document, the document that is in it."""
    from filmless.convert.formats import FORMATS
    from filmless.convert.out.formats import format_named
    from filmless.convert.pieces import has_document

    suffix = target.suffix.lower()
    if suffix in _DOCUMENTS and len(found) == 1 and has_document(found[0]):
        return format_named("document")
    # Behind the last dot of a UID or a date there is no name of a format.
    if named is None and (suffix[1:2].isalpha() or any(suffix in row.suffixes for row in FORMATS)):
        raise Misuse(f"DICOM does not become {suffix}", "`--to` names what is written")
    return named or format_named("png")


def _one_file(target: Path, folder: Path, row: "Format | None") -> "OneFile":
    """Return the file that is named; of standard output, one to copy there."""
    from filmless.convert.destinations import OneFile

    if str(target) != STDIN:
        return OneFile(target)
    return OneFile(folder / f"stdout{'.dcm' if row is None else row.suffixes[0]}")


def _to_stdout(folder: Path) -> None:
    written = list(folder.iterdir())
    if len(written) > 1:
        raise Misuse(f"the input becomes {len(written)} files, and standard output is one")
    for path in written:
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)


def _tell(conversions: "Iterator[Conversion]", told: "Report", count: int, *, verbose: bool) -> None:
    """Say what has to be said of each source, and how far the run is."""
    skipped: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    with progress("converting", count) as advance:
        for conversion in conversions:
            told.add(conversion)
            for notice in conversion.notices:
                say(f"{conversion.source}: {notice}", _HINTS.get(notice.code))
            if conversion.error is not None:
                report(_typed(conversion.error), conversion.source)
            if conversion.reason is not None and conversion.part == 0:
                counts[conversion.reason] += 1
                names = skipped.setdefault(conversion.reason, [])
                if verbose:
                    say(f"{conversion.source}: passed over, {conversion.reason}")
                elif conversion.target is None and len(names) <= _NAMED:  # nobody misses what was converted before
                    names.append(conversion.source if len(names) < _NAMED else "...")
            if conversion.part == conversion.parts - 1:
                advance()
    for reason, number in counts.items():
        which = f" ({', '.join(skipped[reason])})" if skipped[reason] else ""
        say(f"{number:,} {'file was' if number == 1 else 'files were'} passed over: {reason}{which}")


def _typed(error: Exception) -> Exception:
    """Make an error speak of options, not of arguments."""
    if isinstance(error, DicomError):
        error.message, error.hint = as_typed(error.message) or "", as_typed(error.hint)
    return error


def _refuse(error: Exception) -> NoReturn:
    """End with what is wrong with an argument, or with a file that one names."""
    if isinstance(error, DicomError):
        if error.path is not None:
            report(error)
            raise Failure from None
        raise Misuse(as_typed(error.message) or "", as_typed(error.hint)) from None
    raise Misuse(as_typed(str(error)) or "") from None


def _require_folder_of(path: str | None) -> None:
    """Refuse a report that cannot be written, before anything is converted."""
    if path is not None and Path(path).is_dir():
        raise Misuse("--report takes a file, and a folder is given")
    if path is not None and not Path(path).parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(Path(path).parent))


def _require_new(
    given: dict[str, Any], target: Path, is_folder: bool, inputs: tuple[str, ...], found: "list[Item]"
) -> None:
    """Refuse a report that would be written over a file of this run."""
    from filmless.convert.journal import JOURNAL
    from filmless.convert.pieces import kind_of

    if given["report"] is None:
        return
    path = Path(given["report"])
    if path.resolve() == (target / JOURNAL if is_folder else target).resolve():
        raise Misuse("the report is OUT" if not is_folder else "the report is named as the journal of the run")
    if not path.exists():
        return
    if not is_folder and target.exists() and path.samefile(target):
        raise Misuse("the report is OUT")
    for option in ("table", "template", "worklist", "state", "font"):
        if given[option] and Path(given[option]).exists() and path.samefile(given[option]):
            raise Misuse(f"the report is the file of {option_of(option)}")
    if any(Path(name).exists() and path.samefile(name) for name in inputs):
        raise Misuse("the report is an input")
    # A report of an earlier run may lie in a folder that is gone through: nothing comes of it.
    for item in found:
        if item.path is not None and item.error is None and path.samefile(item.path) and kind_of(item) is not None:
            raise Misuse("the report is an input")


def _require_use(inward: dict[str, Any], found: "list[Item]", *, is_folder: bool) -> None:
    """Refuse options that nothing has a use for, as far as that is known of files that are named."""
    from filmless import _core
    from filmless.convert.pieces import format_name_of

    if "layout" in inward and not is_folder:
        raise Misuse("--layout is for OUT that is a folder")
    for name in ("table_key", "table_encoding", "table_delimiter"):
        if name in inward and "table" not in inward:
            raise Misuse(f"{option_of(name)} goes with --csv")
    pages = {"PDF"} if inward.get("as_images") else set()
    drawings = {"EMF", "WMF"} | pages
    uses = {"as_images": {"PDF"}, "dpi": drawings, "size": drawings}
    given = [name for name in uses if name in inward]
    syntax = _core.transfer_syntax(inward.get("transfer_syntax", ""))
    is_compressed = syntax is not None and syntax["encapsulated"]
    if not (given or is_compressed) or not all(item.is_named for item in found):
        return
    formats = {format_name_of(item) for item in found}
    if None in formats:
        return
    for name in given:
        if not formats & uses[name]:
            raise Misuse(f"{option_of(name)} has no use for {', '.join(sorted(map(str, formats)))}")
    if is_compressed and formats <= {"PDF", "CDA", "STL", "OBJ", "MTL"} - pages:
        raise Misuse("--transfer-syntax compresses pixels, and a document has none")
