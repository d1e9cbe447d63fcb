"""Header values in file names, found by a pattern: ``{PatientID}_{StudyDate}_*``."""

import re
from typing import NamedTuple

from filmless.convert.header.given import Key, Layer, checked, key_named, text_as_value
from filmless.errors import ConversionError

__all__ = ["NamePattern"]

_PART = re.compile(r"\{([^{}]*)\}|(\*)")
_SUFFIX = re.compile(r"\.(\w{1,10}|\*)$")
_LONGEST = 4096


class _Piece(NamedTuple):
    """What stands between literals: a value, or anything; and the literal behind it."""

    key: Key | None
    vr: str
    keyword: str
    behind: str


class _Segment(NamedTuple):
    before: str
    pieces: tuple[_Piece, ...]


class NamePattern:
    """A pattern over the name of a file, or, with ``/``, over its path below what was named.

    The suffix of the file is left out, unless the pattern has one itself: ``{PatientID}.png``, ``{PatientID}.*``.

    Parameters
    ----------
    pattern
        ``{Keyword}`` takes as little as the rest allows, and at least one character; ``*`` takes anything.

    Raises
    ------
    ConversionError
        A keyword is none, or is there twice; two fields have nothing between them; there is no field.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._seen: set[Key] = set()
        self._segments = [self._segment(part) for part in pattern.split("/")]
        # Told from a dot between values by what stands behind the last of them.
        self._has_suffix = _SUFFIX.search(pattern.rpartition("}")[2]) is not None
        if not self._seen:
            raise ConversionError("name_pattern has no {Keyword}")

    def _segment(self, text: str) -> _Segment:
        pieces: list[_Piece] = []
        at, before = 0, ""
        for found in _PART.finditer(text):
            literal = text[at : found.start()]
            if pieces:
                if not literal:
                    raise ConversionError("name_pattern has two fields with nothing between them")
                pieces[-1] = pieces[-1]._replace(behind=literal)
            else:
                before = literal
            pieces.append(self._piece(found[1]))
            at = found.end()
        rest = text[at:]
        if pieces:
            pieces[-1] = pieces[-1]._replace(behind=rest)
        else:
            before = rest
        if "{" in _PART.sub("", text) or "}" in _PART.sub("", text):
            raise ConversionError("name_pattern has a brace without its other, expected {Keyword}")
        return _Segment(before, tuple(pieces))

    def _piece(self, keyword: str | None) -> _Piece:
        if keyword is None:
            return _Piece(None, "", "", "")
        key, vr = key_named(keyword, "name_pattern")
        if key in self._seen:
            raise ConversionError(f"name_pattern has {keyword} twice")
        if vr == "SQ":
            raise ConversionError(f"name_pattern cannot give a sequence: {keyword}")
        self._seen.add(key)
        return _Piece(key, vr, keyword, "")

    def values_of(self, folder: str, name: str) -> Layer:
        """Take the values out of the name of a file.

        Parameters
        ----------
        folder
            Of the file below what was named, with ``/``.
        name
            Of the file, with its suffix.

        Raises
        ------
        ConversionError
            The name does not fit, or a value is wrong.
        """
        stem = name.rpartition(".")[0] or name
        folders = [one for one in folder.split("/") if one] if len(self._segments) > 1 else []
        matched = self._matched_all([*folders, stem])
        if matched is None and self._has_suffix:
            matched = self._matched_all([*folders, name])
        if matched is None:
            what = "path" if len(self._segments) > 1 else "name"
            raise ConversionError(
                f"the {what} of the file, without its suffix, does not fit name_pattern `{self.pattern[:100]}`"
                if not self._has_suffix
                else f"the {what} of the file does not fit name_pattern `{self.pattern[:100]}`"
            )
        values = {}
        for segment, texts in zip(self._segments, matched, strict=True):
            for piece, text in zip(segment.pieces, texts, strict=True):
                if piece.key is not None:
                    where = f"in the {'path' if len(self._segments) > 1 else 'name'} of the file"
                    value = text_as_value(piece.key, piece.vr, text, where)
                    values[piece.key] = checked(piece.key, piece.vr, value, where)
        return Layer(values, "the file's name")

    def _matched_all(self, parts: list[str]) -> list[list[str]] | None:
        if len(parts) != len(self._segments):
            return None
        found = [self._matched(segment, part) for segment, part in zip(self._segments, parts, strict=True)]
        return [one for one in found if one is not None] if None not in found else None

    def _matched(self, segment: _Segment, text: str) -> list[str] | None:
        """Give each piece as little as the next literal allows; never goes back, so long names cost no time."""
        if len(text) > _LONGEST or not text.startswith(segment.before):
            return None
        if not segment.pieces:
            if text != segment.before:
                return None
            return []
        at, found = len(segment.before), []
        for number, piece in enumerate(segment.pieces):
            least = at + (piece.key is not None)
            if number == len(segment.pieces) - 1:
                end = len(text) - len(piece.behind)
                if end < least or not text.endswith(piece.behind):
                    return None
            else:
                end = text.find(piece.behind, least)
                if end < 0:
                    return None
            found.append(text[at:end])
            at = end + len(piece.behind)
        return found
