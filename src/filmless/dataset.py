"""The data model: `Dataset` and what it is made of (PS3.5 6 and 7).

The bytes and the look-ups are the core's (`filmless._core`); here is what Python adds to them.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, MutableSequence, ValuesView
from typing import TYPE_CHECKING, Any, Self

from filmless import _core
from filmless._core import DataElement, Finding, Sequence
from filmless.values import UID, PersonName, Tag

if TYPE_CHECKING:
    from os import PathLike

    import numpy as np

__all__ = ["UID", "DataElement", "Dataset", "Finding", "PersonName", "PrivateBlock", "Sequence", "Tag"]

MutableSequence.register(Sequence)

_MISSING = object()
Key = str | int | tuple[int, int]


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
            if element.tag in self and element.VR == "SQ":
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
        from filmless.bridge import to_pydicom

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
        from filmless.display import lines

        return "\n".join(lines(self, 0)) or "Dataset()"

    def _repr_html_(self) -> str:
        from filmless.display import table

        return table(self)

    def _repr_png_(self) -> bytes | None:
        if not any(keyword in self for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
            return None
        from filmless.pixels.rendering import thumbnail

        try:
            return thumbnail(self)
        except Exception:  # noqa: BLE001  a notebook shows the header of what cannot be rendered
            return None


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
