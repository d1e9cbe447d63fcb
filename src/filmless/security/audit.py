"""The audit: a line of JSON for each access, none of which is lost while the program runs."""

import asyncio
import json
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any, Final, Self

from filmless.errors import SecurityError

__all__ = ["Audit"]

_log = logging.getLogger("filmless.security")

# All but ASCII is escaped, so that nothing in a line ends it or moves the cursor of who reads it.
_JSON: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
#: Lines that are written together.
_BATCH: Final = 512
_RETRY_S: Final = 1.0
_LOOK_S: Final = 0.005
#: How long the first of some lines waits for others: waking a thread for each would take longer than the accesses.
_GATHER_S: Final = 0.005


class Audit:
    r"""Writes a JSON object a line, in a thread of its own; HTTP and associations share it.

    Parameters
    ----------
    path
        The file; None for standard output.
    max_bytes
        A file that would grow beyond is set aside as ``PATH.1``, and older ones move on; 0 leaves that to others: a
        file that was moved away is made anew.
    keep
        Files that are kept aside.
    capacity
        Lines that may wait to be written, accesses that are not finished included.
    patience_s
        Seconds that an access waits when the lines before it cannot be written, before it is refused.

    Raises
    ------
    SecurityError
        The file cannot be written to.

    Notes
    -----
    A place for the line of an access is taken before the access begins. So none is lost: when the disk is full,
    accesses wait, and then are refused.

    DICOM
    -----
    PS3.15 A.5

    Examples
    --------
    >>> from pathlib import Path
    >>> with Audit("audit.jsonl") as audit:
    ...     audit.write({"who": "ct-1", "operation": "C-ECHO"})
    >>> Path("audit.jsonl").read_text()
    '{"who":"ct-1","operation":"C-ECHO"}\n'
    """

    def __init__(
        self,
        path: str | PathLike[str] | None,
        *,
        max_bytes: int = 64 << 20,
        keep: int = 20,
        capacity: int = 10_000,
        patience_s: float = 10.0,
    ) -> None:
        self._file = _File(None if path is None else Path(path), max_bytes, keep)
        self._patience_s = patience_s
        self._lines: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._in_haste = threading.Event()
        self._free = capacity
        self._is_closing = False
        self.is_failing = False
        try:
            self._file.open()
        except OSError as error:
            what = (error.strerror or "").lower()
            raise SecurityError(f"the audit cannot be written, {what}", path=path) from None
        self._thread = threading.Thread(target=self._write_all, name="filmless-audit", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what is left, and end."""
        with self._changed:
            self._is_closing = True
            self._in_haste.set()
            self._changed.notify_all()
        self._thread.join()
        self._file.close()

    def write(self, fields: Mapping[str, Any]) -> None:
        """Write a line, from a thread that may wait.

        Raises
        ------
        SecurityError
            There is no room for it.
        """
        self.hold()
        self.write_reserved(fields)

    def hold(self) -> None:
        """Take a place for a line, in a thread that may wait.

        Raises
        ------
        SecurityError
            There is none for too long a time.
        """
        deadline = time.monotonic() + self._patience_s
        with self._changed:
            while not self._take():
                if not self._changed.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    raise _full()

    async def reserve(self) -> None:
        """Take a place for a line, on an event loop.

        Raises
        ------
        SecurityError
            There is none for too long a time.
        """
        deadline = time.monotonic() + self._patience_s
        while True:
            with self._changed:
                if self._take():
                    return
            if time.monotonic() >= deadline:
                raise _full()
            # Looking again is all that this seldom case needs: no thread is held, nothing leaks when it is cancelled.
            await asyncio.sleep(_LOOK_S)

    def write_reserved(self, fields: Mapping[str, Any]) -> None:
        """Write the line a place was taken for. Does not wait."""
        line = _JSON.encode(fields).encode() + b"\n"
        with self._changed:
            self._lines.append(line)
            if len(self._lines) == 1:
                self._changed.notify_all()
            elif len(self._lines) == _BATCH:
                self._in_haste.set()

    def _take(self) -> bool:
        if self._free <= 0 or self._is_closing:
            self._in_haste.set()
            return False
        self._free -= 1
        return True

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._is_closing)
            self._in_haste.wait(_GATHER_S)
            self._in_haste.clear()
            with self._changed:
                batch = [self._lines[index] for index in range(min(_BATCH, len(self._lines)))]
                if not batch:
                    return
            written = self._try(batch)
            with self._changed:
                for _ in range(written):
                    self._lines.popleft()
                self._free += written
                self._changed.notify_all()
                if written < len(batch):
                    if self._is_closing:
                        _log.error("the audit lost %d lines: they cannot be written", len(self._lines))
                        return
                    self._changed.wait_for(lambda: self._is_closing, _RETRY_S)

    def _try(self, batch: list[bytes]) -> int:
        """Write lines, and return how many are in the file, whole."""
        try:
            written = self._file.append(batch)
        except OSError as error:
            written = self._file.whole
            if not self.is_failing:
                _log.error("the audit cannot be written, accesses wait: %s", error.strerror)
            self.is_failing = True
        else:
            self.is_failing = False
        return written


class _File:
    """A file that grows by lines, or standard output."""

    def __init__(self, path: Path | None, max_bytes: int, keep: int) -> None:
        self._path, self._max_bytes, self._keep = path, max_bytes, keep
        self._descriptor = -1
        self._is_broken = False
        #: Lines of the last call that are in the file.
        self.whole = 0

    def open(self) -> None:
        if self._path is None:
            sys.stdout.flush()
            self._descriptor = os.dup(1)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(self._path, flags, 0o600)
        # A line that a crash cut must not swallow the next one.
        size = os.fstat(self._descriptor).st_size
        if size:
            os.lseek(self._descriptor, -1, os.SEEK_END)
            self._is_broken = os.read(self._descriptor, 1) != b"\n"

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def append(self, lines: list[bytes]) -> int:
        """Write lines; an error leaves in `whole` how many of them are there."""
        self.whole = 0
        self._prepare(sum(map(len, lines)))
        content = memoryview((b"\n" if self._is_broken else b"") + b"".join(lines))
        extra, done = int(self._is_broken), 0
        try:
            while done < len(content):
                done += os.write(self._descriptor, content[done:])
        finally:
            end = extra
            for line in lines:
                end += len(line)
                self.whole += end <= done
            if done:
                self._is_broken = content[done - 1] != 0x0A
        return self.whole

    def _prepare(self, size: int) -> None:
        """Open the file again when somebody moved it away, and set it aside when it is long enough."""
        if self._path is None:
            return
        if self._descriptor < 0 or not self._is_in_place():
            self.close()
            self.open()
        before = os.fstat(self._descriptor).st_size
        if self._max_bytes and before and before + size > self._max_bytes:
            self.close()  # Windows renames no file that is open
            self._set_aside(self._path)
            self.open()

    def _is_in_place(self) -> bool:
        assert self._path is not None  # noqa: S101
        try:
            there, ours = self._path.stat(), os.fstat(self._descriptor)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def _set_aside(self, path: Path) -> None:
        for number in range(self._keep - 1, 0, -1):
            with suppress(FileNotFoundError):
                path.with_name(f"{path.name}.{number}").replace(path.with_name(f"{path.name}.{number + 1}"))
        with suppress(FileNotFoundError):
            path.replace(path.with_name(f"{path.name}.1"))


def _full() -> SecurityError:
    return SecurityError("the audit cannot be written: accesses wait until it can")
