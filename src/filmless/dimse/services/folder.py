"""Storage into a folder: a bare SCP that writes files and knows nothing of an archive (PS3.4 B, PS3.10 7)."""

import hashlib
import os
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from filmless.dataset import Dataset
from filmless.dimse.pace import Pace
from filmless.dimse.part10 import head
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.storing import require_match, storing
from filmless.dimse.steps import Buffer, Message, Sink
from filmless.errors import DicomError
from filmless.file.same_data_set import same_behind_meta
from filmless.file.uid_grammar import is_uid

__all__ = ["FolderOptions", "Received", "folder", "sinks"]

_BINARY: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions:
    """How files are put into a folder.

    Attributes
    ----------
    layout
        ``"study"`` has a folder for each study, and in it one for each series; ``"flat"`` has all files in one.
    on_existing
        What becomes of an instance when a file of its name is there with another data set: ``"beside"`` writes it under
        a name with its digest, ``"replace"`` writes over the old one, ``"refuse"`` tells the sender that it failed. The
        same data set again is left as it is, and is success.
    durable
        Whether success is told only when file and name are on disk (fsync).
    """

    layout: Literal["study", "flat"] = "study"
    on_existing: Literal["beside", "replace", "refuse"] = "beside"
    durable: bool = False

    def __post_init__(self) -> None:
        if self.layout not in {"study", "flat"}:
            raise ValueError("layout is 'study' or 'flat'")
        if self.on_existing not in {"beside", "replace", "refuse"}:
            raise ValueError("on_existing is 'beside', 'replace' or 'refuse'")


@dataclass(frozen=True, slots=True)
class Received:
    """An instance that is in the folder.

    Attributes
    ----------
    path
        Its file.
    sop_class_uid, instance_uid
        As the command has them.
    is_new
        False when the same data set was there already.
    """

    path: str
    sop_class_uid: str
    instance_uid: str
    is_new: bool


def folder(
    path: str | os.PathLike[str],
    *,
    options: FolderOptions | None = None,
    unknown: bool = True,
    on_received: Callable[[Received], None] | None = None,
) -> Service:
    """Answer C-STORE: each instance becomes a file of PS3.10 in a folder.

    Parameters
    ----------
    path
        The folder; made when it is not there.
    options
        How files are put there.
    unknown
        Whether SOP classes are taken that are private, or newer than this version.
    on_received
        Called with each instance before its sender is told, in the thread that wrote it: maybe that of the event loop.

    DICOM
    -----
    PS3.4 B.2, PS3.10 7.1

    Examples
    --------
    >>> from filmless.dimse import Scp
    >>> from filmless.dimse.services.folder import folder
    >>> scp = Scp("STORESCP", [folder("received")])
    """
    target = _Folder(Path(path), options or FolderOptions(), on_received)

    def open_sink(request: Request, message: Message) -> Sink:
        return _IntoFolder(target, message, sender=request.association.calling_ae_title)

    # What is to be on the disk before its sender is told waits for the disk each time.
    pace = None if target.options.durable else Pace()
    return storing(open_sink, unknown=unknown, pace=pace)


def sinks(
    path: str | os.PathLike[str],
    *,
    options: FolderOptions | None = None,
    on_received: Callable[[Received], None] | None = None,
    sender: str,
) -> Callable[[Message], Sink]:
    """Return what opens sinks into a folder, for instances that come within C-GET.

    Parameters
    ----------
    path, options, on_received
        As of `folder`.
    sender
        AE title of who sends.
    """
    target = _Folder(Path(path), options or FolderOptions(), on_received)
    return lambda message: _IntoFolder(target, message, sender=sender)


class _Folder:
    """Gives files their names, one at a time."""

    def __init__(self, root: Path, options: FolderOptions, on_received: Callable[[Received], None] | None) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root, self.options, self.on_received = os.fspath(root), options, on_received
        self._made: set[str] = {self.root}
        self._naming = threading.Lock()

    def directory(self, ds: Dataset) -> str:
        """Return the folder for a data set; made when it is not there."""
        if self.options.layout == "flat":
            return self.root
        study, series = (_name(ds.get(keyword)) for keyword in ("StudyInstanceUID", "SeriesInstanceUID"))
        path = f"{self.root}{os.sep}{study}{os.sep}{series}"
        if path not in self._made:
            if len(self._made) > 10_000:  # a server runs for months
                self._made = {self.root}
            os.makedirs(path, exist_ok=True)  # noqa: PTH103 - paths here are texts: a path object costs as much
            if self.options.durable:
                _sync_names(os.path.dirname(path), self.root)  # noqa: PTH120
            self._made.add(path)
        return path

    def forget(self, directory: str) -> None:
        """Look again whether a folder is there."""
        self._made.discard(directory)

    def settle(self, part: str, directory: str, name: str) -> tuple[str, bool]:
        """Give a written file its name; return its path, and whether it is new."""
        path = f"{directory}{os.sep}{name}.dcm"
        with self._naming:
            if not os.path.lexists(path):
                os.rename(part, path)  # noqa: PTH104
                return path, True
            if _are_same(part, path):
                return path, False
            if self.options.on_existing == "replace":
                os.replace(part, path)  # noqa: PTH105
                return path, True
            if self.options.on_existing == "refuse":
                raise DicomError("another data set of this SOP Instance UID is there")
        # Hashed without the lock; the same name means the same bytes.
        beside = f"{directory}{os.sep}{name}-{_digest(part)}.dcm"
        with self._naming:
            is_new = not os.path.lexists(beside)
            os.replace(part, beside)  # noqa: PTH105
        return beside, is_new


class _IntoFolder:
    """An instance on its way into a folder."""

    __slots__ = ("_descriptor", "_directory", "_folder", "_message", "_part", "_sender")

    def __init__(self, target: _Folder, message: Message, *, sender: str) -> None:
        self._folder, self._message, self._sender = target, message, sender
        self._descriptor, self._part, self._directory = -1, "", ""

    def write(self, piece: Buffer) -> None:
        if self._descriptor < 0:
            ds = require_match(self._message, piece)
            self._open(ds)
            command = self._message.command
            begin = head(
                command["AffectedSOPClassUID"],
                command["AffectedSOPInstanceUID"],
                self._message.context.transfer_syntax,
                sender=self._sender,
            )
            _write_all(self._descriptor, begin)
        _write_all(self._descriptor, piece)

    def _open(self, ds: Dataset) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
        self._directory = self._folder.directory(ds)
        part = f"{self._directory}{os.sep}.{secrets.token_hex(12)}.part"
        try:
            self._descriptor = os.open(part, flags, 0o666)
        except FileNotFoundError:  # somebody tidied up
            self._folder.forget(self._directory)
            self._folder.directory(ds)
            self._descriptor = os.open(part, flags, 0o666)
        self._part = part

    def finish(self) -> Received:
        command = self._message.command
        sop_class, instance = command["AffectedSOPClassUID"], command["AffectedSOPInstanceUID"]
        if self._folder.options.durable:
            os.fsync(self._descriptor)
        self._close()
        path, is_new = self._folder.settle(self._part, self._directory, _name(instance))
        if self._folder.options.durable:
            _sync_names(self._directory)
        if is_new:
            self._part = ""
        received = Received(path, sop_class, instance, is_new)
        if self._folder.on_received is not None:
            self._folder.on_received(received)
        return received

    def discard(self) -> None:
        self._close()
        if self._part:
            with suppress(FileNotFoundError):
                os.unlink(self._part)  # noqa: PTH108
            self._part = ""

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


def _name(uid: object) -> str:
    """Return a name for a UID: itself when it is one, else a digest, since a peer's text never becomes a path."""
    if uid is None or uid == "":
        return "none"
    return uid if is_uid(uid) else hashlib.sha256(repr(uid).encode()).hexdigest()


def _write_all(descriptor: int, data: Buffer) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _are_same(part: str, path: str) -> bool:
    if os.path.islink(path) or not os.path.isfile(path):  # noqa: PTH113, PTH114
        return False
    with open(part, "rb", buffering=0) as left, open(path, "rb", buffering=0) as right:  # noqa: PTH123
        return same_behind_meta(left, right)


def _digest(path: str) -> str:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_names(*directories: str) -> None:
    if os.name == "nt":  # a rename is in the journal as it is
        return
    for directory in directories:
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
