"""Many data sets in one file: the pages of a PDF."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from filmless.convert.conversion import Conversion
from filmless.convert.from_dicom import from_dicom
from filmless.convert.notice import ConversionNotice
from filmless.convert.out.formats import format_named
from filmless.convert.parallel import in_order
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
        What became of each source; those that cannot be read, or whose frames do not decode, are left out.
    """
    outward = Outward(format=format_named(to), options=options)
    told: list[Conversion] = []
    pages: list[tuple[int, Dataset]] = []  # which source, and its data set
    for item in items:
        notices: list[ConversionNotice] = []
        conversion = Conversion(source=item.name)
        try:
            _require(item)
            pages += [(len(told), piece.part.job.ds) for piece in outward.pieces(item, notices)]
            told.append(replace(conversion, target=Path(output), notices=tuple(notices)))
        except PassedOver as passed:
            told.append(replace(conversion, status="skipped", reason=passed.reason))
        except Exception as error:  # noqa: BLE001  one bad file does not stop the rest
            told.append(replace(conversion, status="failed", error=error))
    wrong = _write([ds for _, ds in pages], output, to, options)
    bad = [] if wrong is None else list(_bad(pages, to, options, wrong, output))
    for number, reason in bad:
        told[number] = replace(told[number], status="failed", target=None, notices=(), error=reason)
    if bad:
        wrong = _write([ds for number, ds in pages if told[number].status == "converted"], output, to, options)
    if wrong is not None:
        told = [_failed(one, wrong, output) if one.status == "converted" else one for one in told]
    yield from told


def _write(datasets: list[Dataset], output: str | PathLike[str], to: str, options: dict[str, Any]) -> Exception | None:
    """Write the file, if there is something to put into it; return what went wrong."""
    try:
        if datasets:
            from_dicom(datasets, to, output, **options)
    except Exception as error:  # noqa: BLE001
        return error
    return None


def _bad(
    pages: list[tuple[int, Dataset]], to: str, options: dict[str, Any], error: Exception, output: str | PathLike[str]
) -> Iterator[tuple[int, Exception]]:
    """Find the sources that cannot become pages: a file of many does not say of which one an error is."""
    if isinstance(error, OSError) and error.filename == fspath(output):
        return  # no source is to blame
    alone = {**options, "threads": 1}

    def convert(page: tuple[int, Dataset]) -> None:
        from_dicom(page[1], to, **alone)

    for (number, _), outcome in in_order(convert, pages, threads=options.get("threads")):
        reason = outcome.exception()
        if isinstance(reason, Exception):
            yield number, reason


def _failed(one: Conversion, error: Exception, output: str | PathLike[str]) -> Conversion:
    """Tell of what is wrong with all: no source is named for it."""
    if isinstance(error, DicomError) and error.path is None:
        error.path = fspath(output)
    return replace(one, status="failed", target=None, notices=(), error=error)


def _require(item: Item) -> None:
    if item.error is not None:
        raise item.error
    if item.reason is not None:
        raise PassedOver(item.reason)
