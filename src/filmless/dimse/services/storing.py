"""What every storage SCP does, whatever it stores to: look at the command, take the data set, tell the status."""

import asyncio
import errno
import logging
import zlib
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from filmless._core import Acceptable
from filmless.dataset import Dataset
from filmless.dimse.pace import Pace
from filmless.dimse.part10 import dataset_of
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.status import NOT_AUTHORIZED, SUCCESS
from filmless.dimse.steps import Buffer, Message, Sink
from filmless.dimse.storage_classes import STORAGE_CLASSES, is_storage
from filmless.errors import (
    ArchiveError,
    ConflictError,
    DicomError,
    FormatError,
    LimitError,
    SecurityError,
    StorageFullError,
)

__all__ = ["DoesNotMatch", "Opener", "comment_of", "require_match", "status_of", "storing"]

Opener = Callable[[Request, Message], Sink]
"""Opens what the data set of a request goes to; in a thread."""

OUT_OF_RESOURCES: Final = 0xA700
DOES_NOT_MATCH: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000
TOO_LARGE: Final = 0xC001
FAILED: Final = 0xC002
INVALID_INSTANCE: Final = 0x0117
CLASS_NOT_SUPPORTED: Final = 0x0122

_LEVEL_2_FULL: Final = 2
_SIGNATURES_PRESERVED: Final = 3
_NO_COERCION: Final = 0

_DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_EXPLICIT: Final = "1.2.840.10008.1.2.1"
_LONGEST_UID: Final = 64
_LOOKED_AT: Final = 16 << 10
_INFLATED: Final = 64 << 10
_LONGEST_COMMENT: Final = 64
_FULL: Final = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

_log = logging.getLogger(__name__)


class DoesNotMatch(FormatError):  # noqa: N818 - reads as it is raised
    """The data set is of another SOP class or instance than its command says."""


def storing(
    open_sink: Opener,
    *,
    unknown: bool,
    note: Callable[[Request, Any], None] = lambda _request, _result: None,
    pace: Pace | None = None,
    takes: Callable[[str], bool] = is_storage,
) -> Service:
    """Return a service that takes C-STORE in every transfer syntax, in the order that the sender prefers.

    Parameters
    ----------
    open_sink
        Opens what a data set goes to. What its `Sink.finish` returns may be a `concurrent.futures.Future`: it is waited
        for without a thread.
    unknown
        Whether SOP classes are taken that are of no known service: private ones, and newer ones.
    note
        Called with a request and what became of its data set, to tell the audit.
    pace
        Of sinks that are quick as a rule, see `Request.into`.
    takes
        Which SOP classes can be stored at all.

    DICOM
    -----
    PS3.4 B.2, PS3.7 9.1.1
    """

    async def store(request: Request) -> None:
        request.require("write")
        status, comment = await _store(request, open_sink, note, pace)
        await request.respond(status, ErrorComment=comment or None)

    return Service(
        tuple(Acceptable(sop_class) for sop_class in STORAGE_CLASSES if takes(sop_class)),
        {"C-STORE": store},
        otherwise=Acceptable("") if unknown else None,
        takes=takes,
        extended=_extended,
    )


def _extended(_sop_class: str, asked: bytes) -> bytes | None:
    """Answer the extended negotiation of a storage SOP class (PS3.4 B.3.1): everything is kept, nothing is changed."""
    if not asked:
        return None
    # Service-class application information: level of support, level of digital signatures, coercion of elements.
    return bytes((_LEVEL_2_FULL, 0, _SIGNATURES_PRESERVED, 0, _NO_COERCION, 0))[: max(2, len(asked))]


async def _store(
    request: Request, open_sink: Opener, note: Callable[[Request, Any], None], pace: Pace | None
) -> tuple[int, str]:
    refusal = _refusal(request)
    if refusal is not None:
        return refusal  # what comes is dropped when the request is finished
    result = await request.into(lambda message: open_sink(request, message), pace=pace)
    if isinstance(result, Future):
        try:
            if not result.done():
                await asyncio.wrap_future(result)
            result = result.result()
        except Exception as error:  # noqa: BLE001 - whatever it is, the sender is told
            result = error
    if isinstance(result, Exception):
        if not isinstance(result, DicomError | OSError):
            _log.error("a bug: %s while an instance was stored", type(result).__name__)
        return status_of(result), comment_of(result)
    note(request, result)
    return SUCCESS, ""


def _refusal(request: Request) -> tuple[int, str] | None:
    command = request.command
    if command.get("AffectedSOPClassUID") != request.context.abstract_syntax:
        return CLASS_NOT_SUPPORTED, "the SOP class is not that of the presentation context"
    instance = command.get("AffectedSOPInstanceUID")
    if not isinstance(instance, str) or not 0 < len(instance) <= _LONGEST_UID:
        return INVALID_INSTANCE, "Affected SOP Instance UID is missing or too long"
    return None


def status_of(error: Exception) -> int:
    """Return the status that tells a sender of an error.

    DICOM
    -----
    PS3.4 B.2.3
    """
    match error:
        case StorageFullError():
            return OUT_OF_RESOURCES
        case DoesNotMatch():
            return DOES_NOT_MATCH
        case SecurityError():
            return NOT_AUTHORIZED
        case LimitError():
            return TOO_LARGE
        case ConflictError():  # out of what the sender may write to
            return NOT_AUTHORIZED
        case ArchiveError():  # it cannot be written for now: the sender is to try again
            return OUT_OF_RESOURCES
        case OSError():
            return OUT_OF_RESOURCES if error.errno in _FULL else FAILED
        case DicomError():
            return CANNOT_UNDERSTAND
    return FAILED


def comment_of(error: Exception) -> str:
    """Return what goes into Error Comment (0000,0902): what is wrong, without paths and values, in 64 letters."""
    text = error.message if isinstance(error, DicomError) else "the instance could not be stored"
    printable = "".join(letter if " " <= letter <= "~" and letter != "\\" else "?" for letter in text)
    return printable if len(printable) <= _LONGEST_COMMENT else printable[: _LONGEST_COMMENT - 3] + "..."


def require_match(message: Message, piece: Buffer) -> Dataset:
    """Look whether a data set is what its command says, by its first piece; return what was read of it.

    Raises
    ------
    DoesNotMatch
        It is of another SOP class or instance.
    FormatError
        It cannot be read, or does not say.
    """
    view = memoryview(piece)
    ds = _beginning(bytes(view[:_LOOKED_AT]), message.context.transfer_syntax)
    if "SOPInstanceUID" not in ds and len(view) > _LOOKED_AT:  # long elements before it
        ds = _beginning(bytes(view), message.context.transfer_syntax)
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        value = ds.get(keyword)
        if not isinstance(value, str) or not value:
            raise FormatError(f"the data set has no {keyword}")
        if value != message.command[f"Affected{keyword}"]:
            raise DoesNotMatch(f"{keyword} of the data set is not that of the command")
    return ds


def _beginning(begin: bytes, transfer_syntax: str) -> Dataset:
    if transfer_syntax == _DEFLATED:
        try:
            begin = zlib.decompressobj(-zlib.MAX_WBITS).decompress(begin, _INFLATED)
        except zlib.error:
            raise FormatError("the data set is not deflated as its transfer syntax says") from None
        transfer_syntax = _EXPLICIT
    return dataset_of(begin, transfer_syntax)
