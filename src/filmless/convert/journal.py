"""What a run has done, kept beside its conversions, so that it can go on after an interruption."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from filmless.dataset import Dataset
from filmless.errors import ConversionError
from filmless.file import encode, generate_uid

__all__ = ["JOURNAL", "Journal", "Record", "digest"]

#: Its name in the folder that conversions go to.
JOURNAL = ".filmless-convert.jsonl"
_VERSION = 1
_NUMBERS = 4
_MAX_PARTS = 1 << 20  # each has a number, which is held


@dataclass(slots=True)
class Record:
    """What was planned for a source: the files its parts become, the numbers it has, and whether it is done."""

    identity: list[Any]
    numbers: list[int]
    folder: str
    parts: int
    targets: dict[int, str] = field(default_factory=dict)
    is_done: bool = False


class Journal:
    """A file to which a line is added when a source gets its names, and one when it is converted.

    A line is in the file before the work that it tells of goes on, so a killed process loses nothing but what it was
    at: its names are known, and are given to the same source again.

    Attributes
    ----------
    run
        UID of the run, also when it is resumed: what it has in common follows from it.
    began
        When the run began.
    records
        By source, of the run that is resumed.
    """

    def __init__(self, folder: Path, asked: Any, *, resume: bool) -> None:
        """Read the journal of a folder, or prepare to begin one.

        Parameters
        ----------
        folder
            Where conversions go.
        asked
            All that a conversion depends on, and that has to be the same when it is resumed.
        resume
            Go on with the journal that is there. Without, it is replaced.

        Raises
        ------
        ConversionError
            It is damaged, or of a run with other options.
        OSError
            It cannot be read.
        """
        self.folder = folder
        self.path = folder / JOURNAL
        self.run = str(generate_uid())
        self.began = datetime.now().astimezone().replace(microsecond=0)
        self.records: dict[str, Record] = {}
        self._seen: dict[str, int] = {}
        self._file = -1
        self._asked = asked
        self._is_resumed = resume and self._read(asked)

    def open(self) -> None:
        """Begin to write, in the folder, which is made.

        Raises
        ------
        OSError
            It cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
        if self._is_resumed:
            os.truncate(self.path, self._size)
            self._file = os.open(self.path, flags)
            return
        with suppress(FileNotFoundError):
            self.path.unlink()  # a run that is still at work goes on with its own
        self._file = os.open(self.path, flags | os.O_CREAT | os.O_EXCL, 0o666)
        options = digest(self._asked, salt=self.run)
        self._add({"filmless": _VERSION, "run": self.run, "began": self.began.isoformat(), "options": options})

    def key_of(self, identity: list[Any]) -> str:
        """Return what a source is called here; one that is named twice is two."""
        name = str(identity[0])
        self._seen[name] = self._seen.get(name, 0) + 1
        return name if self._seen[name] == 1 else f"{name}#{self._seen[name]}"

    def is_done(self, key: str, identity: list[Any]) -> bool:
        """Tell whether a source was converted, is what it was then, and its files are there."""
        record = self.records.get(key)
        if record is None or not record.is_done or record.identity != identity:
            return False
        return len(record.targets) == record.parts and all(
            os.path.lexists(self.folder / target) for target in record.targets.values()
        )

    def plan(self, key: str, record: Record, part: int) -> None:
        """Tell what a part of a source becomes, before it is written."""
        line = {"source": key, "identity": record.identity, "numbers": record.numbers, "folder": record.folder}
        self._add({**line, "parts": record.parts, "part": part, "target": record.targets[part]})

    def done(self, key: str) -> None:
        """Tell that all that a source becomes was written."""
        self._add({"done": key})

    def sweep(self) -> None:
        """Take away what a process that was killed has left half-written."""
        for record in self.records.values():
            for target in () if record.is_done else record.targets.values():
                path = Path(os.path.realpath(self.folder / target))  # a link is followed when it is written
                half = re.compile(rf"\.{re.escape(path.name[:64])}\.[0-9]+-[0-9]+\.tmp")
                with suppress(OSError):
                    for name in filter(half.fullmatch, os.listdir(path.parent)):  # noqa: PTH208
                        (path.parent / name).unlink()

    def close(self, *, remove: bool) -> None:
        """Let go of the file, and remove it if asked to."""
        os.close(self._file)
        if remove:
            self.path.unlink(missing_ok=True)

    def _add(self, line: Mapping[str, Any]) -> None:
        # One call of the system: a line is there or not, but for a process that is killed in the midst of it.
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        while data:
            data = data[os.write(self._file, data) :]

    def _read(self, asked: Any) -> bool:
        """Read the journal that is there; a last line that was not written to its end is cut off."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return False
        whole = data.rfind(b"\n") + 1
        first, *lines = data[:whole].split(b"\n")[:-1] or [b""]
        if not first:
            return False
        number = 1
        try:
            self._begin(json.loads(first), asked)
            for line in lines:
                number += 1
                self._take(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            message = f"the journal of the run to resume is damaged in line {number}"
            raise ConversionError(message, path=self.path, hint="without the file, the run begins anew") from None
        self._size = whole
        return True

    def _begin(self, line: dict[str, Any], asked: Any) -> None:
        run, began = line["run"], datetime.fromisoformat(line["began"])
        if line["filmless"] != _VERSION or line["options"] != digest(asked, salt=run):
            raise ConversionError(
                "the run to resume was begun with other options",
                path=self.path,
                hint="give the same ones or another folder; without the file, the run begins anew",
            )
        self.run, self.began = run, began

    def _take(self, line: dict[str, Any]) -> None:
        if "done" in line:
            self.records[line["done"]].is_done = True
            return
        numbers = [int(number) for number in line["numbers"]]
        part, parts = int(line["part"]), int(line["parts"])
        if len(numbers) != _NUMBERS or not 0 <= part < parts <= _MAX_PARTS:
            raise ValueError
        before = self.records.get(line["source"])
        record = Record(list(line["identity"]), numbers, str(line["folder"]), parts)
        if before is not None and before.parts == record.parts:
            record.targets = before.targets
        record.targets[part] = _inside(line["target"])
        self.records[line["source"]] = record


def _inside(target: str) -> str:
    """Return a name of the journal, when it is one in its folder: somebody could have written it."""
    path = Path(target)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError
    return target


def digest(value: Any, *, salt: str = "") -> str:
    """Return a digest of options: equal for equal ones, also in another process.

    The salt keeps values of a patient in them from being guessed.
    """
    state = hashlib.sha256(salt.encode())
    _digest_into(state, value)
    return state.hexdigest()


def _digest_into(state: Any, value: Any) -> None:
    state.update(type(value).__name__.encode() + b"(")
    if isinstance(value, Dataset):
        state.update(encode(value))
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            if one.init and one.compare:
                _digest_into(state, [one.name, getattr(value, one.name)])
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            _digest_into(state, [key, value[key]])
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value if isinstance(value, list | tuple) else sorted(value, key=str):
            _digest_into(state, one)
    elif isinstance(value, np.ndarray):
        state.update(repr((value.dtype.str, value.shape)).encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, PathLike):
        state.update(os.fsencode(fspath(value)))
    else:
        state.update(repr(value).encode("utf-8", "backslashreplace"))
    state.update(b")")
