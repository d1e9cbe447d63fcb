"""dicomsdl; it has no JSON."""

from functools import cache

import dicomsdl

from benchmarks.request import Request

_BEFORE_PIXELS = 0x7FE00000


def open_only(request: Request) -> int:
    """Open a file; dicomsdl can leave values out, but not for later, so it reads them all."""
    dicomsdl.open_file(str(request.path))
    return 1


def tags(request: Request) -> int:
    """Open and read attributes by keyword."""
    ds = dicomsdl.open_file(str(request.path), _BEFORE_PIXELS)
    return sum(getattr(ds, keyword) is not None for keyword in request.keywords)


def touch(request: Request) -> int:
    """Open and decode every element before the pixel data, at every level."""
    return _walk(dicomsdl.open_file(str(request.path), _BEFORE_PIXELS))


def touch_pixels(request: Request) -> int:
    """Open and decode every element, the bytes of the pixel data included."""
    return _walk(dicomsdl.open_file(str(request.path)))


def _walk(ds: dicomsdl.DataSet) -> int:
    count = 0
    for element in ds:
        # dicomsdl keeps the file meta information in the same data set.
        if element.tag() < 0x00080000:
            continue
        count += 1
        if element.vr() == dicomsdl.VR.SQ:
            count += sum(map(_walk, element.toSequence()))
        else:
            element.value()
    return count


def rewrite(request: Request) -> int:
    """Open, change one element, write."""
    ds = dicomsdl.open_file(str(request.path))
    ds.PatientID = "CHANGED-42"
    ds.saveToFile(f"{request.path}.dicomsdl")
    return 1


@cache
def _in_memory(path: str) -> dicomsdl.DataSet:
    return dicomsdl.open_file(path)


def write(request: Request) -> int:
    """Write a data set that is open already."""
    _in_memory(str(request.path)).saveToFile(f"{request.path}.dicomsdl-write-only")
    return 1


def index(request: Request) -> int:
    """Rows of attributes from many files."""
    rows = []
    for path in request.paths:
        ds = dicomsdl.open_file(path, _BEFORE_PIXELS)
        rows.append([ds[keyword] for keyword in request.keywords])
    return sum(len(row) - row.count(None) for row in rows)


TASKS = {
    "open": open_only,
    "tags": tags,
    "touch": touch,
    "touch_pixels": touch_pixels,
    "whole": touch_pixels,
    "rewrite": rewrite,
    "write": write,
    "index": index,
}
