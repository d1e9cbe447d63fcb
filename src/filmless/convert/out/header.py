"""Whole headers: JSON, XML and a table of the elements."""

import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from filmless.convert.out.options import Job
from filmless.dataset import DataElement, Dataset
from filmless.errors import DicomError

__all__ = ["write_csv", "write_json", "write_xml"]

_COLUMNS = ("path", "tag", "keyword", "vr", "vm", "length", "value")


def write_json(job: Job, out: BinaryIO) -> None:
    """Write the DICOM JSON model, long values in it.

    DICOM
    -----
    PS3.18 F
    """
    out.write(job.ds.to_json().encode())


def write_xml(job: Job, out: BinaryIO) -> None:
    """Write the native DICOM model, long values in it.

    DICOM
    -----
    PS3.19 A.1
    """
    out.write(job.ds.to_xml().encode())


def write_csv(job: Job, out: BinaryIO) -> None:
    r"""Write a table with a row for each element, those of items after their sequence; UTF-8, as RFC 4180 has it.

    ``path`` is as in ``SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing``. Text is as it is
    written, values are parted by backslashes. Of bytes (pixel data, unknown representations) the table has the length
    alone, of a sequence the number of its items as ``vm``.
    """
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for dataset in (job.ds.file_meta, job.ds):
        if dataset is not None:
            table.writerows(_rows(dataset))
    text.detach()


def _rows(ds: Dataset) -> Iterator[tuple[Any, ...]]:
    # A stack of ours: depth costs no call stack.
    stack: list[Iterator[tuple[str, DataElement]]] = [((_name(element), element) for element in ds)]
    while stack:
        found = next(stack[-1], None)
        if found is None:
            stack.pop()
            continue
        path, element = found
        tag = int(element.tag)
        is_sequence = element.VR == "SQ"
        value, vm = _value(element)
        length = "" if is_sequence or element.is_undefined_length else element.length
        yield path, f"({tag >> 16:04X},{tag & 0xFFFF:04X})", element.keyword, element.VR, vm, length, value
        if is_sequence:
            stack.append(_elements_of(path, element))


def _elements_of(path: str, sequence: DataElement) -> Iterator[tuple[str, DataElement]]:
    for number, item in enumerate(sequence.value):
        for element in item:
            yield f"{path}[{number}].{_name(element)}", element


def _name(element: DataElement) -> str:
    tag = int(element.tag)
    return element.keyword or f"{tag >> 16:04X}{tag & 0xFFFF:04X}"


def _value(element: DataElement) -> tuple[str, int | str]:
    """Return the text of a value and how many there are; one that breaks the rules has none."""
    try:
        if element.VR == "SQ":
            return "", len(element.value)
        text, value, vm = element.text, element.value, element.VM
    except DicomError:
        return "", ""
    if text is not None:
        return text, vm
    if value is None or isinstance(value, bytes):
        return "", vm
    return "\\".join(map(str, value if isinstance(value, list) else [value])), vm
