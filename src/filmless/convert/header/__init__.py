"""The header of what comes in: SOP class, modules, UIDs and values (PS3.3 A.8, C.8.6)."""

from filmless.convert.header.rules import HeaderRules, Origin

__all__ = ["HeaderRules", "Origin"]
