"""STOW-RS from the client's side: instances in requests of a bounded size, again where it failed for a time."""

import json
import secrets
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from filmless.dataset import Dataset
from filmless.dicomweb.client.peer import RETRIED, Peer, ask, document, pause, refused
from filmless.dicomweb.client.steps import Give, Head, NotConnectedError, Operation
from filmless.errors import DicomError, DicomWebError, NetworkError
from filmless.file import encode, read
from filmless.file.store_report import StoreReport

__all__ = ["ANSWERS", "Item", "Source", "StoreReport", "Stored", "multipart", "store", "told"]

_JSON: Final = ("application/dicom+json", "application/json")
_PIECE: Final = 1 << 20
_REQUEST_BYTES: Final = 64 << 20
_REQUEST_INSTANCES: Final = 100
_FOR_A_TIME: Final = range(0xA700, 0xA800)
_PROCESSING_FAILURE: Final = 0x0110
ANSWERS: Final = frozenset({200, 202, 400, 409, 413, 503, 507})
"""Statuses behind which there is an answer that says what became of each instance."""
_AWAY: Final = frozenset({401, 403, 404, 408, 429, 502, 503, 504})
"""Statuses of a whole request that say nothing about an instance in it."""

Source = str | PathLike[str] | bytes | Dataset
"""A file, its bytes, or a data set."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one source.

    Attributes
    ----------
    source
        The path, or which one it is: ``source 3``.
    instance_uid
        Its SOP Instance UID; empty when it could not be read.
    error
        Why it is not stored; None when it is.
    failure_reason
        Failure Reason (0008,1197), when the service gave one.
    warning_reason
        Warning Reason (0008,1196), when the service gave one.
    comment
        What the service says of one that it stored, as that it is set aside.
    unanswered
        When the service said nothing about it: ``"away"``, it was not there or let nobody in; ``"broken off"``, it was,
        but no answer came.
    """

    source: str
    instance_uid: str = ""
    error: str | None = None
    failure_reason: int | None = None
    warning_reason: int | None = None
    comment: str | None = None
    unanswered: Literal["away", "broken off"] | None = None


class _SourceError(NetworkError):
    """What was to be sent cannot be."""


@dataclass(frozen=True, slots=True)
class Item:
    """An instance that waits to be sent."""

    name: str
    uid: str
    size: int
    content: str | bytes  # a path, or the file

    def pieces(self) -> Iterator[bytes]:
        """Read it, a piece at a time."""
        if isinstance(self.content, bytes):
            for start in range(0, self.size, _PIECE):
                yield self.content[start : start + _PIECE]
            return
        with Path(self.content).open("rb") as file:
            while piece := _read(file):
                yield piece


def _read(file: BinaryIO) -> bytes:
    try:
        return file.read(_PIECE)
    except OSError as error:
        raise _SourceError(f"a file cannot be read while it is sent, {error.strerror}") from error


def store(peer: Peer, sources: Iterable[Source], *, study: str | None) -> Operation[Stored]:
    """Send sources in requests of a bounded size; give what became of each.

    DICOM
    -----
    PS3.18 10.5
    """
    batch: list[Item] = []
    for number, source in enumerate(sources, start=1):
        try:
            item = _item(source, number)
        except (DicomError, OSError) as error:
            name = _name(source, number)
            message = error.message if isinstance(error, DicomError) else (error.strerror or "cannot be read").lower()
            yield Give(Stored(name, error=message))
            continue
        full = batch and (sum(one.size for one in batch) + item.size > _REQUEST_BYTES)
        # Two of one UID are told apart by the request that they were in.
        if full or len(batch) >= _REQUEST_INSTANCES or any(one.uid == item.uid for one in batch):
            yield from _send(peer, batch, study)
            batch = []
        batch.append(item)
    yield from _send(peer, batch, study)


def _send(peer: Peer, items: list[Item], study: str | None) -> Operation[Stored]:
    """Send one request, and again what failed for a time only."""
    tries = 0
    while items:
        again: list[Item] = []
        head: Head | None = None
        last: dict[str, Stored] = {}
        try:
            head, results = yield from _request(peer, items, study)
        except (NetworkError, DicomWebError) as error:
            status = error.status if isinstance(error, DicomWebError) else None
            if len(items) > 1 and status in {400, 409, 413}:
                for item in items:  # one of them is at fault, and the others are not to pay
                    yield from _send(peer, [item], study)
                return
            may_pass = status is None or status in RETRIED
            for item in items:
                failed = Stored(item.name, item.uid, error=error.message, unanswered=_unanswered(error))
                if may_pass and tries < peer.retries:
                    again.append(item)
                else:
                    yield Give(failed)
        else:
            for item in items:
                result = results.get(item.uid)
                last[item.uid] = result or Stored(
                    item.name, item.uid, error="the service does not say what became of it"
                )
                if result is not None and _may_pass(result) and tries < peer.retries:
                    again.append(item)
                else:
                    yield Give(last[item.uid])
        if again:
            yield pause(peer, tries, head)
            tries += 1
        items = again


def _request(peer: Peer, items: list[Item], study: str | None) -> Generator[Any, Any, tuple[Head, dict[str, Stored]]]:
    boundary = secrets.token_hex(16)
    opening = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    closing = f"--{boundary}--\r\n".encode()
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Content-Length": str(sum(len(opening) + item.size + 2 for item in items) + len(closing)),
        "Accept": _JSON[0],
    }
    body = partial(multipart, [(opening, item) for item in items], closing)
    url = peer.at("studies", study)
    head = yield from ask(
        peer,
        "POST",
        url,
        headers=headers,
        body=body,
        accepted=ANSWERS,
        retries=0,
    )
    if head.status not in {200, 202} and not head.headers.get("content-type", "").startswith(_JSON[0]):
        raise (yield from refused(peer, "POST", url, head))
    data = yield from document(head, peer.json_bytes, kinds=_JSON)
    return head, _results(data, items, head.status)


def multipart(parts: Iterable[tuple[bytes, Item]], closing: bytes) -> Iterator[bytes]:
    """Give a body: each part behind what opens it."""
    for opening, item in parts:
        yield opening
        sent = 0
        for piece in item.pieces():
            sent += len(piece)
            yield piece
        if sent != item.size:
            raise _SourceError("a file changed while it was sent")
        yield b"\r\n"
    yield closing


def _results(data: bytes, items: list[Item], status: int) -> dict[str, Stored]:
    names = {item.uid: item.name for item in items}
    answered = told(data, status)
    found = {
        one.instance_uid: replace(one, source=names.get(one.instance_uid, "")) for one in answered if one.instance_uid
    }
    others = [one for one in answered if not one.instance_uid]
    missing = [item for item in items if item.uid not in found]
    if others and len(others) == len(missing):
        for item, one in zip(missing, others, strict=True):
            found[item.uid] = replace(one, source=item.name, instance_uid=item.uid)
    return found


def told(data: bytes, status: int) -> list[Stored]:
    """Return what an answer says of each instance, without names; those whose UID it cannot tell come last.

    Raises
    ------
    DicomWebError
        It is no DICOM JSON.

    DICOM
    -----
    PS3.18 I.2
    """
    try:
        ds = Dataset.from_json(json.loads(data))
    except (ValueError, TypeError, RecursionError, DicomError):
        raise DicomWebError("the answer is no DICOM JSON", status=status) from None
    found = []
    for one in _items(ds, "ReferencedSOPSequence"):
        uid = str(one.get("ReferencedSOPInstanceUID"))
        found.append(Stored("", uid, warning_reason=_number(one.get("WarningReason")), comment=_comment(one)))
    for one in _items(ds, "FailedSOPSequence"):
        uid, reason = str(one.get("ReferencedSOPInstanceUID")), _number(one.get("FailureReason"))
        found.append(Stored("", uid, _why(reason, one), reason))
    for one in _items(ds, "OtherFailuresSequence"):
        reason = _number(one.get("FailureReason"))
        found.append(Stored("", "", _why(reason, one), reason))
    return found


def _items(ds: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; of what is none, whatever its representation says, there are none."""
    found = ds.get(keyword)
    return [one for one in found if isinstance(one, Dataset)] if isinstance(found, Iterable) else []


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _why(reason: int | None, failed: Dataset) -> str:
    comment = _comment(failed)
    text = "not stored" if reason is None else f"not stored, failure reason {reason:04X}H"
    return f"{text}: {comment}" if comment is not None else text


def _comment(item: Dataset) -> str | None:
    comment = item.get("ErrorComment")
    return comment if isinstance(comment, str) and comment.isprintable() and len(comment) <= 64 else None


def _unanswered(error: NetworkError | DicomWebError) -> Literal["away", "broken off"] | None:
    if isinstance(error, DicomWebError):
        return "away" if error.status in _AWAY else None
    if isinstance(error, _SourceError):
        return None
    return "away" if isinstance(error, NotConnectedError) else "broken off"


def _may_pass(result: Stored) -> bool:
    reason = result.failure_reason
    return reason is not None and (reason in _FOR_A_TIME or reason == _PROCESSING_FAILURE)


def _item(source: Source, number: int) -> Item:
    name = _name(source, number)
    if isinstance(source, Dataset):
        uid, content = _uid(source), encode(source)
        return Item(name, uid, len(content), content)
    if isinstance(source, bytes):
        return Item(name, _uid(read(source, stop_before_pixels=True)), len(source), source)
    path = fspath(source)
    return Item(name, _uid(read(path, stop_before_pixels=True)), Path(path).stat().st_size, path)


def _uid(ds: Dataset) -> str:
    uid = ds.get("SOPInstanceUID")
    if not isinstance(uid, str) or not uid:
        raise DicomWebError("the data set has no SOPInstanceUID, and is no instance")
    return str(uid)


def _name(source: Source, number: int) -> str:
    return f"source {number}" if isinstance(source, bytes | Dataset) else fspath(source)
