"""The DICOMDIR of a medium whose files somebody else writes, as they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from filmless.dataset import Dataset
from filmless.errors import DicomError
from filmless.file.media.gathering import Instance, instance_of
from filmless.file.media.profiles import profile_named
from filmless.file.media.remarks import Remark
from filmless.file.media.tree import Tree, encoded, new_directory

__all__ = ["list_fileset"]


def list_fileset(headers: Iterable[Dataset]) -> tuple[bytes, list[tuple[str, ...] | None]]:
    """Make the DICOMDIR of instances that are to go on a medium byte for byte, in whatever transfer syntax they have.

    Parameters
    ----------
    headers
        Of each instance its header and file meta information; pixel data need not be in it.

    Returns
    -------
    bytes
        The DICOMDIR.
    list of tuple
        The File ID of each instance, in the order of the headers; None for one that a directory cannot list.

    Examples
    --------
    >>> directory, names = list_fileset([filmless.read("slice.dcm")])
    >>> names
    [('DICOM', 'PT000001', 'ST000001', 'SE000001', 'IM000001')]
    >>> len(directory) > 0
    True

    DICOM
    -----
    PS3.10 8, PS3.3 F
    """
    profile = profile_named(None)
    names: list[tuple[str, ...] | None] = []
    instances: list[tuple[Instance, int]] = []
    for number, header in enumerate(headers):
        names.append(None)
        try:
            found = instance_of(header, Path(str(number)), profile)
        except DicomError:
            continue
        if not isinstance(found, Remark):
            instances.append((found, number))
    told: list[Remark] = []  # what is made up is in the directory alone: nobody is told
    tree = Tree([], [], told.append)
    tree.reserve(instance.text("PatientID") for instance, _ in instances)
    for instance, number in sorted(instances, key=lambda one: one[0].order):
        try:
            names[number] = tree.add(instance).file_id
        except DicomError:
            continue
    return encoded(new_directory("", None), tree.roots), names
