"""Rows of the index as identifiers of answers (PS3.4 C.4.1.1.3.2)."""

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from filmless import _core
from filmless.archive import Row
from filmless.archive.query import Path
from filmless.dataset import Dataset
from filmless.dimse.services.identifier import Identifier
from filmless.errors import DicomError
from filmless.file import encode

__all__ = ["Answers"]

_UTF_8: Final = "ISO_IR 192"
_IN_UTF_8: Final = b'{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},'
_AVAILABLE: Final = "ONLINE"

_Tree = dict[str, "_Tree"]


class Answers:
    """Makes the answers to one identifier: what was asked for, with the level, who has it, and whether it is at hand.

    Parameters
    ----------
    identifier
        What was asked.
    transfer_syntax
        Of the presentation context.
    retrieve_ae_title
        Who has it.
    """

    def __init__(self, identifier: Identifier, *, transfer_syntax: str, retrieve_ae_title: str) -> None:
        self._transfer_syntax, self._ae_title = transfer_syntax, retrieve_ae_title
        self._level, self._character_set = identifier.level_name, identifier.character_set
        self._trees = _trees(key.path for key in identifier.keys)
        about = {
            "00080052": {"vr": "CS", "Value": [self._level]},
            "00080054": {"vr": "AE", "Value": [retrieve_ae_title]},
            "00080056": {"vr": "CS", "Value": [_AVAILABLE]},
        }
        # Of what is said twice the last counts.
        self._end = b"," + json.dumps(about).encode()[1:]
        # What it cannot hold is written in UTF-8 all the same, and said so.
        named = self._character_set or _UTF_8
        text = {"00080005": {"vr": "CS", "Value": [named] if isinstance(named, str) else named}}
        self._end_of_text = b"," + json.dumps(text | about).encode()[1:]
        self._options = (transfer_syntax, "keep", False)

    def encoded(self, row: Row) -> bytes:
        """Return the identifier of an answer, as the presentation context has it."""
        text = row.json
        if self._trees:
            text = self._pruned(text)
        is_ascii = text.isascii()
        try:
            return _core.encode_json(text[:-1] + (self._end if is_ascii else self._end_of_text), self._options)
        except DicomError:
            return self.read(text)

    def read(self, text: bytes) -> bytes:
        """Return the identifier of an answer by way of a data set, without what that cannot hold."""
        is_ascii = text.isascii()
        if not is_ascii:
            text = _IN_UTF_8 + text[1:]
        ds = _parsed(text)
        if not is_ascii:
            ds.SpecificCharacterSet = self._character_set or _UTF_8
        ds.QueryRetrieveLevel = self._level
        ds.RetrieveAETitle = self._ae_title
        ds.InstanceAvailability = _AVAILABLE
        return encode(ds, transfer_syntax=self._transfer_syntax, part10=False)

    def _pruned(self, text: bytes) -> bytes:
        """Leave of the items of sequences what was asked of them."""
        answer = json.loads(text)
        for name, tree in self._trees.items():
            _prune(answer.get(name), tree)
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _trees(paths: Iterable[Path]) -> _Tree:
    """Return what is asked of items, by the names of attributes."""
    found: _Tree = {}
    for first, *rest in paths:
        at = found if rest else {}
        for tag in (first, *rest):
            at = at.setdefault(f"{tag:08X}", {})
    return found


def _prune(element: dict[str, Any] | None, tree: _Tree) -> None:
    if not element or not tree:
        return
    for item in element.get("Value", ()):
        for name in [name for name in item if name not in tree]:
            del item[name]
        for name, below in tree.items():
            _prune(item.get(name), below)


def _parsed(text: bytes) -> Dataset:
    """Return an answer as a data set: without what no data set can hold, which a file may have all the same."""
    try:
        return Dataset.from_json(text)
    except DicomError:
        ds = Dataset()
        for name, element in json.loads(text).items():
            with suppress(DicomError):
                ds.update(Dataset.from_json(json.dumps({name: element}).encode()))
        return ds
