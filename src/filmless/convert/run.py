"""A run over many sources: read, made and written in threads; numbered, named and told in their order."""

import os
import time
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from threading import Lock
from typing import Any

from filmless.convert.conversion import Conversion
from filmless.convert.destinations import Folder, OneFile, is_full
from filmless.convert.header import Origin
from filmless.convert.journal import Journal, Record, State, state_of
from filmless.convert.linking import Models
from filmless.convert.notice import ConversionNotice
from filmless.convert.numbering import Numbering, Numbers, origin_of
from filmless.convert.parallel import Busy, in_order, pool_of, processors
from filmless.convert.pieces import Direction, Inward, PassedOver, Piece
from filmless.convert.sources import Item
from filmless.errors import DicomError

__all__ = ["Run"]

#: Why a source is passed over that an interrupted run has converted.
BEFORE = "converted before"


@dataclass(slots=True)
class _Entry:
    """A source on its way."""

    item: Item
    key: str | None = None
    identity: list[Any] | None = None
    pieces: list[Piece] = field(default_factory=list)
    notices: list[ConversionNotice] = field(default_factory=list)
    numbers: Numbers = field(default_factory=list)
    error: Exception | None = None
    reason: str | None = None
    targets: tuple[Path, ...] = ()
    states: dict[int, State] = field(default_factory=dict)
    seconds: float = 0.0
    left: int = 1
    namesake: int = 0


@dataclass(slots=True)
class _Work:
    """A part of a source on its way; without a piece when nothing comes of the source."""

    entry: _Entry
    piece: Piece | None = None
    part: int = 0
    parts: int = 1
    notices: list[ConversionNotice] = field(default_factory=list)
    error: Exception | None = None
    target: Path | None = None
    is_written: bool = False
    seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class Run:
    """What a run does.

    Attributes
    ----------
    direction
        To DICOM, or from it.
    names
        Where it goes; None for data sets that are not written.
    journal
        What is done; None when nobody is to resume.
    keep_journal
        Whether the journal stays when all was done.
    with_content
        Whether what has no path is known again by its content.
    threads
        How many work at a time; by default as many as there are processors.
    """

    direction: Direction
    names: Folder | OneFile | None = None
    journal: Journal | None = None
    keep_journal: bool = False
    with_content: bool = False
    threads: int | None = None
    _numbering: Numbering = field(default_factory=Numbering)
    _origins: list[Origin] = field(default_factory=list)
    _failed: bool = False
    _planned: bool = False
    _is_stopped: bool = False
    _has_told_of_names: bool = False
    _in_hand: deque[_Work] = field(default_factory=deque)
    _models: Models[_Work] = field(default_factory=Models)
    _busy: Busy = field(default_factory=Busy)
    _lock: Any = field(default_factory=Lock)  # of names, and of the journal

    def conversions(self, items: Iterable[Item]) -> Generator[Conversion, None, None]:
        """Convert; give what became of each source, in their order."""
        if self.journal is not None:
            self.journal.open()
        self._resume()
        pool = pool_of(self.threads)
        # At each step, and more than threads can take where that costs no memory: they do not wait for this one then.
        ahead = (self.threads or processors()) + 1 if self.direction.is_held_decoded else None
        is_whole = False
        try:
            read = in_order(self._read, self._entries(items), threads=self.threads, pool=pool, ahead=ahead)
            for work, finished in in_order(
                self._finish, self._works(read), threads=self.threads, pool=pool, ahead=ahead
            ):
                finished.result()
                self._in_hand.popleft()
                yield self._told(work)
                if is_full(work.error):
                    yield from self._stopped(pool)
                    return
            for work in self._models.linked():
                self._finish(work)
                yield self._told(work)
                if is_full(work.error):
                    return
            yield from self._rows_without_file()
            is_whole = not self._failed
        except KeyboardInterrupt:
            self._busy.stop()
            yield from self._stopped(pool)
            raise
        finally:
            self._is_stopped = True
            pool.shutdown(cancel_futures=True)
            if self.journal is not None:
                self.journal.close(remove=not self.keep_journal and (is_whole or not self._planned))

    def _stopped(self, pool: Executor) -> list[Conversion]:
        """Stop, and return what was written until all threads had: it is there, and has to be told of."""
        self._is_stopped = True
        pool.shutdown(cancel_futures=True)
        return [self._told(work) for work in self._in_hand if work.is_written]

    def _resume(self) -> None:
        if self.journal is None or self.names is None:
            return
        self.journal.sweep()
        for record in self.journal.records.values():
            self._numbering.keep(record.numbers, record.folder, record.parts)
            for target in record.targets.values():
                self.names.reserve(self.journal.folder / target)

    def _entries(self, items: Iterable[Item]) -> Iterator[_Entry]:
        named: Counter[PurePath] = Counter()
        for item in items:
            entry = _Entry(item, error=item.error, reason=item.reason, namesake=named[item.relative])
            named[item.relative] += 1
            if self.journal is not None and entry.error is None and entry.reason is None:
                self._look_up(entry, self.journal)
            yield entry

    def _look_up(self, entry: _Entry, journal: Journal) -> None:
        try:
            entry.identity = entry.item.identity(with_content=self.with_content)
        except OSError as error:
            entry.error = error
        if entry.identity is None:
            return
        entry.key = journal.key_of(entry.identity)
        record = journal.records.get(entry.key)
        if record is not None and journal.is_done(entry.key, entry.identity):
            entry.reason = BEFORE
            entry.targets = tuple(journal.folder / record.targets[part] for part in range(record.parts))

    def _read(self, entry: _Entry) -> None:
        if entry.error is not None or entry.reason is not None:
            return
        started = time.perf_counter()
        try:
            with self._busy.at_work():
                entry.pieces = self.direction.pieces(entry.item, entry.notices)
            if not entry.pieces:
                entry.reason = "nothing in it"
        except PassedOver as passed:
            entry.reason = passed.reason
        except Exception as error:  # noqa: BLE001  one bad file does not stop the rest
            entry.error = error
        entry.seconds = time.perf_counter() - started

    def _works(self, read: Iterable[tuple[_Entry, Future[None]]]) -> Iterator[_Work]:
        for entry, outcome in read:
            outcome.result()
            if isinstance(self.direction, Inward) and self.direction.rules.table is not None:
                self._origins.append(Origin(path=entry.item.name, folder=entry.item.folder))
            if entry.reason is None:
                entry.numbers = self._numbers(entry)
            if entry.reason == BEFORE:
                self._models.note_file(entry.item.name, entry.targets[0])
                for part, target in enumerate(entry.targets):
                    yield self._in_turn(_Work(entry, None, part, len(entry.targets), target=target))
                continue
            if entry.reason is not None or entry.error is not None:
                yield self._in_turn(_Work(entry))
                continue
            pieces, entry.pieces = entry.pieces, []
            entry.left = parts = len(pieces)
            pieces.reverse()
            for part in range(parts):
                work = _Work(entry, pieces.pop(), part, parts)
                if self._is_held(work):
                    continue
                if work.piece is not None and work.piece.keeps_name:
                    self._place(work, work.piece)  # in the order of sources
                yield self._in_turn(work)

    def _in_turn(self, work: _Work) -> _Work:
        self._in_hand.append(work)
        return work

    def _is_held(self, work: _Work) -> bool:
        """Keep a model back, which is made here: what names other files comes when these are made."""
        if work.piece is None or work.piece.model is None:
            return False
        model = work.piece.model
        if self._make(work, work.piece) and work.piece.dataset is not None:
            self._models.hold(work, work.entry.item.name, model, work.piece.dataset)
            return True
        return False

    def _numbers(self, entry: _Entry) -> Numbers:
        """Return the numbers that the source had in an earlier part of the run, or new ones."""
        parts = max(1, len(entry.pieces))
        record = None if self.journal is None or entry.key is None else self.journal.records.get(entry.key)
        if record is not None and record.parts == parts:
            return record.numbers
        return self._numbering.take(entry.item.folder, parts)

    def _finish(self, work: _Work) -> None:
        """Make a part, and write it."""
        piece = work.piece
        if piece is None or work.error is not None or self._is_stopped:
            return
        started = time.perf_counter()
        with self._busy.at_work():
            if self._make(work, piece) and self.names is not None:
                self._write(work, piece)
        work.seconds += time.perf_counter() - started

    def _make(self, work: _Work, piece: Piece) -> bool:
        item = work.entry.item
        origin = origin_of(work.entry.numbers, path=item.name, folder=item.folder, part=work.part)
        origin = replace(origin, namesake=work.entry.namesake)
        try:
            piece.make(origin, work.notices)
        except Exception as error:  # noqa: BLE001
            work.error = error
            return False
        if piece.dataset is not None and work.parts == 1:
            self._models.note(item.name, piece.dataset)
        return True

    def _write(self, work: _Work, piece: Piece) -> None:
        if work.target is None:
            self._place(work, piece)
        if work.target is None or work.error is not None:
            return
        try:
            piece.save(work.target)
            work.is_written = True
            if self.journal is not None:
                work.entry.states[work.part] = state_of(work.target)
        except OSError as error:
            work.error = _of_target(error, work.target)
        except Exception as error:  # noqa: BLE001
            work.error = error
        work.piece = None  # what is written need not be held until its turn to be told of

    def _place(self, work: _Work, piece: Piece) -> None:
        """Give a part its name."""
        if self.names is None:
            return
        try:
            with self._lock:
                self._target(work, piece, self.names)
        except OSError as error:
            is_named = work.target is None or isinstance(error, FileNotFoundError)  # of a folder
            work.error = error if is_named or work.target is None else _of_target(error, work.target)

    def _target(self, work: _Work, piece: Piece, names: Folder | OneFile) -> None:
        """Choose a name, or take that of an earlier part of the run, and write it down."""
        entry, journal = work.entry, self.journal
        if journal is None or entry.key is None or entry.identity is None:
            target = work.target = piece.named(names, entry.item, work.part, work.parts)
        else:
            before = journal.records.get(entry.key)
            had = before.targets.get(work.part) if before is not None and before.parts == work.parts else None
            if had is not None and piece.keeps_name:
                target = journal.folder / had
            else:
                if had is not None:  # of an object that may have got another UID since
                    (journal.folder / had).unlink(missing_ok=True)
                    names.release(journal.folder / had)
                target = piece.named(names, entry.item, work.part, work.parts)
            work.target = target
            plan = Record(entry.identity, entry.numbers, entry.item.folder, work.parts)
            plan.targets[work.part] = os.path.relpath(target, journal.folder)
            journal.plan(entry.key, plan, work.part)
            self._planned = True
        if isinstance(names, Folder) and names.has_met and not self._has_told_of_names:
            self._has_told_of_names = True
            message = "names are taken by files that are there, and get a number"
            work.notices.append(ConversionNotice("names-taken", message))
        names.make_room(target)

    def _told(self, work: _Work) -> Conversion:
        """Return what became of a part, and write it down."""
        entry = work.entry
        is_first = work.part == 0
        told = Conversion(
            source=entry.item.name,
            part=work.part,
            parts=work.parts,
            notices=(*(entry.notices if is_first else ()), *work.notices),
            seconds=work.seconds + (entry.seconds if is_first else 0.0),
        )
        error = entry.error or work.error
        if error is not None:
            self._failed = True
            if isinstance(error, DicomError) and error.path is None:
                error.path = entry.item.name
            return replace(told, status="failed", error=error, notices=())
        if entry.reason is not None:
            return replace(told, status="skipped", reason=entry.reason, target=work.target)
        entry.left -= 1
        if entry.left == 0 and self.journal is not None and entry.key is not None:
            with self._lock, suppress(OSError):  # without the line, it is converted again
                self.journal.done(entry.key, entry.states)
        dataset = None if work.piece is None else work.piece.dataset
        return replace(told, target=work.target, dataset=dataset)

    def _rows_without_file(self) -> Iterator[Conversion]:
        if isinstance(self.direction, Inward) and self.direction.rules.table is not None:
            table = str(self.direction.rules.table)
            try:
                rows = self.direction.rules.rows_without_file(self._origins)
            except DicomError as error:
                self._failed = True
                yield Conversion(source=table, status="failed", error=error)
                return
            if rows is not None:
                yield Conversion(source=table, status="skipped", reason=rows)


def _of_target(error: OSError, target: Path) -> OSError:
    """Name the file that was asked for, not the temporary one or none."""
    what = error.strerror or str(error)
    return OSError(error.errno, f"cannot write, {what[:1].lower()}{what[1:]}", str(target))
