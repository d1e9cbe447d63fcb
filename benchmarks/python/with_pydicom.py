"""pydicom, asked for no more than the task needs: pixel data is left out wherever it is not wanted."""

import warnings

import pydicom

from benchmarks.request import Request

warnings.simplefilter("ignore")


def open_only(request: Request) -> int:
    """Open a file, big values left in it."""
    pydicom.dcmread(request.path, defer_size=4096)
    return 1


def open_eager(request: Request) -> int:
    """Open a file as ``dcmread(path)`` does it."""
    pydicom.dcmread(request.path)
    return 1


def tags(request: Request) -> int:
    """Open and read attributes by keyword."""
    ds = pydicom.dcmread(request.path, stop_before_pixels=True)
    return sum(getattr(ds, keyword) is not None for keyword in request.keywords)


def touch(request: Request) -> int:
    """Open and decode every element before the pixel data, at every level."""
    return _walk(pydicom.dcmread(request.path, stop_before_pixels=True))


def touch_pixels(request: Request) -> int:
    """Open and decode every element, the bytes of the pixel data included."""
    return _walk(pydicom.dcmread(request.path))


def _walk(ds: pydicom.Dataset) -> int:
    count = 0
    for element in ds.iterall():
        element.value  # noqa: B018 - decoding is the task
        count += 1
    return count


def json(request: Request) -> int:
    """Open and give the header as DICOM JSON text."""
    return bool(pydicom.dcmread(request.path, stop_before_pixels=True).to_json())


def rewrite(request: Request) -> int:
    """Open, change one element, write."""
    ds = pydicom.dcmread(request.path)
    ds.PatientID = "CHANGED-42"
    ds.save_as(f"{request.path}.pydicom")
    return 1


def index(request: Request) -> int:
    """Rows of attributes from many files."""
    wanted, rows = list(request.keywords), []
    for path in request.paths:
        ds = pydicom.dcmread(path, specific_tags=wanted, stop_before_pixels=True)
        rows.append([ds.get(keyword) for keyword in wanted])
    return sum(len(row) - row.count(None) for row in rows)


TASKS = {
    "open": open_only,
    "open_eager": open_eager,
    "tags": tags,
    "touch": touch,
    "touch_pixels": touch_pixels,
    "whole": touch_pixels,
    "json": json,
    "rewrite": rewrite,
    "index": index,
}
