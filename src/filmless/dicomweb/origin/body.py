"""The body of a request as it comes: bounded, and inflated when it is compressed."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request

from filmless.dicomweb.media_type import MediaType
from filmless.dicomweb.multipart_in import Event, Parts
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError, LimitError

__all__ = ["body", "parts"]

_PIECE: Final = 1 << 20
_FEW: Final = 8 << 10  # bytes of a body in which parts are looked for, where they are tiny
_MANY: Final = 256 << 10
_TURN: Final = 200  # events
_FREE: Final = 64 << 20
_RATIO: Final = 100
"""Beyond `_FREE` bytes a body may inflate to so many times its size: pixels do not shrink as far, bombs do."""


async def body(request: Request, service: Service) -> AsyncIterator[bytes]:
    """Give the body of a request in pieces, inflated.

    Raises
    ------
    DicomWebError
        415 for an unknown Content-Encoding, 400 for a damaged one.
    LimitError
        It is larger than the limits allow.
    ClientDisconnect
        The client went before its end.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"identity", ""}:
        received = _bounded(request, service)
    elif encoding in {"gzip", "x-gzip", "deflate"}:
        received = _inflated(request, service, encoding)
    else:
        raise DicomWebError("an unknown Content-Encoding, expected gzip or deflate", status=415)
    async for piece in received:
        yield piece


async def parts(request: Request, service: Service, media_type: MediaType) -> AsyncIterator[Event]:
    """Give the parts of a multipart body as they come.

    Raises
    ------
    DicomWebError, LimitError, ClientDisconnect
        As `body`, and when the parts are malformed or too many.
    """
    limits = service.limits
    found = Parts(media_type.boundary, parts=limits.parts, header_bytes=limits.part_header_bytes)
    size = _FEW
    async for piece in body(request, service):
        # Of tiny parts there are thousands in a piece, and looking for them waits for nothing: others have their turns.
        start = 0
        while start < len(piece):
            events = found.feed(piece[start : start + size])
            start += size
            size = _FEW if len(events) > _TURN // 2 else _MANY
            for number, event in enumerate(events, 1):
                yield event
                if number % _TURN == 0 or (size == _FEW and number == len(events)):
                    await asyncio.sleep(0)
    found.finish()


async def _bounded(request: Request, service: Service) -> AsyncIterator[bytes]:
    most, size = service.limits.body_bytes, 0
    announced = request.headers.get("content-length", "")
    if most is not None and announced.isdecimal() and len(announced) < 20 and int(announced) > most:
        raise LimitError(f"a body of more than {most} bytes", limit="body_bytes", value=most)
    async for piece in request.stream():
        size += len(piece)
        if most is not None and size > most:
            raise LimitError(f"a body of more than {most} bytes", limit="body_bytes", value=most)
        if piece:
            yield piece


async def _inflated(request: Request, service: Service, encoding: str) -> AsyncIterator[bytes]:
    inflater = zlib.decompressobj(15 if encoding == "deflate" else 31)
    taken = given = 0
    most = service.limits.body_bytes
    async for piece in _bounded(request, service):
        taken += len(piece)
        rest = piece
        while rest and not inflater.eof:
            try:
                data = await service.call(inflater.decompress, rest, _PIECE)
            except zlib.error:
                raise DicomWebError(f"the body is no {encoding}, or a damaged one", status=400) from None
            rest = inflater.unconsumed_tail
            given += len(data)
            if given > max(_FREE, _RATIO * taken) or (most is not None and given > most):
                bound = max(_FREE, _RATIO * taken) if most is None else most
                raise LimitError("the body inflates to too much", limit="body_bytes", value=bound)
            if data:
                yield data
    if not inflater.eof:
        raise DicomWebError(f"the body ends before its {encoding} does", status=400)
