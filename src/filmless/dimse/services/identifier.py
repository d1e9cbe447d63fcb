"""What an identifier asks: a question to the archive's index (PS3.4 C.4.1.1.3, C.4.2.1.4, C.4.3.1.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from filmless.archive import Key
from filmless.archive.matching import is_universal
from filmless.archive.query import Level, Path
from filmless.dataset import DataElement, Dataset
from filmless.dimse.services.information_models import LEVELS
from filmless.errors import DicomError
from filmless.file.uid_grammar import is_uid

__all__ = ["CANNOT_UNDERSTAND", "DOES_NOT_MATCH", "LONGEST", "Identifier", "IdentifierError", "unique_keys"]

DOES_NOT_MATCH: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000

LONGEST: Final = 4 << 20
"""Bytes of an identifier: room for 60,000 UIDs."""

_CHARACTER_SET: Final = 0x0008_0005
_LEVEL: Final = 0x0008_0052
#: What says how to ask, and is not sought: level, view, who has it, and from which time zone is asked.
_NOT_SOUGHT: Final = frozenset({_CHARACTER_SET, _LEVEL, 0x0008_0053, 0x0008_0054, 0x0008_0201})
_WITHOUT_TEXT: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_DEEPEST: Final = 8  # sequences
_MOST: Final = 2000  # attributes
_UNIQUE: Final[dict[Level, int]] = {
    "patient": 0x0010_0020,
    "study": 0x0020_000D,
    "series": 0x0020_000E,
    "instance": 0x0008_0018,
}


class IdentifierError(DicomError):
    """An identifier that cannot be answered. The message has no value of it.

    Attributes
    ----------
    status
        What to answer.
    """

    def __init__(self, message: str, *, status: int = DOES_NOT_MATCH, tag: int | None = None) -> None:
        super().__init__(message, tag=tag)
        self.status = status


@dataclass(frozen=True, slots=True)
class Identifier:
    """What an identifier of C-FIND asks.

    Attributes
    ----------
    level
        Of what the answers are.
    level_name
        The same in the words of DICOM.
    keys
        What has to match, and what is to be returned: a key without a text matches everything.
    character_set
        In which it is written; None when it does not say.
    is_understood
        False when a key has a value that nothing is matched by; it is taken for one without a value.
    """

    level: Level
    level_name: str
    keys: tuple[Key, ...]
    character_set: str | list[str] | None
    is_understood: bool

    @classmethod
    def of(cls, ds: Dataset | None, sop_class: str) -> "Identifier":
        """Understand an identifier.

        Raises
        ------
        IdentifierError
            It is none of this SOP class.

        Examples
        --------
        >>> from filmless import Dataset
        >>> ds = Dataset()
        >>> ds.QueryRetrieveLevel, ds.PatientName = "STUDY", "Doe*"
        >>> Identifier.of(ds, "1.2.840.10008.5.1.4.1.2.2.1").keys
        (Key(path=(1048592,), text='Doe*'),)
        """
        level, name = _level(ds, sop_class)
        assert ds is not None  # noqa: S101 - without one there is no level
        reader = _Reader()
        keys = tuple(reader.keys(ds, ()))
        character_set = None
        if _CHARACTER_SET in ds and (text := _text(ds[_CHARACTER_SET])):
            character_set = text.split("\\") if "\\" in text else text
        return cls(level, name, keys, character_set, reader.is_understood)


def unique_keys(ds: Dataset | None, sop_class: str) -> tuple[Level, tuple[Key, ...]]:
    """Return the level and the unique keys of an identifier of C-MOVE or C-GET.

    Other keys do not count. Those of higher levels may be missing (relational retrieval), whether it was negotiated
    or not; that of the level may not.

    Raises
    ------
    IdentifierError
        It is none of this SOP class, or its key of the level names nothing: nobody is given the whole archive.
    """
    level, _ = _level(ds, sop_class)
    assert ds is not None  # noqa: S101 - without one there is no level
    found = []
    for above, tag in _UNIQUE.items():
        text = _text(ds[tag]) if tag in ds else ""
        if above == "patient":
            if any(letter in text for letter in "*?\\"):
                raise IdentifierError("a patient is named by one ID, without wildcards", tag=tag)
            values = [text.strip()]
        else:
            values = [uid for uid in (part.strip() for part in (text or "").split("\\")) if is_uid(uid)]
            if text and not values:
                raise IdentifierError("what has to be a UID is none", tag=tag)
        if any(values):
            found.append(Key((tag,), "\\".join(values)))
        elif above == level:
            raise IdentifierError("the identifier does not say what to retrieve", tag=tag)
        if above == level:
            break
    return level, tuple(found)


def _level(ds: Dataset | None, sop_class: str) -> tuple[Level, str]:
    levels = LEVELS[sop_class]
    expected = f"expected Query/Retrieve Level {', '.join(levels)}"
    if ds is None or _LEVEL not in ds:
        raise IdentifierError(expected, tag=_LEVEL)
    name = (_text(ds[_LEVEL]) or "").strip().upper()
    if name not in levels:
        raise IdentifierError(expected, tag=_LEVEL)
    return levels[name], name


class _Reader:
    """Reads keys, and keeps in mind whether all were understood."""

    def __init__(self) -> None:
        self.is_understood = True
        self._read = 0

    def keys(self, ds: Dataset, above: Path) -> Iterator[Key]:
        """Give the keys of an identifier, or of the item of a sequence in it."""
        for element in ds:
            tag = int(element.tag)
            if tag & 0xFFFF == 0 or (not above and tag in _NOT_SOUGHT):  # group lengths
                continue
            if element.is_private and tag & 0xFF00 == 0:  # a private creator is no attribute
                continue
            self._read += 1
            if self._read > _MOST:
                raise IdentifierError(f"the identifier has more than {_MOST} attributes", status=CANNOT_UNDERSTAND)
            if element.VR == "SQ":
                yield from self._of_sequence(element, (*above, tag))
            else:
                yield Key((*above, tag), self._text(element))

    def _of_sequence(self, element: DataElement, path: Path) -> Iterator[Key]:
        if len(element.value or ()) > 1:  # before anything is made of them: there may be millions
            raise IdentifierError("a sequence in an identifier has one item at the most", tag=path[0])
        if len(path) > _DEEPEST:
            raise IdentifierError(f"more than {_DEEPEST} sequences inside each other", status=CANNOT_UNDERSTAND)
        inner = list(self.keys(element.value[0], path)) if element.value else []
        yield from inner or [Key(path, "")]

    def _text(self, element: DataElement) -> str:
        if element.VR in _WITHOUT_TEXT:
            self.is_understood = self.is_understood and element.is_empty
            return ""
        text = _text(element)
        return "" if is_universal(text) else text


def _text(element: DataElement) -> str:
    """Return the text of a key; of a number its digits. What is a sequence, against the dictionary, has none."""
    if element.VR == "SQ":
        return ""
    if element.text is not None:
        return str(element.text)
    value = element.value
    if value is None:
        return ""
    return "\\".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
