"""filmless itself, by its public names only."""

from collections.abc import Mapping
from typing import Any

import filmless
from benchmarks.request import Request


def open_only(request: Request) -> int:
    """Open a file; nothing is asked of it."""
    filmless.read(request.path)
    return 1


def tags(request: Request) -> int:
    """Open and read attributes by keyword."""
    ds = filmless.read(request.path)
    return sum(getattr(ds, keyword) is not None for keyword in request.keywords)


def touch(request: Request) -> int:
    """Open and decode every element before the pixel data, at every level."""
    return _walk(filmless.read(request.path, stop_before_pixels=True))


def touch_pixels(request: Request) -> int:
    """Open and decode every element, the bytes of the pixel data included."""
    return _walk(filmless.read(request.path))


def _walk(ds: filmless.Dataset) -> int:
    count = 0
    for element in ds.walk():
        element.value  # noqa: B018 - decoding is the task
        count += 1
    return count


def json(request: Request) -> int:
    """Open and give the header as DICOM JSON text."""
    return bool(filmless.read(request.path, stop_before_pixels=True).to_json())


def rewrite(request: Request) -> int:
    """Open, change one element, write; atomically, as filmless always does."""
    ds = filmless.read(request.path)
    ds.PatientID = "CHANGED-42"
    filmless.write(ds, f"{request.path}.filmless")
    return 1


def index(request: Request) -> int:
    """Columns of attributes from many files, on one thread."""
    return _filled(filmless.scan(request.paths, request.keywords, threads=1), request)


def index_parallel(request: Request) -> int:
    """Columns of attributes from many files, on as many threads as filmless chooses."""
    return _filled(filmless.scan(request.paths, request.keywords), request)


def _filled(columns: Mapping[str, list[Any]], request: Request) -> int:
    return sum(len(columns[keyword]) - columns[keyword].count(None) for keyword in request.keywords)


TASKS = {
    "open": open_only,
    "tags": tags,
    "touch": touch,
    "touch_pixels": touch_pixels,
    "whole": touch_pixels,
    "json": json,
    "rewrite": rewrite,
    "index": index,
    "index_parallel": index_parallel,
}
