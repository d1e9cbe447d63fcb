"""GDCM's own Python binding; its JSON writer is measured in C++ only."""

import gdcm

from benchmarks.request import Request

gdcm.Trace.WarningOff()
gdcm.Trace.ErrorOff()
_PIXEL_DATA = gdcm.Tag(0x7FE0, 0x0010)
# "Up to" includes the tag itself: without skipping it GDCM would load the pixels.
_SKIPPED = gdcm.TagSetType()
_SKIPPED.insert(_PIXEL_DATA)


def _read(path: str) -> gdcm.Reader:
    reader = gdcm.Reader()
    reader.SetFileName(path)
    if not reader.ReadUpToTag(_PIXEL_DATA, _SKIPPED):
        raise ValueError("cannot read")
    return reader


def _row(path: str, tags: tuple[int, ...]) -> list[str]:
    # The reader owns the file that the filter looks into.
    reader = _read(path)
    text = gdcm.StringFilter()
    text.SetFile(reader.GetFile())
    return [text.ToString(gdcm.Tag(tag)) for tag in tags]


def open_only(request: Request) -> int:
    """Open a file up to its pixel data."""
    _read(str(request.path))
    return 1


def tags(request: Request) -> int:
    """Open and read attributes by tag, as text."""
    return sum(map(bool, _row(str(request.path), request.tags)))


def rewrite(request: Request) -> int:
    """Open, change one element, write."""
    reader = gdcm.Reader()
    reader.SetFileName(str(request.path))
    if not reader.Read():
        raise ValueError("cannot read")
    patient = gdcm.DataElement(gdcm.Tag(0x0010, 0x0020))
    patient.SetVR(gdcm.VR(gdcm.VR.LO))
    patient.SetByteValue("CHANGED-42", gdcm.VL(10))
    reader.GetFile().GetDataSet().Replace(patient)
    writer = gdcm.Writer()
    writer.SetFile(reader.GetFile())
    writer.SetFileName(f"{request.path}.python-gdcm")
    if not writer.Write():
        raise ValueError("cannot write")
    return 1


def index(request: Request) -> int:
    """Rows of attributes from many files, as text."""
    rows = [_row(path, request.tags) for path in request.paths]
    return sum(sum(map(bool, row)) for row in rows)


TASKS = {"open": open_only, "tags": tags, "rewrite": rewrite, "index": index}
