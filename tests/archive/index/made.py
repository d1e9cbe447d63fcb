"""Records that are made, without files."""

import hashlib
from collections.abc import Iterable
from typing import Any

from filmless import _core
from filmless.archive.header import Header, header_json
from filmless.archive.levels import LEVELS
from filmless.archive.query import Key
from filmless.archive.record import Record
from filmless.dataset import Dataset

CT, SR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.88.11"
EXPLICIT = "1.2.840.10008.1.2.1"


def data_set(study: int = 1, series: int = 1, instance: int = 1, **values: Any) -> Dataset:
    """A data set of study 1.2.<study> with what is given; what is None is left out."""
    ds = Dataset()
    defaults = {
        "SOPClassUID": CT,
        "PatientID": f"P{study}",
        "PatientName": f"Doe^Number{study}",
        "StudyInstanceUID": f"1.2.{study}",
        "SeriesInstanceUID": f"1.2.{study}.{series}",
        "SOPInstanceUID": f"1.2.{study}.{series}.{instance}",
        "Modality": "CT",
        "SeriesNumber": series,
        "InstanceNumber": instance,
    }
    for keyword, value in (defaults | values).items():
        if value is not None:
            setattr(ds, keyword, value)
    return ds


def record(ds: Dataset, *, size: int = 1000, content: str = "") -> Record:
    """The record of a data set."""
    levels = {}
    for level, tags in LEVELS.items():
        part = Dataset()
        for tag in sorted(tags):
            if tag in ds:
                part[tag] = ds[tag]
        levels[level] = part.to_json()
    return Record(
        study_uid=str(ds.StudyInstanceUID),
        series_uid=str(ds.SeriesInstanceUID),
        instance_uid=str(ds.SOPInstanceUID),
        sop_class_uid=str(ds.SOPClassUID),
        transfer_syntax_uid=EXPLICIT,
        size=size,
        sha256=hashlib.sha256((content or str(ds.SOPInstanceUID)).encode()).hexdigest(),
        levels=levels,
        header=Header.of(header_json(ds)).compressed,
        frames=None,
    )


def placed(*data_sets: Dataset, size: int = 1000) -> list[tuple[Record, str, str]]:
    """What `Index.add` takes."""
    found = [record(ds, size=size) for ds in data_sets]
    return [(each, "", f"instances/{each.sha256}.dcm") for each in found]


def path(name: str) -> tuple[int, ...]:
    """The path of a keyword, or of several with dots between."""
    return tuple(_core.dictionary_entry(keyword)[0] for keyword in name.split("."))


def keys(pairs: dict[str, str] | Iterable[tuple[str, str]]) -> tuple[Key, ...]:
    """Keys by keyword."""
    return tuple(Key(path(name), text) for name, text in (pairs.items() if isinstance(pairs, dict) else pairs))
