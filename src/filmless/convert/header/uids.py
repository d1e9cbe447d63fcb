"""UIDs of studies, series and instances: new ones, or such as follow from what they name."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from filmless.convert.content import Content, Document
from filmless.dataset import UID, Dataset
from filmless.errors import ConversionError
from filmless.file import encode, generate_uid
from filmless.file._uid import LONGEST_ROOT

if TYPE_CHECKING:
    from filmless.convert.header.rules import Origin

__all__ = ["GROUPINGS", "Uids", "check_grouping", "digest_of", "place_of"]

GROUPINGS = ("one", "folder", "file")

#: What tells two studies apart, and two series of one: another patient, order, device or kind is another of them.
_OF_STUDY = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "AccessionNumber", "StudyID")
#: That, too, when it is given: else it is of now.
_OF_STUDY_GIVEN = ("StudyDate", "StudyTime")
_OF_SERIES = (
    *("Modality", "Laterality", "BodyPartExamined", "SeriesDescription", "ProtocolName"),
    *("Manufacturer", "ManufacturerModelName", "StationName", "DeviceSerialNumber"),
)


def check_grouping(option: str, value: str) -> None:
    """Refuse what is no way to group into studies or series.

    Raises
    ------
    ConversionError
        It is none, and no UID.
    """
    if value not in GROUPINGS and not (UID(value).is_valid and "." in value):
        raise ConversionError(f"{option} is none of one, folder and file, and no UID")


class Uids:
    """Makes the UIDs of a run; from many threads, and in any order.

    Parameters
    ----------
    root
        Of one's own organisation; None for UUIDs.
    deterministic
        Whether they follow from header and content.
    run
        What tells this run from others; empty for a new one, when they are not deterministic.
    """

    def __init__(self, *, root: str | None, deterministic: bool, run: str) -> None:
        try:
            generate_uid(root)
        except ValueError:
            raise ConversionError(
                f"uid_root is no root of a UID, expected numbers between dots, at most {LONGEST_ROOT} characters",
                hint="with a longer one too few digits are left to tell UIDs from one another",
            ) from None
        self.root, self.deterministic = root, deterministic
        # Studies and series of one run are shared by its files, whichever comes first: their UIDs follow from this.
        self.seed = run if deterministic or run else uuid.uuid4().hex

    def made(self, *entropy: str) -> str:
        """Make a UID of texts."""
        return generate_uid(self.root, (self.seed, *entropy))

    def study(
        self,
        values: Mapping[Any, Any],
        known: Mapping[Any, Any],
        grouping: str,
        origin: "Origin",
        content: Content,
    ) -> str:
        """Return the UID of the study of an object, whose header values, and those that are known, say which."""
        told = [*_told(values, _OF_STUDY), *_told(known, (one for one in _OF_STUDY_GIVEN if known.get(one)))]
        if self.deterministic and origin.alone and not any(values.get(keyword) for keyword in _OF_STUDY):
            told.append(digest_of(content))  # nothing but itself tells what it belongs to
        return self._group("study", grouping, origin, told)

    def series(self, values: Mapping[Any, Any], known: Mapping[Any, Any], grouping: str, origin: "Origin") -> str:
        """Return the UID of the series of an object, in the study that its values name; a number only if it is known.

        What the run counts is left out: it changes with the files that are there besides.
        """
        told = [*_told(values, ("StudyInstanceUID", *_OF_SERIES)), *_told(known, ("SeriesNumber",))]
        return self._group("series", grouping, origin, told)

    def instance(self, ds: Dataset, content: Content, of_run: Iterable[str], origin: "Origin") -> str:
        """Return the UID of an object.

        Parameters
        ----------
        ds
            Its header.
        content
            What it holds.
        of_run
            Keywords of values that the run gives, as times and numbers: they are not what it is.
        origin
            Where it comes from: the same content in two files is two objects.
        """
        if not self.deterministic:
            return generate_uid(self.root)
        header = ds.copy()
        for keyword in of_run:
            header.pop(keyword, None)
        digest = hashlib.sha256(encode(header, part10=False, transfer_syntax="1.2.840.10008.1.2.1"))
        return generate_uid(self.root, ("instance", *place_of(origin), digest.hexdigest(), digest_of(content)))

    def _group(self, kind: str, grouping: str, origin: "Origin", told: Iterable[str]) -> str:
        if grouping not in GROUPINGS:
            return grouping
        file = (origin.folder, origin.name, str(origin.namesake))
        parts: tuple[str, ...] = {"one": (), "folder": file[:1], "file": file}[grouping]
        return self.made(kind, grouping, *parts, *told)


def place_of(origin: "Origin") -> tuple[str, ...]:
    """Return what tells an object from the others of its run, whichever these are; nothing when it is alone."""
    return () if origin.alone else (origin.folder, origin.name, str(origin.namesake), str(origin.part))


def digest_of(content: Content) -> str:
    """Return what only the same content has."""
    digest = hashlib.sha256()
    if isinstance(content, Document):
        digest.update(content.data)
    elif content.stream is not None:
        for frame in content.stream.frames:
            digest.update(len(frame).to_bytes(8, "little"))
            digest.update(frame)
    elif content.pixels is not None:
        little = content.pixels.astype(content.pixels.dtype.newbyteorder("<"), order="C", copy=False)
        digest.update(str((little.shape, little.dtype.str)).encode())
        digest.update(np.ascontiguousarray(little).data)
    return digest.hexdigest()


def _told(values: Mapping[Any, Any], keywords: Iterable[str]) -> list[str]:
    return [f"{keyword}={values.get(keyword) or ''}" for keyword in keywords]
