"""Values as they are typed on the command line."""

from typing import Any

from filmless.cli.reporting import Misuse
from filmless.errors import ValueRepresentationError
from filmless.file import _typed_value
from filmless.file._element_path import keyword_of as keyword
from filmless.file._element_path import place_of as place

__all__ = ["check_value", "keyword", "place", "value_typed"]


def value_typed(tag: int, vr: str, text: str) -> Any:
    """Make a text the value of an element; a backslash parts several values.

    Raises
    ------
    Misuse
        When the text is no number where one is needed, or the representation cannot be typed.
    """
    try:
        return _typed_value.value_typed(tag, vr, text)
    except ValueRepresentationError as error:
        raise Misuse(error.message, error.hint) from None


def check_value(tag: int, vr: str, value: Any) -> None:
    """Check a value against its representation and multiplicity, as `filmless check` does.

    Raises
    ------
    Misuse
        When it breaks a rule; the message does not repeat the value.
    """
    try:
        _typed_value.check_value(tag, vr, value)
    except ValueRepresentationError as error:
        raise Misuse(error.message, error.hint) from None
