"""`filmless transcode`: pixel data of files in another transfer syntax."""

import difflib
import os
from functools import partial
from pathlib import Path
from typing import Any

import click

import filmless
from filmless import _core
from filmless.cli.destinations import Folder, sources
from filmless.cli.parallel import Task, in_order
from filmless.cli.progress import progress
from filmless.cli.reporting import Batch, Misuse, writing

__all__ = ["SHORT_NAMES", "transcode"]

SHORT_NAMES = {
    "implicit": "ImplicitVRLittleEndian",
    "explicit": "ExplicitVRLittleEndian",
    "big-endian": "ExplicitVRBigEndian",
    "deflated": "DeflatedExplicitVRLittleEndian",
    "encapsulated": "EncapsulatedUncompressedExplicitVRLittleEndian",
    "rle": "RLELossless",
    "deflated-frame": "DeflatedImageFrameCompression",
    "jpeg": "JPEGBaseline8Bit",
    "jpeg-12": "JPEGExtended12Bit",
    "jpeg-lossless": "JPEGLosslessSV1",
    "jpeg-lossless-14": "JPEGLossless",
    "jpeg-ls": "JPEGLSLossless",
    "jpeg-ls-lossy": "JPEGLSNearLossless",
    "j2k": "JPEG2000Lossless",
    "j2k-lossy": "JPEG2000",
    "htj2k": "HTJ2KLossless",
    "htj2k-rpcl": "HTJ2KLosslessRPCL",
    "htj2k-lossy": "HTJ2K",
    "jxl": "JPEGXLLossless",
    "jxl-lossy": "JPEGXL",
    "jxl-jpeg": "JPEGXLJPEGRecompression",
}
_TABLE = "\n".join(f"  {short:<17} {keyword}" for short, keyword in SHORT_NAMES.items())


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
    """Write the pixel data of DICOM files in another transfer syntax; all else stays as it is.

    Frames are decoded again and compared before a file takes its name: what was to be lossless is, or the file is not
    written. A lossy image becomes a new SOP instance, derived from the one it was. Of several inputs, or a folder, OUT
    is a folder, which is made when missing; names stay, and one that is taken by another input gets a number.
    """
    if (output is None) != in_place:
        raise Misuse("say where to write: either -o OUT or --in-place")
    options = {**loss, "verify": not no_verify, "new_instance": not keep_uid}
    work = partial(_transcode, transfer_syntax=_target(syntax, loss), options=options)
    batch = Batch()
    pairs = _pairs(inputs, output)
    workers = 1 if len(pairs) == 1 else threads
    options["threads"] = threads if len(pairs) == 1 else 1
    tasks = (Task(source, partial(work, source, target)) for source, target in pairs)
    with progress("transcoding", len(pairs)) as advance:
        for task, outcome in in_order(tasks, threads=workers):
            with batch.file(task.path):
                outcome.result()
            advance()
    batch.finish()


def _transcode(path: str, target: Path, *, transfer_syntax: str, options: dict[str, Any]) -> None:
    from filmless.pixels.transcoding import transcode

    dataset = transcode(filmless.read(path), transfer_syntax, **options)
    with writing(target):
        filmless.file.write(dataset, target)


def _target(name: str, loss: dict[str, Any]) -> str:
    """Return the UID of the transfer syntax that is named, when it is written and has a use for the options."""
    from filmless.errors import UnsupportedError
    from filmless.pixels.codecs import EncodeOptions
    from filmless.pixels.targets import check_options, target_row

    keywords = {keyword.lower(): keyword for keyword in SHORT_NAMES.values()}
    keyword = SHORT_NAMES.get(name.lower()) or keywords.get(name.lower()) or name
    if _core.transfer_syntax(keyword) is None:
        near = difflib.get_close_matches(name.lower(), [*SHORT_NAMES, *keywords], 3, 0.5)
        hint = f"did you mean {' or '.join(keywords.get(one, one) for one in near)}?" if near else None
        raise Misuse(f"`{name}` is no transfer syntax, by short name, keyword or UID", hint)
    try:
        row = target_row(keyword)
        check_options(row, EncodeOptions(**loss))
    except (UnsupportedError, ValueError) as error:
        raise Misuse(str(error)) from None
    return str(row["uid"])


def _pairs(inputs: tuple[str, ...], output: str | None) -> list[tuple[str, Path]]:
    """Return each file, and where what becomes of it goes."""
    if output is None:
        return [(source.path, Path(source.path)) for source in sources(inputs, leave_out=None)]
    target = Path(output)
    many = len(inputs) > 1 or Path(inputs[0]).is_dir() or target.is_dir() or output.endswith(("/", os.sep))
    if not many:
        if target.exists() and Path(inputs[0]).exists() and target.samefile(inputs[0]):
            raise Misuse("OUT is the input itself", "--in-place writes over it")
        return [(inputs[0], target)]
    if target.exists() and not target.is_dir():
        raise Misuse("OUT is a file, and several inputs need a folder")
    found = list(sources(inputs, leave_out=target))
    names = Folder(target, (source.path for source in found))
    return [(source.path, _made(names.name_for(source))) for source in found]


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
