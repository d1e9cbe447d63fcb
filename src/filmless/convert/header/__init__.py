"""The header of what comes in: SOP class, modules, UIDs and values (PS3.3 A, C)."""

from filmless.convert.header.given import value_of_text
from filmless.convert.header.rules import HeaderRules, Origin

__all__ = ["HeaderRules", "Origin", "value_of_text"]
