"""`filmless media`: file-sets on media made, updated and verified."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filmless.cli.progress import progress
from filmless.cli.reporting import Failure, Misuse, printable, say
from filmless.dataset import Dataset
from filmless.errors import LimitError

if TYPE_CHECKING:
    from filmless.file.media import MediaReport, Remark

__all__ = ["media"]

_ICON_SIDE = 64
#: Remarks of a kind that are told one by one; of more, how many there are.
_TOLD = 5
_PROFILES = """\b
PROFILE is what a medium may hold beside Explicit VR Little Endian:
  STD-GEN-CD, STD-GEN-DVD-RAM                     nothing
  STD-GEN-{DVD,USB,MMC,CF,SD,BD}-JPEG             JPEG lossless, baseline, extended
  STD-GEN-{DVD,USB,MMC,CF,SD,BD}-J2K              JPEG 2000 lossless and lossy
  STD-GEN-BD-MPEG2-MPML, -MPHL                    MPEG-2
  STD-GEN-BD-MPEG4-HPLV41, -HPLV41BD,             MPEG-4 AVC/H.264
      -HPLV42-2D, -HPLV42-3D, -SHPLV42
  general                                         everything: no profile of PS3.11"""


def _profile(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    from filmless.file.media.profiles import profile_named

    try:
        return None if name is None else profile_named(name).name
    except ValueError as error:
        raise Misuse(str(error)) from None


def _file_set_id(_: click.Context, __: click.Parameter, text: str) -> str:
    from filmless.file.media.creating import checked_file_set_id

    try:
        return checked_file_set_id(text)
    except ValueError as error:
        raise Misuse(str(error)) from None


def _uid(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    from filmless.dataset import UID

    if text is not None and not UID(text).is_valid:
        raise Misuse("--uid is no UID")
    return text


@click.group(short_help="Make, update and verify file-sets with a DICOMDIR.")
def media() -> None:
    """File-sets: instances under names that every medium can hold, and the DICOMDIR that lists them (PS3.10)."""


def _writing(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that go with what is written."""
    options = (
        click.option(
            "--profile",
            default="STD-GEN-CD",
            show_default=True,
            metavar="PROFILE",
            callback=_profile,
            help="What it may hold.",
        ),
        click.option("--transcode", is_flag=True, help="Decode images that the profile does not allow as they are."),
        click.option(
            "--keep-damaged", is_flag=True, help="Take a file that ends early when no other has its instance."
        ),
        click.option("--icons", is_flag=True, help="Put a small picture of each image into the DICOMDIR."),
        click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads; by default one a processor."),
        click.option(
            "-v", "--verbose", is_flag=True, help="Tell of each file that is no instance, and of each repair."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@media.command(short_help="Make a file-set of files and folders.", epilog=_PROFILES)
@click.argument("sources", nargs=-1, required=True, metavar="FOLDER...")
@click.option("-o", "--output", required=True, metavar="DISC", help="A folder that is missing or empty, or a .zip.")
@click.option(
    "--id",
    "file_set_id",
    default="",
    metavar="ID",
    callback=_file_set_id,
    help="Name of the medium, up to 16 of A-Z, 0-9 and _.",
)
@click.option("--uid", "file_set_uid", metavar="UID", callback=_uid, help="UID of the file-set; a new one by default.")
@_writing
def create(sources: tuple[str, ...], output: str, file_set_id: str, file_set_uid: str | None, **options: Any) -> None:
    """Copy the DICOM instances in FOLDERs to DISC, and list them in its DICOMDIR.

    Files stay byte for byte as they are when the profile allows their transfer syntax; uncompressed ones become
    Explicit VR Little Endian where it does not. What is no DICOM instance is passed over. A file that ends early is
    left out, and the exit code 1, unless another has the same instance. The DICOMDIR is written last, and what was
    written is removed when the work cannot be finished.
    """
    from filmless.file.media import create_fileset

    _refuse_unfinished(output)
    if Path(output).exists() and not _is_empty(Path(output)):
        raise Failure(f"is there and not an empty folder: {output}", _hint_for(Path(output)))
    with _work(options) as arguments:
        report = create_fileset(sources, output, file_set_id=file_set_id, file_set_uid=file_set_uid, **arguments)
    _tell(report, verbose=options["verbose"])


@media.command(short_help="Add instances to a file-set.", epilog=_PROFILES)
@click.argument("disc", metavar="DISC")
@click.argument("sources", nargs=-1, required=True, metavar="FOLDER...")
@_writing
def update(disc: str, sources: tuple[str, ...], **options: Any) -> None:
    """Add the DICOM instances in FOLDERs to the file-set in DISC, and to its DICOMDIR.

    What is there stays: files, names, records, icons and private keys. Wrong offsets of the DICOMDIR are mended.
    """
    from filmless.file.media import update_fileset

    _refuse_unfinished(disc)
    with _work(options) as arguments:
        report = update_fileset(disc, sources, **arguments)
    _tell(report, verbose=options["verbose"])


@media.command(short_help="Compare a file-set with its DICOMDIR.")
@click.argument("disc", metavar="DISC")
@click.option(
    "--profile", metavar="PROFILE", callback=_profile, help="The profile that it has to keep to; see `create --help`."
)
@click.option("--max-unpacked", type=click.IntRange(min=1), metavar="BYTES", help="What a ZIP may unpack to.")
def verify(disc: str, profile: str | None, max_unpacked: int | None) -> None:
    """Write a line for all that is wrong with the file-set in DISC, a folder or a ZIP; exit with 1 if anything is.

    Every file has to be there and to be what its record says, in its keys too; names, links and keys have to be as the
    Standard has them; and no DICOM file may be unlisted.
    """
    from filmless.file.media import verify_fileset

    bound = {} if max_unpacked is None else {"max_unpacked": max_unpacked}
    try:
        remarks = verify_fileset(disc, profile=profile, **bound)
    except LimitError as error:
        error.hint = error.hint or "--max-unpacked BYTES allows more"
        raise
    for remark in remarks:
        text = f"{remark.file}: {remark.message}" if remark.file else remark.message
        # File IDs may hold anything: nothing of them moves the cursor of a terminal.
        click.echo(printable(text))
    if remarks:
        raise Failure


def _refuse_unfinished(disc: str) -> None:
    """Say how to go on when a process that was killed has left a medium unfinished; it may be another that runs."""
    from filmless.file.media.writing import left_of_unfinished

    left = left_of_unfinished(Path(disc))
    if left is not None:
        message = f"holds an unfinished file-set: `create` was stopped, or is at work: {disc}"
        raise Failure(message, f"when none is at work, remove {left}, then `create` again")


def _hint_for(output: Path) -> str:
    if output.suffix.lower() == ".zip" or not output.is_dir():
        return "name a file or folder that is missing"
    is_fileset = any(entry.name.upper() == "DICOMDIR" for entry in output.iterdir())
    return "`filmless media update` adds to a file-set" if is_fileset else "name a folder that is missing or empty"


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


@contextmanager
def _work(options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the arguments that follow from the options; a bar is shown while files are written."""
    with ExitStack() as stack:
        advance: list[Callable[[], None]] = []

        def told(_: int, total: int) -> None:
            if not advance:
                advance.append(stack.enter_context(progress("writing", total)))
            advance[0]()

        yield {
            "profile": options["profile"],
            "icon": _icon if options["icons"] else None,
            "prepare": _decoded if options["transcode"] else None,
            "progress": told,
            "keep_damaged": options["keep_damaged"],
            "threads": options["threads"],
        }


def _icon(dataset: Dataset) -> Any:
    """Render a small grey picture; None of what cannot be rendered."""
    import io

    import numpy as np
    from PIL import Image

    from filmless.pixels.rendering import thumbnail

    picture = thumbnail(dataset, side=_ICON_SIDE)
    return None if picture is None else np.asarray(Image.open(io.BytesIO(picture)).convert("L"))


def _decoded(dataset: Dataset) -> Dataset:
    from filmless.pixels.transcoding import transcode

    return transcode(dataset, "ExplicitVRLittleEndian", threads=1)  # files go several at a time


def _tell(report: "MediaReport", *, verbose: bool) -> None:
    """Say what was not simply copied; what is not on the medium is a failure."""
    _list(report.remarks, verbose=verbose)
    if verbose:
        _list(report.passed_over, verbose=True)
    _list(report.failed, verbose=True)
    counts = [f"{report.written} written"]
    if report.repeated:
        counts.append(f"{report.repeated} there already")
    if report.passed_over:
        counts.append(f"{len(report.passed_over)} passed over")
    if report.failed:
        counts.append(f"{len(report.failed)} failed")
    if report.size:
        from filmless.file.media.sizes import size_text

        counts.append(size_text(report.size))
    click.echo(f"{', '.join(counts)}: {report.path}")
    if report.failed:
        raise Failure


def _list(remarks: "list[Remark]", *, verbose: bool) -> None:
    told = Counter[str]()
    for remark in remarks:
        told[remark.message] += 1
        if verbose or told[remark.message] <= _TOLD:
            say(str(remark))
    for message, count in told.items():
        if not verbose and count > _TOLD:
            more = count - _TOLD
            say(
                f"{message}: {more} more file{'' if more == 1 else 's'}",
                None if len(told) > 1 else "--verbose tells of each",
            )
