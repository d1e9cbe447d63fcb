"""WADO-RS from the client's side: instances, metadata, frames, bulk data and pictures, taken as they come."""

import hashlib
import os
import tempfile
import zipfile
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

from filmless.dataset import Dataset
from filmless.dicomweb.client.peer import BulkData, Peer, ask, document, objects
from filmless.dicomweb.client.steps import Give, Head, Operation, Read
from filmless.dicomweb.media_type import MediaType
from filmless.dicomweb.multipart_in import PartData, PartEnd, Parts
from filmless.errors import DicomError, DicomWebError, LimitError
from filmless.file import read
from filmless.file.uid_grammar import is_uid

__all__ = [
    "END",
    "name_of",
    "next_piece",
    "opened",
    "retrieve",
    "retrieve_bulk_data",
    "retrieve_frames",
    "retrieve_metadata",
    "retrieve_to",
    "retrieve_zip",
]

_JSON: Final = ("application/dicom+json", "application/json")
_DICOM: Final = ("application/dicom", "application/octet-stream")
_HEADER_BYTES: Final = 64 << 10

Piece = bytes | memoryview | None
"""Bytes of a part; None at its end."""


def retrieve(peer: Peer, url: str, *, transfer_syntax: str) -> Operation[Dataset]:
    """Give the data sets of an answer, one held in memory at a time."""
    head = yield from ask(peer, "GET", url, headers={"Accept": _accept(transfer_syntax)})
    held = bytearray()
    body = opened(peer, head, _DICOM)
    while (step := (yield from next_piece(body))) is not END:
        if step is None:
            data, held = bytes(held), bytearray()
            yield Give(_dataset(data, head))
        else:
            held += step
            _check_size(len(held), peer)


def retrieve_to(peer: Peer, url: str, folder: Path, *, transfer_syntax: str) -> Operation[Path]:
    """Write the instances of an answer into a folder, as they come; give the path of each."""
    head = yield from ask(peer, "GET", url, headers={"Accept": _accept(transfer_syntax)})
    folder.mkdir(parents=True, exist_ok=True)
    body = opened(peer, head, _DICOM)
    file: _File | None = None
    try:
        while (step := (yield from next_piece(body))) is not END:
            file = file or _File(folder)
            if step is None:
                target = file.finish(head)
                file = None
                yield Give(target)
            else:
                file.write(step)
                _check_size(file.size, peer)
    finally:
        if file is not None:
            file.discard()


def retrieve_metadata(peer: Peer, url: str, *, bulk_data: BulkData | None) -> Operation[Dataset]:
    """Give the headers of instances."""
    head = yield from ask(peer, "GET", url, headers={"Accept": _JSON[0]})
    for one in objects((yield from document(head, peer.json_bytes, kinds=_JSON)), head.status, bulk_data=bulk_data):
        yield Give(one)


def retrieve_frames(peer: Peer, url: str, *, media_type: str, transfer_syntax: str | None) -> Operation[bytes]:
    """Give the bytes of frames in the order that they are asked for."""
    syntax = "" if transfer_syntax is None else f"; transfer-syntax={transfer_syntax}"
    wanted = f'multipart/related; type="{media_type}"{syntax}'
    head = yield from ask(peer, "GET", url, headers={"Accept": wanted})
    yield from _parts_in_memory(peer, head)


def retrieve_bulk_data(peer: Peer, url: str) -> Operation[bytes]:
    """Give bulk data: one part as a rule, one a frame of compressed pixel data."""
    wanted = 'multipart/related; type="application/octet-stream", application/octet-stream;q=0.5, */*;q=0.1'
    head = yield from ask(peer, "GET", peer.same_origin(url), headers={"Accept": wanted})
    yield from _parts_in_memory(peer, head)


def retrieve_zip(peer: Peer, url: str, target: Path) -> Operation[Path]:
    """Write the ZIP of what is stored; give its path."""
    head = yield from ask(peer, "GET", url, headers={"Accept": "application/zip"})
    body = opened(peer, head, ("application/zip",))
    target.parent.mkdir(parents=True, exist_ok=True)
    file = _File(target.parent)
    try:
        while (step := (yield from next_piece(body))) is not END:
            if step is not None:
                file.write(step)
                _check_size(file.size, peer)
        file.finish_zip(target, head)
        yield Give(target)
    finally:
        file.discard()


def name_of(ds: Dataset, data_digest: str) -> str:
    """Return the name of a file: its SOP Instance UID, when that is of the grammar of UIDs; else a digest of it."""
    uid = ds.get("SOPInstanceUID")
    return f"{uid if is_uid(uid) else data_digest}.dcm"


class _File:
    """A file that is coming in: whole under its name, or not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        descriptor, name = tempfile.mkstemp(prefix=".filmless-", suffix=".part", dir=folder)
        self._file, self._path = os.fdopen(descriptor, "wb"), Path(name)
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def finish(self, head: Head) -> Path:
        self._file.close()
        try:
            ds = read(self._path, stop_before_pixels=True)
        except DicomError:
            self.discard()
            raise DicomWebError("a part of the answer is no DICOM file", status=head.status) from None
        target = self._folder / name_of(ds, self._digest.hexdigest())
        del ds
        self._path.replace(target)
        return target

    def finish_zip(self, target: Path, head: Head) -> None:
        self._file.close()
        if not zipfile.is_zipfile(self._path):
            raise DicomWebError("the answer is no ZIP file", status=head.status)
        self._path.replace(target)

    def discard(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


END: Final = object()
"""What `next_piece` takes at the end of an answer."""


def opened(peer: Peer, head: Head, kinds: tuple[str, ...]) -> "_Body":
    """Begin with the body of an answer: of parts, or alone and of one of these media types."""
    media_type = MediaType.of(head.headers.get("content-type"))
    if media_type.name == "multipart/related":
        return _Body(head, Parts(media_type.boundary, parts=peer.parts, header_bytes=_HEADER_BYTES))
    if kinds and media_type.name not in kinds:
        told = media_type.name if media_type.name.isprintable() else "something else"
        raise DicomWebError(f"the answer is {told or 'of no media type'}, expected {kinds[0]}", status=head.status)
    return _Body(head, None)


class _Body:
    """An answer in one part or more, of which pieces are taken one after the other."""

    def __init__(self, head: Head, parts: Parts | None) -> None:
        self.head, self.parts = head, parts
        self.waiting: list[Piece] = []
        self.ended = head.status == 204
        self.started = False
        self.headers: deque[dict[str, str]] | None = None  # of the parts that came, where they are wanted


def next_piece(body: _Body) -> Generator[Any, Any, Any]:
    """Take the next piece of an answer: bytes, None at the end of a part, `END` at that of the whole."""
    while not body.waiting:
        if body.ended:
            return END
        piece: bytes | None = yield Read()
        if piece:
            body.started = True
            body.waiting = _pieces(body, piece)
            body.waiting.reverse()
        else:
            body.ended = True
            if body.parts is not None and body.started:
                body.parts.finish()
            elif body.parts is None and body.started:
                return None
    return body.waiting.pop()


def _pieces(body: _Body, piece: bytes) -> list[Piece]:
    if body.parts is None:
        return [piece]
    found: list[Piece] = []
    for event in body.parts.feed(piece):
        if isinstance(event, PartData):
            found.append(event.data)
        elif isinstance(event, PartEnd):
            found.append(None)
        elif body.headers is not None:
            body.headers.append(event.headers)
    return found


def _parts_in_memory(peer: Peer, head: Head) -> Operation[bytes]:
    held = bytearray()
    body = opened(peer, head, ())
    if body.parts is None and MediaType.of(head.headers.get("content-type")).name == "text/html":
        raise DicomWebError("the answer is text/html, expected bulk data", status=head.status)
    while (step := (yield from next_piece(body))) is not END:
        if step is None:
            data, held = bytes(held), bytearray()
            yield Give(data)
        else:
            held += step
            _check_size(len(held), peer)


def _accept(transfer_syntax: str) -> str:
    return f'multipart/related; type="application/dicom"; transfer-syntax={transfer_syntax}'


def _check_size(size: int, peer: Peer) -> None:
    if size > peer.instance_bytes:
        most = peer.instance_bytes
        raise LimitError(f"a part of an answer of more than {most} bytes", limit="instance_bytes", value=most)


def _dataset(data: bytes, head: Head) -> Dataset:
    try:
        return read(data)
    except DicomError:
        raise DicomWebError("a part of the answer is no DICOM file", status=head.status) from None
