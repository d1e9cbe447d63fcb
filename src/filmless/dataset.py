"""The data model: `Dataset` and what it is made of (PS3.5 6 and 7).

The bytes and the look-ups are the core's (`filmless._core`); here is what Python adds to them.
"""

from __future__ import annotations

import base64
import difflib
import html
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, MutableSequence, ValuesView
from typing import TYPE_CHECKING, Any, Self

from filmless import _core
from filmless._core import DataElement, Finding, Sequence

if TYPE_CHECKING:
    from os import PathLike

    import numpy as np

__all__ = ["UID", "DataElement", "Dataset", "Finding", "PersonName", "PrivateBlock", "Sequence", "Tag"]

MutableSequence.register(Sequence)

_MISSING = object()
Key = str | int | tuple[int, int]


class Tag(int):
    """A group and an element number in 32 bits, shown as ``(gggg,eeee)``.

    Examples
    --------
    >>> Tag(0x00100010)
    (0010,0010)
    >>> Tag(0x00100010).group
    16

    DICOM
    -----
    PS3.5 7.1
    """

    __slots__ = ()

    @property
    def group(self) -> int:
        """Group number."""
        return self >> 16

    @property
    def element(self) -> int:
        """Element number."""
        return self & 0xFFFF

    @property
    def is_private(self) -> bool:
        """Whether the group is odd."""
        return bool(self >> 16 & 1)

    def __repr__(self) -> str:
        return f"({self >> 16:04X},{self & 0xFFFF:04X})"

    __str__ = __repr__


class UID(str):
    """A unique identifier, with its row in the registry.

    Examples
    --------
    >>> UID("1.2.840.10008.1.2.1").name
    'Explicit VR Little Endian'

    DICOM
    -----
    PS3.5 9, PS3.6 A
    """

    __slots__ = ()

    @property
    def name(self) -> str:
        """Name in the registry, or the UID itself."""
        row = _core.uid_entry(self)
        return str(self) if row is None else row[1]

    @property
    def keyword(self) -> str:
        """Keyword in the registry, or an empty string."""
        row = _core.uid_entry(self)
        return "" if row is None else row[3]

    @property
    def kind(self) -> str:
        """What it identifies: ``Transfer Syntax``, ``SOP Class``, ...; empty when it is not in the registry."""
        row = _core.uid_entry(self)
        return "" if row is None else row[2]

    @property
    def is_valid(self) -> bool:
        """Whether it has the form of a UID: at most 64 characters, numbers without leading zeros between dots."""
        parts = self.split(".")
        numbers = all(part.isascii() and part.isdigit() and (part == "0" or part[0] != "0") for part in parts)
        return len(self) <= 64 and numbers


class PersonName(str):
    """A person's name, a ``str`` with its components.

    A name is written in up to three groups (alphabetic, ideographic, phonetic) between ``=``, each of up to five
    components (family name, given name, middle name, prefix, suffix) between ``^``.

    Examples
    --------
    >>> name = PersonName("Yamada^Tarou=山田^太郎=やまだ^たろう")
    >>> name.family_name, name.given_name
    ('Yamada', 'Tarou')
    >>> name.ideographic
    '山田^太郎'

    DICOM
    -----
    PS3.5 6.2.1
    """

    __slots__ = ()

    @classmethod
    def from_components(
        cls,
        family_name: str = "",
        given_name: str = "",
        middle_name: str = "",
        name_prefix: str = "",
        name_suffix: str = "",
        *,
        ideographic: str = "",
        phonetic: str = "",
    ) -> Self:
        """Put a name together.

        Parameters
        ----------
        family_name, given_name, middle_name, name_prefix, name_suffix
            Components of the alphabetic group.
        ideographic, phonetic
            The other groups, each with its own ``^``.
        """
        alphabetic = "^".join((family_name, given_name, middle_name, name_prefix, name_suffix)).rstrip("^")
        return cls("=".join((alphabetic, ideographic, phonetic)).rstrip("="))

    def _group(self, index: int) -> str:
        groups = self.split("=")
        return groups[index] if index < len(groups) else ""

    def _component(self, index: int) -> str:
        components = self.alphabetic.split("^")
        return components[index] if index < len(components) else ""

    @property
    def alphabetic(self) -> str:
        """The alphabetic group."""
        return self._group(0)

    @property
    def ideographic(self) -> str:
        """The ideographic group, as Kanji or Hanja."""
        return self._group(1)

    @property
    def phonetic(self) -> str:
        """The phonetic group, as Hiragana or Hangul."""
        return self._group(2)

    @property
    def components(self) -> tuple[str, ...]:
        """The groups that are there."""
        return tuple(self.split("="))

    @property
    def family_name(self) -> str:
        """Family name of the alphabetic group."""
        return self._component(0)

    @property
    def given_name(self) -> str:
        """Given name of the alphabetic group."""
        return self._component(1)

    @property
    def middle_name(self) -> str:
        """Middle name of the alphabetic group."""
        return self._component(2)

    @property
    def name_prefix(self) -> str:
        """Prefix of the alphabetic group, as in ``Dr.``."""
        return self._component(3)

    @property
    def name_suffix(self) -> str:
        """Suffix of the alphabetic group, as in ``M.D.``."""
        return self._component(4)

    def formatted(self, pattern: str) -> str:
        """Fill ``%(family_name)s`` and the other components into a pattern."""
        names = ("family_name", "given_name", "middle_name", "name_prefix", "name_suffix")
        return pattern % {name: getattr(self, name) for name in names}


class Dataset(_core.Dataset):
    """A data set, or an item of a sequence: elements by tag or keyword.

    Parameters
    ----------
    source
        Nothing for an empty data set; a data set or a mapping of keywords or tags to values to begin with.

    Notes
    -----
    Keywords of the data dictionary are attributes. Values are decoded when they are asked for; lists and sequences are
    live: what is changed in them is written. A data set can be read from several threads at once, pickled and copied.

    Examples
    --------
    >>> ds = Dataset()
    >>> ds.PatientName = "Doe^Jane"
    >>> ds.PatientName.family_name
    'Doe'
    >>> ds.PixelSpacing = [0.5, 0.5]
    >>> ds["PixelSpacing"].VR
    'DS'
    >>> "StudyDate" in ds
    False

    DICOM
    -----
    PS3.5 7
    """

    __slots__ = ("__weakref__",)

    # -- a mapping -----------------------------------------------------------------------------------------------

    def keys(self) -> KeysView[Tag]:
        """Tags, ascending."""
        return {Tag(tag): None for tag in self._tags()}.keys()

    def values(self) -> ValuesView[DataElement]:
        """Elements, by ascending tag."""
        return {element.tag: element for element in self}.values()

    def items(self) -> ItemsView[Tag, DataElement]:
        """Pairs of tag and element, by ascending tag."""
        return {element.tag: element for element in self}.items()

    def pop(self, key: Key, default: Any = _MISSING) -> Any:
        """Remove an element and return its value."""
        if key not in self:
            if default is _MISSING:
                raise KeyError(key)
            return default
        value = self[key].value
        del self[key]
        return value

    def setdefault(self, key: Key, default: Any = None) -> Any:
        """Value of an element, which is set first when it is not there."""
        if key not in self:
            self[key] = default
        return self[key].value

    def copy(self) -> Self:
        """Return a data set of its own with the same elements."""
        return self.__deepcopy__({})

    def walk(self, callback: Callable[[Dataset, DataElement], None] | None = None) -> Iterator[DataElement]:
        """Go through all elements, those of items after their sequence.

        Parameters
        ----------
        callback
            Called with each element and the data set or item it lies in; nothing is returned to go through then.

        Returns
        -------
        Iterator
            The elements, when there is no callback.
        """
        if callback is None:
            return self._walk()
        for element in self:
            callback(self, element)
            if element.VR == "SQ" and element.tag in self:
                for item in element.value:
                    item.walk(callback)
        return iter(())

    def private(self, group: int, creator: str, *, create: bool = False) -> PrivateBlock:
        """Return the elements that a private creator has reserved.

        Parameters
        ----------
        group
            Odd group number.
        creator
            Text of the private creator element.
        create
            Reserve a block when the creator has none.

        Raises
        ------
        KeyError
            When the creator has no block, or no block is free.

        DICOM
        -----
        PS3.5 7.8.1
        """
        if not group & 1:
            message = f"the group of private elements is odd, {group:#06x} is not"
            raise ValueError(message)
        block = self._private_block(group, creator)
        if block is None and create:
            block = next((number for number in range(0x10, 0x100) if (group, number) not in self), None)
            if block is not None:
                self.add_new((group, block), "LO", creator)
        if block is None:
            message = f"group {group:#06x} has no block of this private creator"
            raise KeyError(message)
        return PrivateBlock(self, group, block)

    # -- other forms -----------------------------------------------------------------------------------------------

    def to_json(self, *, bulk_data: str = "inline", bulk_data_uri: str | None = None, threshold: int = 1024) -> str:
        """Write the data set as DICOM JSON.

        Parameters
        ----------
        bulk_data
            ``"inline"`` writes binary values as base64, ``"skip"`` leaves the long ones out, ``"uri"`` writes
            `bulk_data_uri` and the element's path for them.
        bulk_data_uri
            What the URIs of long values begin with.
        threshold
            Binary values of more bytes than this are long.

        DICOM
        -----
        PS3.18 F
        """
        return _core.to_json(self, bulk_data, bulk_data_uri, threshold)

    @classmethod
    def from_json(
        cls, text: str | bytes | Mapping[str, Any], *, bulk_data: Callable[[int, str, str], bytes | None] | None = None
    ) -> Self:
        """Read DICOM JSON.

        Parameters
        ----------
        text
            JSON, or the mapping it stands for.
        bulk_data
            Called with tag, value representation and URI of each value that is elsewhere; returns its bytes. Without
            it such values are left empty: no URI is ever fetched by itself.

        DICOM
        -----
        PS3.18 F
        """
        if isinstance(text, Mapping):
            import json

            text = json.dumps(text)
        return cls(_core.from_json(text.encode() if isinstance(text, str) else text, bulk_data))

    def to_xml(self, *, bulk_data: str = "inline", bulk_data_uri: str | None = None, threshold: int = 1024) -> str:
        """Write the data set as the native XML model; parameters as of `to_json`.

        DICOM
        -----
        PS3.19 A.1
        """
        return _core.to_xml(self, bulk_data, bulk_data_uri, threshold)

    @classmethod
    def from_xml(cls, text: str | bytes, *, bulk_data: Callable[[int, str, str], bytes | None] | None = None) -> Self:
        """Read the native XML model; parameters as of `from_json`. Document types and entities are refused.

        DICOM
        -----
        PS3.19 A.1
        """
        return cls(_core.from_xml(text.encode() if isinstance(text, str) else text, bulk_data))

    def to_pydicom(self) -> Any:
        """Return the data set as pydicom's (extra ``pydicom``)."""
        from filmless.file import to_pydicom

        return to_pydicom(self)

    def save_as(self, path: str | PathLike[str], **options: Any) -> None:
        """Write the data set to a file: `filmless.file.write` with its options."""
        from filmless.file import write

        write(self, path, **options)

    @property
    def pixel_array(self) -> np.ndarray:
        """The pixels, shape (frames, rows, columns[, samples]) with a single frame's axis dropped; YBR as RGB."""
        from filmless.pixels import decode

        return decode(self)

    @property
    def findings(self) -> list[Finding]:
        """What is odd in the file it was read from, by offset: structure and values, all of it looked at now."""
        return _core.findings(self)

    # -- Python ----------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, _core.Dataset) and _core.same(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self)(_core.copied(self))

    __copy__ = copy

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (type(self), *_core.pickled(self))

    def __dir__(self) -> list[str]:
        present = (element.keyword for element in self)
        return sorted({*super().__dir__(), *filter(None, present)})

    def __repr__(self) -> str:
        return "\n".join(_lines(self, 0)) or "Dataset()"

    def _repr_html_(self) -> str:
        return _table(self)

    def _repr_png_(self) -> bytes | None:
        if "PixelData" not in self:
            return None
        from filmless.pixels import thumbnail

        return thumbnail(self)


class PrivateBlock:
    """The elements that one private creator has reserved (PS3.5 7.8.1), by the last two digits of their number."""

    __slots__ = ("_block", "_dataset", "_group")

    def __init__(self, dataset: Dataset, group: int, block: int) -> None:
        self._dataset, self._group, self._block = dataset, group, block

    def tag(self, element: int) -> Tag:
        """Tag of an element of the block."""
        if not 0 <= element <= 0xFF:
            message = f"an element of a private block is 0x00 to 0xff, {element:#x} is not"
            raise ValueError(message)
        return Tag(self._group << 16 | self._block << 8 | element)

    def __getitem__(self, element: int) -> DataElement:
        return self._dataset[self.tag(element)]

    def __setitem__(self, element: int, value: Any) -> None:
        self._dataset[self.tag(element)] = value

    def __delitem__(self, element: int) -> None:
        del self._dataset[self.tag(element)]

    def __contains__(self, element: int) -> bool:
        return self.tag(element) in self._dataset

    def __iter__(self) -> Iterator[DataElement]:
        block = self._group << 8 | self._block
        return (element for element in self._dataset if element.tag >> 8 == block)

    def add_new(self, element: int, vr: str, value: Any) -> None:
        """Add an element to the block."""
        self._dataset.add_new(self.tag(element), vr, value)


def _unpickled(cls: type[Dataset], data: bytes, attributes: dict[str, Any]) -> Dataset:
    return cls(_core.unpickled(data, attributes))


def nearest_keyword(name: str) -> str | None:
    """Return the keyword most like a name, for hints."""
    return next(iter(difflib.get_close_matches(name, _core.keywords(), 1)), None)


# -- what a person reads ---------------------------------------------------------------------------------------------

_SHOWN = 100


def render_value(element: DataElement, width: int = _SHOWN) -> str:
    """Return the value of an element as one short line."""
    if element.VR == "SQ":
        count = len(element.value)
        return f"{count} item{'' if count == 1 else 's'}"
    if element.is_bulk or element.VR in {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}:
        if element.length > 32 or element.is_encapsulated:
            return f"<{element.length:,} bytes>"
        return " ".join(f"{byte:02x}" for byte in element.raw)
    value = element.value
    text = element.text if element.VR in {"DS", "IS"} else None
    if text is None:
        text = "\\".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    if element.VR == "UI" and not isinstance(value, list) and UID(value).keyword:
        text += f"  {UID(value).name}"
    text = "".join(letter if letter.isprintable() else "·" for letter in text)
    return text if len(text) <= width else text[: width - 1] + "…"


def render_element(element: DataElement) -> str:
    """Return an element as one line: tag, representation, name, value."""
    return f"{element.tag} {element.VR} {element.name}: {render_value(element)}"


def render_sequence(sequence: Sequence) -> str:
    """Return a sequence as its items, a block each."""
    blocks = [f"item {number}\n" + "\n".join(_lines(item, 1)) for number, item in enumerate(sequence, 1)]
    return "\n".join(blocks) or "Sequence()"


def _lines(dataset: Dataset, depth: int) -> Iterator[str]:
    for element in dataset:
        yield "   " * depth + render_element(element)
        if element.VR == "SQ":
            for number, item in enumerate(element.value, 1):
                yield "   " * (depth + 1) + f"item {number}"
                yield from _lines(item, depth + 2)


def _rows(dataset: Dataset, depth: int) -> Iterator[str]:
    for element in dataset:
        cells = (str(element.tag), element.VR, element.name, render_value(element))
        indent = f' style="padding-left:{depth}em"'
        tds = "".join(f"<td{indent if not index else ''}>{html.escape(cell)}</td>" for index, cell in enumerate(cells))
        yield f"<tr>{tds}</tr>"
        if element.VR == "SQ":
            for number, item in enumerate(element.value, 1):
                yield f'<tr><td colspan="4" style="padding-left:{depth + 1}em"><i>item {number}</i></td></tr>'
                yield from _rows(item, depth + 2)


def _table(dataset: Dataset) -> str:
    head = "<tr><th>tag</th><th>VR</th><th>name</th><th>value</th></tr>"
    picture = ""
    if (png := _picture(dataset)) is not None:
        picture = f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" style="max-width:256px">'
    return f'{picture}<table style="text-align:left">{head}{"".join(_rows(dataset, 0))}</table>'


def _picture(dataset: Dataset) -> bytes | None:
    try:
        return dataset._repr_png_()  # noqa: SLF001
    except Exception:  # noqa: BLE001  a header is worth showing without its picture
        return None
