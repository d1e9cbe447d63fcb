"""What is odd in the values that are given, and stays as it is: told, not changed."""

from collections.abc import Callable, Mapping
from typing import Any

from filmless import _core
from filmless.convert.notice import ConversionNotice
from filmless.file._element_path import keyword_of

__all__ = ["tell_oddities"]


def tell_oddities(given: Mapping[Any, Any], tell: Callable[[ConversionNotice], None]) -> None:
    """Tell of names that are written with a comma: as a whole these are a family name (PS3.5 6.2.1)."""
    for key, value in given.items():
        texts = value if isinstance(value, list) else (value,)
        if not any(isinstance(text, str) and "," in text and "^" not in text for text in texts):
            continue
        entry = _core.dictionary_entry(key[-1] if isinstance(key, tuple) else key)
        if entry is not None and entry[1] == "PN":
            message = (
                f"{keyword_of(entry[0])} has a comma and no ^: all of it is the family name, expected Family^Given"
            )
            tell(ConversionNotice("name-with-comma", message))
