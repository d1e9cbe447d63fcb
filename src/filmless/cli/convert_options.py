"""The options of `filmless convert`: what is typed, as arguments of `filmless.convert.convert_many`."""

import errno
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from filmless.cli.option_groups import in_group
from filmless.cli.pictures import FrameChoice, frames_given, rendering_given, rendering_options
from filmless.cli.reporting import Misuse
from filmless.errors import ConversionError

__all__ = [
    "Direction",
    "as_typed",
    "conversion_options",
    "inward_given",
    "option_of",
    "outward_given",
    "refuse_foreign",
]

Command = TypeVar("Command", bound=Callable[..., Any])
Direction = Literal["DICOM", "other"]

_IN = in_group(
    "To DICOM",
    click.option("--apart", is_flag=True, help="An object for each page or frame, in place of a multi-frame one."),
    click.option("--as-images", is_flag=True, help="Pages of a PDF as images, in place of the PDF in an object."),
    click.option("--dpi", type=click.FloatRange(1, 10000), metavar="N", help="Of drawings and PDF pages (200)."),
    click.option("--background", metavar="GREY|R,G,B", help="What is seen through what is transparent (255)."),
    click.option("--strip-metadata", is_flag=True, help="Leave EXIF, comments and thumbnails out of a JPEG."),
    click.option("--verify", is_flag=True, help="Decode streams that go in as they are, refuse damaged ones."),
    click.option("--max-pixels", type=click.IntRange(1), metavar="N", help="Refuse what has more (268435456)."),
    click.option("--transfer-syntax", "syntax", metavar="SYNTAX", help="Compress: j2k, jpeg-ls, htj2k, jxl, rle, ..."),
    click.option("--copy-dicom", is_flag=True, help="Copy DICOM files of IN, in place of passing them over."),
)
_HEADER = in_group(
    "Header, to DICOM",
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEYWORD=VALUE",
        help="A value; repeatable. Also Sequence[0].Keyword=VALUE, and codes as value^scheme^meaning.",
    ),
    click.option("--template", metavar="FILE", help="Patient and study of a DICOM file; all of a JSON template."),
    click.option("--worklist", metavar="FILE", help="Of a worklist entry: a DICOM or JSON file, a folder of such."),
    click.option("--worklist-match", multiple=True, metavar="KEY=VALUE", help="Which entry; repeatable."),
    click.option("--csv", "table", metavar="FILE", help="A row for each file, a column for each keyword."),
    click.option("--csv-key", "table_key", metavar="COLUMN", help="The column with the file's name (file)."),
    click.option("--csv-encoding", "table_encoding", metavar="NAME", help="Of the table, such as cp1252 (UTF-8)."),
    click.option("--csv-delimiter", "table_delimiter", metavar="C", help="Of the table, when it is not found."),
    click.option("--name-pattern", metavar="PATTERN", help="Of file names: {PatientID}_{StudyDate}_*."),
    click.option("--exif", is_flag=True, help="Device and time of EXIF."),
    click.option("--exif-description", is_flag=True, help="Image Description of EXIF, as Image Comments."),
    click.option("--sop-class", metavar="NAME", help="UID, keyword or name, in place of what follows from IN."),
    click.option("--study", metavar="WHAT", help="A study is: one (the run), folder, file; or its UID."),
    click.option("--series", metavar="WHAT", help="A series is: one (the run), folder, file; or its UID."),
    click.option("--uid-root", metavar="ROOT", help="Of your organisation, for all new UIDs."),
    click.option("--deterministic", is_flag=True, help="UIDs that follow from content and header."),
)
_BOTH = in_group(
    "Either way",
    click.option("--size", type=click.IntRange(1, 65535), metavar="N", help="Pixels of the longer side."),
    click.option("--quality", type=click.FloatRange(1, 100), metavar="Q", help="Of what loses something, 1 to 100."),
)
_OUT = in_group(
    "From DICOM",
    click.option("--frame", metavar="N|A-B|all", help="Which frames, from 0."),
    rendering_options,
    click.option("--depth", type=click.Choice(["8", "16", "32"]), help="16: stored values; 32: modality, as float."),
    click.option("--values", type=click.Choice(["stored", "modality", "display"]), help="Of an array."),
    click.option("--level", type=click.IntRange(0, 12), metavar="N", help="Work for a small PNG, 0 to 12 (6)."),
    click.option("--lossless", is_flag=True, help="WebP that loses nothing."),
    click.option("--subsampling", metavar="4:2:0", help="Of colours in a JPEG: 4:4:4, 4:2:2 or 4:2:0."),
    click.option("--compression", metavar="NAME", help="Of a TIFF: deflate, lzw, none; of npz: deflate, none."),
    click.option("--fps", type=click.FloatRange(0, min_open=True), metavar="N", help="Frames a second."),
    click.option("--sheet", metavar="COLSxROWS", help="Images on a page of a PDF: a contact sheet."),
    click.option("--captions", metavar="KEYWORD,...", help="Values below the images of a PDF."),
    click.option("--paper", type=click.Choice(["a4", "letter"]), help="Of a PDF (a4)."),
    click.option("--font", metavar="FILE", help="TrueType, for the captions of a PDF."),
    click.option("--loop", type=click.IntRange(0), metavar="N", help="Times an animation runs, 0 for ever."),
)
_MANY = in_group(
    "Many files",
    click.option("--layout", type=click.Choice(["mirror", "uid", "study"]), help="Names of DICOM files (mirror)."),
    click.option("--force", is_flag=True, help="Write over files in OUT that are no input."),
    click.option("--resume", is_flag=True, help="Go on after an interruption: pass over what was converted."),
    click.option("--report", metavar="FILE", help="What became of each file, as JSON."),
    click.option("-v", "--verbose", is_flag=True, help="Name each file that is passed over, and why."),
    click.option("--max-members", type=click.IntRange(1), metavar="N", help="The most files of a ZIP file (100000)."),
    click.option("--max-member-bytes", type=click.IntRange(1), metavar="N", help="Of the largest, unpacked (1 GiB)."),
    click.option("--max-zip-bytes", type=click.IntRange(1), metavar="N", help="Of all together, unpacked (64 GiB)."),
    click.option("--threads", type=click.IntRange(1), metavar="N", help="As many as processors by default."),
)


def conversion_options(command: Command) -> Command:
    """Add the options that `inward_given` and `outward_given` take, and those of many files."""
    for group in (_MANY, _OUT, _BOTH, _HEADER, _IN):
        command = group(command)
    return command


def inward_given(given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments for a conversion to DICOM that were given, and no others.

    Raises
    ------
    Misuse
        A value is wrong.
    """
    names = (
        *("apart", "as_images", "dpi", "strip_metadata", "verify", "max_pixels", "copy_dicom", "size", "quality"),
        *("template", "worklist", "table", "table_key", "table_encoding", "table_delimiter"),
        *("name_pattern", "exif", "exif_description", "sop_class", "study", "series"),
        *("uid_root", "deterministic", "layout"),
    )
    options = {name: given[name] for name in names if given[name]}
    if given["background"]:
        options["background"] = _background(given["background"])
    if given["syntax"]:
        from filmless.cli.transcode import target_named

        options["transfer_syntax"] = target_named(given["syntax"], {"quality": given["quality"]})
    if given["worklist_match"]:
        options["worklist_match"] = dict(_pair("--worklist-match", text) for text in given["worklist_match"])
    if given["settings"]:
        options["values"] = _values(given["settings"])
    return options


def outward_given(given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments for a conversion from DICOM that were given, and no others.

    Raises
    ------
    Misuse
        A value is wrong.
    """
    options = rendering_given(**{name: given[name] for name in ("window", "voi", "state", "plain", "icc", "size")})
    if options and given["depth"] in ("16", "32"):
        raise Misuse(f"--depth {given['depth']} gives values, nothing that is rendered goes with it")
    for name in ("values", "level", "subsampling", "compression", "fps", "loop", "paper", "font"):
        if given[name] is not None:
            options[name] = given[name]
    if given["font"] is not None and not Path(given["font"]).is_file():
        raise FileNotFoundError(errno.ENOENT, "no such file", given["font"])
    if given["quality"] is not None:
        options["quality"] = int(given["quality"]) if given["quality"].is_integer() else given["quality"]
    if given["lossless"]:
        options["lossless"] = True
    if given["depth"] is not None:
        options["depth"] = int(given["depth"])
    if given["captions"] is not None:
        options["captions"] = tuple(name for name in given["captions"].split(",") if name)
    if given["sheet"] is not None:
        options["sheet"] = _sheet(given["sheet"])
    frames = frames_given(given["frame"])
    if isinstance(frames, FrameChoice):
        options["frames"] = "all" if frames.last is None else range(frames.first, frames.last + 1)
    elif frames is not None:
        options["frame"] = frames
    return options


def refuse_foreign(direction: Direction, inward: dict[str, Any], outward: dict[str, Any]) -> None:
    """Refuse options that the conversion cannot use: whoever gave them expects something else.

    Raises
    ------
    Misuse
        There is one.
    """
    both = {"size", "quality"}
    foreign = sorted((outward if direction == "DICOM" else inward).keys() - both)
    if foreign:
        where = "from DICOM, and this one is to DICOM" if direction == "DICOM" else "to DICOM, and this one is from it"
        what = ", ".join("--set" if name == "values" and direction == "other" else option_of(name) for name in foreign)
        raise Misuse(f"{what} {'is' if len(foreign) == 1 else 'are'} for a conversion {where}")


#: Arguments that are typed otherwise than their names.
_TYPED = {"table": "--csv", "table_key": "--csv-key", "table_encoding": "--csv-encoding"}
_TYPED |= {"table_delimiter": "--csv-delimiter", "frames": "--frame", "overlays": "--no-overlays"}
_TYPED |= {"state": "--presentation-state"}
_ARGUMENTS = re.compile(
    r"`?\b(table_key|table_encoding|table_delimiter|sop_class|uid_root|worklist_match|name_pattern|transfer_syntax)\b`?"
    r"|`(values|level|lossless|subsampling|compression|fps|sheet|captions|paper|font|loop|depth|quality|size|window|voi"
    r"|presentation_state|overlays|icc|frames|threads)`"
    r"|\b(max_pixels|max_members|max_member_bytes|max_zip_bytes)="
)


def as_typed(text: str | None) -> str | None:
    """Return a message with the arguments of the library as the options that they are here."""
    if text is None:
        return None
    return _ARGUMENTS.sub(
        lambda match: f"{option_of(match[3])} " if match[3] else option_of(match[1] or match[2]), text
    )


def option_of(name: str) -> str:
    """Return how an argument is typed."""
    return _TYPED.get(name, f"--{name.replace('_', '-')}")


def _background(text: str) -> int | tuple[int, ...]:
    numbers = text.split(",")
    if len(numbers) not in (1, 3) or not all(one.isascii() and one.isdigit() and len(one) < 4 for one in numbers):
        raise Misuse("--background takes a grey of 0 to 255, or three such numbers as R,G,B")
    colours = tuple(int(one) for one in numbers)
    return colours[0] if len(colours) == 1 else colours


def _sheet(text: str) -> tuple[int, int]:
    columns, times, rows = text.lower().partition("x")
    if not times or not all(one.isascii() and one.isdigit() and 0 < len(one) < 4 for one in (columns, rows)):
        raise Misuse("--sheet takes columns and rows as 4x5")
    return int(columns), int(rows)


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Misuse(f"{option} needs Keyword=value")
    return name, value


def _values(settings: Iterable[str]) -> dict[str, Any]:
    """Take the values of ``--set`` apart and check them before any file is read."""
    from filmless.convert.header import value_of_text

    values = {}
    for setting in settings:
        name, text = _pair("--set", setting)
        if name in values:
            raise Misuse(f"--set gives {name} twice")
        try:
            values[name] = value_of_text(name, text)
        except ConversionError as error:
            raise Misuse(error.message, error.hint) from None
    return values
