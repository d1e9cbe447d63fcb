"""Transfer syntaxes as targets: what each can hold, and how samples have to be described for it."""

from dataclasses import replace
from typing import Any

from filmless import _core
from filmless.errors import UnsupportedError
from filmless.file._short_names import keyword_of
from filmless.pixels.codecs import EncodeOptions, Encodes, codec_of
from filmless.pixels.description import PixelDescription

__all__ = ["Row", "check_capable", "check_options", "row_of", "target_row", "targets", "turns_pixels", "written_as"]

Row = dict[str, Any]
"""A row of the registry of transfer syntaxes."""

_RECOMPRESSED = "JPEGXLJPEGRecompression"  # whose samples are those of JPEG
_OPTIONS = {  # of lossy targets, by family
    "jpeg": {"quality"},
    "jpeg-ls": {"max_error"},
    "jpeg-2000": {"quality", "ratio"},
    "htj2k": {"quality"},
    "jpeg-xl": {"quality"},
}


def row_of(transfer_syntax: str) -> Row:
    """Return the row of a transfer syntax by UID or keyword.

    Raises
    ------
    UnsupportedError
        It is not registered.
    """
    row = _core.transfer_syntax(transfer_syntax)
    if row is None:
        raise UnsupportedError(
            f"pixel data of transfer syntax {transfer_syntax} cannot be decoded", uid=transfer_syntax
        )
    return dict(row)


def targets() -> list[Row]:
    """Return the rows of all transfer syntaxes that are written, in the order of the registry."""
    return [dict(row) for row in _core.transfer_syntaxes() if _is_target(dict(row))]


def turns_pixels(row: Row) -> bool:
    """Whether pixel data, and nothing else, are big endian in a transfer syntax, as in GE's own one."""
    return bool(row["big_endian_pixels"] and not row["big_endian"])


def target_row(transfer_syntax: str) -> Row:
    """Return the row of a target by UID, keyword or short name.

    Raises
    ------
    ValueError
        There is no such transfer syntax.
    UnsupportedError
        It is not written.
    """
    row = _core.transfer_syntax(keyword_of(transfer_syntax))
    if row is None:
        raise ValueError(f"`{transfer_syntax}` is no transfer syntax: give a UID, a keyword or a short name as jpeg-ls")
    if not _is_target(dict(row)):
        raise UnsupportedError(f"{row['name']} is not written", uid=row["uid"])
    return dict(row)


def check_options(target: Row, options: EncodeOptions) -> None:
    """Raise ValueError for options that the target has no use for, or that say the same twice."""
    useful = set() if target["lossless"] else _OPTIONS.get(target["codec"], set())
    given = [name for name in ("quality", "ratio", "max_error") if getattr(options, name) is not None]
    for name in given:
        if name not in useful:
            takes = " or ".join(f"`{option}`" for option in sorted(useful)) or "no option, it loses nothing"
            raise ValueError(f"`{name}` does not go with {target['keyword']}, which takes {takes}")
    if len(given) > 1:
        raise ValueError("give `quality` or `ratio`, not both")


def check_capable(description: PixelDescription, target: Row) -> None:
    """Raise unless the target can hold such samples.

    Raises
    ------
    UnsupportedError
        It cannot; the hint names those that can.
    """
    if _holds(description, target):
        return
    kind = "floating point" if description.keyword != "PixelData" else f"{description.bits_stored}-bit"
    sign = "signed " if description.signed else ""
    message = f"{target['name']} cannot hold {kind} {sign}samples, {description.samples} per pixel"
    able = [row["keyword"] for row in targets() if not row["encapsulated"] or _holds(description, row)]
    raise UnsupportedError(message, uid=target["uid"], hint=f"these can: {', '.join(able)}")


def written_as(description: PixelDescription, target: Row, photometric: str, bits_stored: int) -> PixelDescription:
    """Describe samples as the target will have them.

    JPEG with a cosine transform has samples of 8 or 12 bits and no others. A codec of at most 16 bits has no use for
    the upper half of 32.

    DICOM
    -----
    PS3.5 Table 8.2.1-1; PS3.3 C.7.6.3.1
    """
    allocated = description.bits_allocated if description.bits_allocated == 1 else 8 * description.dtype.itemsize
    while bits_stored > allocated:
        allocated = max(8, 2 * allocated)
    if (target["codec"] == "jpeg" or target["keyword"] == _RECOMPRESSED) and bits_stored <= 12:
        bits_stored = bits_stored if bits_stored <= 8 else 12
        allocated = 8 if bits_stored <= 8 else 16
    elif allocated > 16 and bits_stored <= 16 and (encodes := _encodes(target)) and encodes.bits[1] <= 16:
        allocated = 16
    return replace(
        description,
        transfer_syntax=target["uid"],
        photometric_interpretation=photometric,
        bits_allocated=allocated,
        bits_stored=bits_stored,
        high_bit=bits_stored - 1,
        by_plane=False,
        big_endian=False,
    )


def _is_target(row: Row) -> bool:
    return _written(row) is not None


def _encodes(row: Row) -> Encodes | None:
    """Return what is written in an encapsulated transfer syntax, nothing when none is."""
    return _written(row) if row["encapsulated"] else None


def _written(row: Row) -> Encodes | None:
    try:
        return codec_of(row["uid"]).encodes
    except UnsupportedError:
        return None


def _holds(description: PixelDescription, row: Row) -> bool:
    encodes = _encodes(row)
    if encodes is None or description.keyword != "PixelData":
        return False
    if row["codec"] == "rle" and description.bits_allocated == 1:
        return False
    fits = encodes.bits[0] <= description.bits_stored <= encodes.bits[1]
    return fits and description.samples in encodes.samples and (encodes.signed or not description.signed)
