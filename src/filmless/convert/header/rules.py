"""What was asked for of the headers of a run, checked before any file is read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from os import PathLike
from typing import Any, Self

from filmless.convert.content import Content, Picture
from filmless.convert.header.building import Run, build, check_given, checked_facts
from filmless.convert.header.exif_values import values_of_exif
from filmless.convert.header.given import Layer, layer_of, merged
from filmless.convert.header.name_pattern import NamePattern
from filmless.convert.header.oddities import tell_oddities
from filmless.convert.header.sop_classes import frames_apart, sop_class_named
from filmless.convert.header.table import HeaderTable
from filmless.convert.header.template import layer_of_template
from filmless.convert.header.uids import GROUPINGS, Uids, check_grouping
from filmless.convert.header.worklist import layer_of_worklist
from filmless.convert.notice import ConversionNotice
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError

__all__ = ["HeaderRules", "Origin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a content comes from. What a data set becomes depends on this and the content, never on what came before.

    Parameters
    ----------
    path
        Of its file; None of what has none.
    folder
        Of its file below what was named, with ``/`` between its parts; what ``study="folder"`` goes by.
    number
        Its place in the run in natural order, from 1: Instance Number of one series.
    part
        Which content of its file it is, from 0.
    namesake
        How many files before it in the run are of the same folder and name, as of two folders that were named.
    folder_number, number_in_folder
        The place of its folder among those of the run, and its own place in it, both from 1: Series Number and Instance
        Number when ``series="folder"``. ``number_in_folder`` is ``number`` by default.
    file_number
        The place of its file among those of the run, from 1: Series Number when ``series="file"``. ``number`` by
        default.
    alone
        Whether it is all that its run makes: when nothing that is given says what it belongs to, its deterministic
        study is its own then, and not that of all such.
    """

    path: str | None = None
    folder: str = ""
    number: int = 1
    part: int = 0
    namesake: int = 0
    folder_number: int = 1
    number_in_folder: int | None = None
    file_number: int | None = None
    alone: bool = False

    @property
    def name(self) -> str:
        """Name of the file, with its suffix; empty when there is none."""
        return re.split(r"[/\\]", self.path)[-1] if self.path else ""


#: What options may be, and how that is said.
_TEXT = (str, "a text")
_TYPES: Mapping[str, tuple[Any, str]] = {
    "values": (Mapping, "a mapping"),
    "worklist_match": (Mapping, "a mapping"),
    "table": (str | PathLike, "a path"),
    "now": (datetime, "a datetime"),
    **dict.fromkeys(("sop_class", "table_key", "table_encoding", "table_delimiter", "name_pattern", "uid_root"), _TEXT),
    **dict.fromkeys(("study", "series", "run"), _TEXT),
}
_OPTIONAL = frozenset(_TYPES) - {"values", "study", "series", "run"}


def _check_types(rules: "HeaderRules") -> None:
    for name, (expected, called) in _TYPES.items():
        value = getattr(rules, name)
        if not isinstance(value, expected) and not (value is None and name in _OPTIONAL):
            raise ConversionError(f"{name} is a {type(value).__name__}, expected {called}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRules:
    """What is asked for of the headers of a run; making one reads and checks it. Usable from many threads.

    Where several give a value the last of these wins: the source itself, EXIF, template, worklist, table, file name,
    ``values``.

    Parameters
    ----------
    values
        By keyword, ``gggg,eeee`` or path (``RequestAttributesSequence[0].ScheduledProcedureStepID``).
    sop_class
        UID, keyword or readable name of the SOP class; None for what follows from the content and its Modality.
    template
        A DICOM file, a DICOM JSON file, a data set or a mapping of keywords. An object (with SOP Class UID) gives
        patient and study, never series or equipment; what has none is a template as written, and gives all that does
        not follow from the content.
    worklist
        The entry of a modality worklist, or several to choose from: data set(s), a DICOM or DICOM JSON file, a folder
        of such.
    worklist_match
        Values by keyword or path which the entry has: ``{"AccessionNumber": "4711"}``.
    table
        CSV with a row a file and a column a keyword.
    table_key
        The column that names the file; None for the first, which is ``file``, ``path`` or ``filename``.
    table_encoding, table_delimiter
        Of the table; None for UTF-8 and the delimiter that its first row has.
    name_pattern
        Of file names: ``{PatientID}_{StudyDate}_*``, or with ``/`` of the path below what was named. The suffix of the
        file is left out, unless the pattern has one: ``{PatientID}.png``.
    exif
        Take device and time from EXIF, never a place.
    exif_description
        Take EXIF's Image Description as Image Comments, too.
    study, series
        ``"one"`` for the run, ``"folder"`` for one a folder, ``"file"`` for one a file, or a UID.
    uid_root
        Root of one's own organisation, for all UIDs that are made.
    deterministic
        Make UIDs from the content, its folder and name, and the header that is given: the same give the same, whatever
        else is in the run. Times of the run and numbers it counts are no part of that, and still differ.
    run
        What tells this run from others, such as its folder: studies and series of another run are others then, even
        when nothing that is given tells them apart. Without deterministic UIDs, what those of studies and series follow
        from: a run that is resumed has the same.
    now
        The time of the run; None for now.

    Raises
    ------
    ConversionError
        An option is of a wrong type, or a value is wrong: where it came from (option, row and column, file), never the
        value.
    OSError
        A file that is named cannot be read.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    sop_class: str | None = None
    template: Dataset | Mapping[str, Any] | str | PathLike[str] | None = None
    worklist: Dataset | Mapping[str, Any] | Iterable[Dataset] | str | PathLike[str] | None = None
    worklist_match: Mapping[str, str] | None = None
    table: str | PathLike[str] | None = None
    table_key: str | None = None
    table_encoding: str | None = None
    table_delimiter: str | None = None
    name_pattern: str | None = None
    exif: bool = False
    exif_description: bool = False
    study: str = "one"
    series: str = "one"
    uid_root: str | None = None
    deterministic: bool = False
    run: str = ""
    now: datetime | None = None
    _run: Run = field(init=False, repr=False, compare=False)
    _below: Layer = field(init=False, repr=False, compare=False)
    _above: Layer = field(init=False, repr=False, compare=False)
    _table: HeaderTable | None = field(init=False, repr=False, compare=False)
    _pattern: NamePattern | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_types(self)
        if isinstance(self.worklist, Iterator):
            object.__setattr__(self, "worklist", tuple(self.worklist))  # an iterator is read once only
        try:
            now = datetime.now().astimezone() if self.now is None else self.now.astimezone()
        except (ValueError, OverflowError):
            raise ConversionError("now is too near the end of all years for a time zone") from None
        check_grouping("study", self.study)
        check_grouping("series", self.series)
        run = Run(
            sop_class=None if self.sop_class is None else sop_class_named(self.sop_class),
            study=self.study,
            series=self.series,
            now=now,
            uids=Uids(root=self.uid_root, deterministic=self.deterministic, run=self.run),
        )
        below = []
        if self.template is not None:
            below.append(layer_of_template(self.template))
        if self.worklist is not None:
            below.append(layer_of_worklist(self.worklist, self.worklist_match, now))
        elif self.worklist_match:
            raise ConversionError("worklist_match needs a worklist")
        table = None
        if self.table is not None:
            table = HeaderTable(
                self.table, key=self.table_key, encoding=self.table_encoding, delimiter=self.table_delimiter
            )
        pattern = None if self.name_pattern is None else NamePattern(self.name_pattern)
        made = {
            "_run": run,
            "_below": Layer(merged(below)),
            "_above": layer_of(self.values, ""),
            "_table": table,
            "_pattern": pattern,
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)
        shared = merged((self._below, self._above))
        if table is None and pattern is None:  # else a file can still give what is missing
            check_given(shared, run)
        study = shared.get("StudyInstanceUID") or (None if self.study in GROUPINGS else self.study)
        if table is not None and study and "PatientID" not in self._above.values:
            table.check_study(str(study))

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Take parameters of these rules, and header values by keyword, out of the options of a conversion."""
        names = {one.name for one in fields(cls) if one.init}
        rules = {name: value for name, value in options.items() if name in names}
        values = {name: value for name, value in options.items() if name not in names}
        if not isinstance(rules.get("values", {}), Mapping):
            return cls(**rules)  # which says so
        return cls(**{**rules, "values": {**rules.get("values", {}), **values}})

    @property
    def may_give_time(self) -> bool:
        """Whether the time of frames may be given: a table or pattern of file names can have it."""
        given = merged((self._below, self._above))
        is_given = any(given.get(keyword) is not None for keyword in ("FrameTime", "FrameTimeVector"))
        return is_given or self._table is not None or self._pattern is not None

    def check_origin(self, origin: Origin) -> None:
        """Check what can be checked of a file before it is read: it has a row in the table, its name fits the pattern.

        Raises
        ------
        ConversionError
            It has not, or does not.
        """
        self._of_file(origin)

    def rows_without_file(self, origins: Iterable[Origin]) -> str | None:
        """Say which rows of the table none of these files has: ``2 rows of patients.csv are of no file: rows 7, 9``.

        Raises
        ------
        ConversionError
            Several files of the same name have one row.
        """
        return None if self._table is None else self._table.rows_without_file(origins)

    def data_set(
        self, content: Content, origin: Origin | None = None, *, notices: list[ConversionNotice] | None = None
    ) -> Dataset:
        """Make the data set of a content, whole.

        Parameters
        ----------
        content
            A picture or document.
        origin
            Where it comes from.
        notices
            Gets what is told: values of the source that do not fit and are left out, …

        Raises
        ------
        ConversionError
            No SOP class holds it, or a value that it has to have is not given.

        DICOM
        -----
        PS3.3 A
        """
        told: list[ConversionNotice] = [] if notices is None else notices
        facts = checked_facts(content.facts, told.append) if content.facts else {}
        if self.exif and isinstance(content, Picture) and content.exif:
            values = values_of_exif(content.exif, description=self.exif_description)
            facts |= checked_facts(values, told.append)
        place = Origin(alone=True) if origin is None else origin
        try:
            given = merged((self._below, *self._of_file(place), self._above))
            if "SOPInstanceUID" in given:
                self._check_instance(place)
            tell_oddities(given, told.append)
            return build(content, given, facts, self._run, place, told.append)
        except DicomError as error:
            if error.path is None:
                error.path = place.path
            raise

    def frames_apart(
        self, content: Content, origin: Origin | None = None, *, notices: list[ConversionNotice] | None = None
    ) -> list[Content]:
        """Return a content, or each frame of it when no multi-frame object can hold them: RGB of 16 bits, 32 bits, ….

        Parameters
        ----------
        content
            A picture or document.
        origin
            Where it comes from.
        notices
            Gets told that frames become objects of their own.

        DICOM
        -----
        PS3.3 A.8
        """
        told: list[ConversionNotice] = [] if notices is None else notices
        if not isinstance(content, Picture) or content.frames == 1:
            return [content]
        place = Origin(alone=True) if origin is None else origin
        given: dict[Any, Any] = {**content.facts}
        given |= merged((self._below, *self._of_file(place), self._above))
        return frames_apart(content, self._run.sop_class, given, told.append)

    def _check_instance(self, origin: Origin) -> None:
        if origin.part > 0 or (origin.number > 1 and "SOPInstanceUID" in self._above.values):
            raise ConversionError("SOPInstanceUID is given, and more than one object would have it")

    def _of_file(self, origin: Origin) -> list[Layer]:
        """Return what table and name say of a file."""
        layers = []
        if self._table is not None:
            layers.append(self._table.values_of(origin))
        if self._pattern is not None:
            layers.append(self._pattern.values_of(origin.folder, origin.name))
        return layers
