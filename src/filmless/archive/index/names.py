"""Person names as they are compared: without case and accents, by component group, and by their words."""

import re
import unicodedata
from typing import Any, Final, NamedTuple

__all__ = ["FoldedName", "fold", "name_patterns", "sought_words", "words"]

#: Letters that Unicode does not take apart, and what people type instead.
_PLAIN: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
# The accents of Latin, Greek and Cyrillic letters. Marks of other scripts make another letter: か is not が.
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_BREAKS: Final = re.compile(r"[\s^=.,;*?_\u30fb-]+")
_BREAKS_OF_PATTERNS: Final = re.compile(r"[\s^=.,;_\u30fb-]+")
_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")


def fold(text: str) -> str:
    """Return a text without case and accents, in one form of its letters.

    Examples
    --------
    >>> fold("Müller^JOSÉ")
    'muller^jose'
    >>> fold("Straße") == fold("STRASSE")
    True
    """
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", apart).casefold().translate(_PLAIN))


def _group(text: str) -> str:
    """Return a component group without what does not count: spaces around components, empty components at the end."""
    folded = fold(text)
    if "^" not in folded:
        return folded.strip()
    return "^".join(part.strip() for part in folded.split("^")).rstrip("^")


def words(text: str) -> list[str]:
    """Return the folded words of a name, or of a key: for matching that is fuzzy.

    Examples
    --------
    >>> words("Van der Berg^José")
    ['van', 'der', 'berg', 'jose']
    """
    return [word for word in _BREAKS.split(fold(text)) if word]


def sought_words(text: str) -> list[str]:
    """Return the folded words that a name is searched by, with their wildcards; none of a star alone, which is in each.

    Examples
    --------
    >>> sought_words("Doe^J*"), sought_words("Doe^*")
    (['doe', 'j*'], ['doe'])
    """
    return [word for word in _BREAKS_OF_PATTERNS.split(fold(text)) if word.strip("*")]


class FoldedName(NamedTuple):
    """A name by its component groups, folded.

    DICOM
    -----
    PS3.5 6.2.1.1
    """

    alphabetic: str = ""
    ideographic: str = ""
    phonetic: str = ""

    @classmethod
    def of(cls, value: Any) -> "FoldedName":
        """Make it from a value of DICOM JSON, or from text with ``=`` between its groups."""
        if isinstance(value, dict):
            return cls(*(_group(str(value.get(group) or "")) for group in _GROUPS))
        return cls(*(_group(group) for group in str(value or "").split("=")[:3]))

    @property
    def words(self) -> str:
        """All its words, a space before each."""
        return "".join(f" {word}" for group in self for word in words(group))


def name_patterns(text: str) -> list[tuple[int | None, list[str]]]:
    """Return what a key asks of a name: groups (None: any), and the folded patterns one of which each has to match.

    A key that ends with ``^*`` matches a name that has no more components, too.

    Examples
    --------
    >>> name_patterns("Doe^J*")
    [(None, ['doe^j*'])]
    >>> name_patterns("Yamada^*=山田*")
    [(0, ['yamada^*', 'yamada']), (1, ['山田*'])]
    """
    groups = text.split("=")[:3]
    wanted = [(number if len(groups) > 1 else None, _group(group)) for number, group in enumerate(groups)]
    return [(number, _shorter(pattern)) for number, pattern in wanted if pattern.strip("*")]


def _shorter(pattern: str) -> list[str]:
    patterns = [pattern]
    while patterns[-1].endswith("^*") and len(patterns) < 6:  # a name has five components
        patterns.append(patterns[-1][:-2].rstrip("^"))
    return [pattern for pattern in patterns if pattern]
