"""Instances of any UID and size, made quickly."""

from collections.abc import Callable
from pathlib import Path

import pydicom.data

from filmless.file import encode, read

UID = "1.2.826.0.1.3680043.10.5412."


def instance_maker(*, size: int = 0) -> Callable[..., bytes]:
    """Return what makes small CT instances quickly: digits are exchanged in the bytes of one."""
    ds = read(Path(pydicom.data.__file__).parent / "test_files" / "CT_small.dcm")
    del ds["PixelData"]
    if size:
        ds.PixelData = bytes(size)
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = (f"{UID}{n}.{10**11}" for n in (1, 2, 3))
    ds.PatientComments = "VARIANT "
    template = encode(ds)
    marks = [f"{UID}{n}.".encode() + str(10**11).encode() for n in (1, 2, 3)]
    assert template.count(marks[2]) == 2  # in the file meta information, too

    def make(number: int, *, study: int = 0, variant: int = 0) -> bytes:
        data = template
        for mark, value in zip(marks, (study, study, number), strict=True):
            data = data.replace(mark, mark[:-12] + str(10**11 + value).encode())
        return data.replace(b"VARIANT ", f"{variant:08}".encode()) if variant else data

    return make


def uid_of(number: int, *, level: int = 3) -> str:
    """Return the UID that a number has been given by `instance_maker`."""
    return f"{UID}{level}.{10**11 + number}"
