"""Values with a form of their own: tags, UIDs and person names (PS3.5 6.2, 7.1, 9)."""

from __future__ import annotations

import difflib
from typing import Self

from filmless import _core

__all__ = ["UID", "PersonName", "Tag", "nearest_keyword"]


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


def nearest_keyword(name: str) -> str | None:
    """Return the keyword that a name means or is much like, for hints: case, spaces and underscores do not matter."""
    plain = {keyword.casefold(): keyword for keyword in _core.keywords()}
    meant = "".join(letter for letter in name.casefold() if letter.isalnum())
    if meant in plain:
        return plain[meant]
    return next((plain[near] for near in difflib.get_close_matches(meant, plain, 1, 0.75)), None)
