"""What a run has done, kept beside its conversions, so that it can go on after an interruption."""

import hashlib
import json
import os
import re
import sys
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
from filmless.file.locking import lock_file

__all__ = ["JOURNAL", "Journal", "Record", "State", "digest", "state_of"]

#: Its name in the folder that conversions go to.
JOURNAL = ".filmless-convert.jsonl"
_VERSION = 1
_NUMBERS = 4
_MAX_PARTS = 1 << 20  # each has a number, which is held
#: File systems keep times to no more than two seconds.
_COARSEST_NS = 2_000_000_000

State = tuple[int, int]
"""Size, and time of the last change in nanoseconds, of a file that was written."""


@dataclass(slots=True)
class Record:
    """What was planned for a source: the files its parts become, the numbers it has, and whether it is done."""

    identity: list[Any]
    numbers: list[int]
    folder: str
    parts: int
    targets: dict[int, str] = field(default_factory=dict)
    states: dict[int, State] = field(default_factory=dict)
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
        self._end = 0
        self._asked = asked
        self._resume = resume
        self._is_resumed = resume and self._read(asked)

    def open(self) -> None:
        """Begin to write, in the folder, which is made. The file is locked while it is open.

        Raises
        ------
        ConversionError
            Another run is at work there.
        OSError
            It cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = self._opened()
        try:
            # Another run may have gone on with it, or ended, since it was read.
            if self._resume and os.fstat(self._file).st_size != self._read_size:
                self.records.clear()
                self._is_resumed = self._read(self._asked)
            self._end = self._whole if self._is_resumed else 0
            os.ftruncate(self._file, self._end)
            if not self._is_resumed:
                self._begin_new()
        except BaseException:
            os.close(self._file)
            raise

    def _opened(self) -> int:
        """Open and lock the file; the system unlocks it when the process ends, however it does."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        while True:
            file = os.open(self.path, flags, 0o666)
            try:
                lock_file(file)
                if os.path.samestat(os.fstat(file), self.path.stat()):
                    return file
            except FileNotFoundError:
                pass  # the run that had it is done, and has removed it
            except BlockingIOError:
                os.close(file)
                message = "another run is at work in the folder"
                hint = "wait for its end, or name another folder"
                raise ConversionError(message, path=self.folder, hint=hint) from None
            except BaseException:
                os.close(file)
                raise
            os.close(file)

    def _begin_new(self) -> None:
        options = digest(self._asked, salt=self.run)
        self._add({"filmless": _VERSION, "run": self.run, "began": self.began.isoformat(), "options": options})

    def key_of(self, identity: list[Any]) -> str:
        """Return what a source is called here; one that is named twice is two."""
        name = str(identity[0])
        self._seen[name] = self._seen.get(name, 0) + 1
        return name if self._seen[name] == 1 else f"{name}#{self._seen[name]}"

    def is_done(self, key: str, identity: list[Any]) -> bool:
        """Tell whether a source was converted, is what it was then, and its files are there as they were written."""
        record = self.records.get(key)
        if record is None or not record.is_done or record.identity != identity:
            return False
        return len(record.targets) == record.parts and all(
            _is_as_written(self.folder / target, record.states.get(part)) for part, target in record.targets.items()
        )

    def plan(self, key: str, record: Record, part: int) -> None:
        """Tell what a part of a source becomes, before it is written."""
        line = {"source": key, "identity": record.identity, "numbers": record.numbers, "folder": record.folder}
        self._add({**line, "parts": record.parts, "part": part, "target": record.targets[part]})

    def done(self, key: str, states: Mapping[int, State]) -> None:
        """Tell that all that a source becomes was written, and what the file of each part then was."""
        self._add({"done": key, "files": [[part, *state] for part, state in sorted(states.items())]})

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
        if remove and sys.platform != "win32":
            self.path.unlink(missing_ok=True)  # while it is locked: then it is no other run's
        os.close(self._file)
        if remove and sys.platform == "win32":  # where no open file is removed
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _add(self, line: Mapping[str, Any]) -> None:
        # One call of the system: a line is there or not, but for a process that is killed in the midst of it.
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        end = self._end + len(data)
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            os.ftruncate(self._file, self._end)  # no half line stands before others
            raise OSError(error.errno, error.strerror, str(self.path)) from None
        self._end = end

    def _read(self, asked: Any) -> bool:
        """Read the journal that is there; a last line that was not written to its end is cut off."""
        self._read_size = self._whole = 0
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return False
        self._read_size = len(data)
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
        self._whole = whole
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
            record = self.records[line["done"]]
            record.states = {int(part): (int(size), int(changed)) for part, size, changed in line["files"]}
            record.is_done = True
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


def state_of(path: Path) -> State:
    """Return what tells whether a file is as it was written."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _is_as_written(path: Path, state: State | None) -> bool:
    try:
        size, changed = state_of(path)
    except OSError:
        return False
    return state is not None and size == state[0] and abs(changed - state[1]) <= _COARSEST_NS


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
