"""Many data sets in one file: the pages of a PDF."""

from collections.abc import Generator, Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from filmless.convert.conversion import Conversion
from filmless.convert.from_dicom import from_dicom
from filmless.convert.notice import ConversionNotice
from filmless.convert.out.formats import format_named
from filmless.convert.pieces import Outward, PassedOver
from filmless.convert.sources import Item
from filmless.dataset import Dataset
from filmless.errors import DicomError

__all__ = ["gathered"]


def gathered(
    items: Iterable[Item], output: str | PathLike[str], to: str, **options: Any
) -> Generator[Conversion, None, None]:
    """Convert DICOM files to one file of a format that takes many.

    Parameters
    ----------
    items
        The sources, all of which are opened before anything is written.
    output
        The file, written whole or not at all.
    to
        The format.
    **options
        As of `from_dicom`.

    Yields
    ------
    Conversion
        What became of each source; those that cannot be read are left out.
    """
    outward = Outward(format=format_named(to), options=options)
    told: list[Conversion] = []
    datasets: list[Dataset] = []
    for item in items:
        notices: list[ConversionNotice] = []
        conversion = Conversion(source=item.name)
        try:
            _require(item)
            datasets += [piece.part.job.ds for piece in outward.pieces(item, notices)]
            told.append(replace(conversion, target=Path(output), notices=tuple(notices)))
        except PassedOver as passed:
            told.append(replace(conversion, status="skipped", reason=passed.reason))
        except Exception as error:  # noqa: BLE001  one bad file does not stop the rest
            told.append(replace(conversion, status="failed", error=error))
    try:
        if datasets:
            from_dicom(datasets, to, output, **options)
    except (DicomError, OSError) as error:
        told = [replace(one, status="failed", error=error) if one.status == "converted" else one for one in told]
    yield from told


def _require(item: Item) -> None:
    if item.error is not None:
        raise item.error
    if item.reason is not None:
        raise PassedOver(item.reason)
