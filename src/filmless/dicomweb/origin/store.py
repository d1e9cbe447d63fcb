"""STOW-RS: storing instances."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.dicomweb.media_type import MediaType
from filmless.dicomweb.multipart_in import PartData, PartHeaders
from filmless.dicomweb.origin.body import body, parts
from filmless.dicomweb.origin.receiving import Memory, Part, Receiving
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.store_response import CANNOT_UNDERSTAND, Failure, Report, failure_of, wants_xml
from filmless.errors import DicomError, DicomWebError
from filmless.file.uid_grammar import is_uid

__all__ = ["receive", "routes"]

_DICOM: Final = "application/dicom"
_DOCUMENTS: Final = frozenset({"application/dicom+json", "application/dicom+xml"})


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""
    memory = Memory()

    async def store(request: Request) -> Response:
        media_type = MediaType.of(request.headers.get("content-type"))
        return await receive(service, memory, request, lambda receiving: _read(service, receiving, request, media_type))

    return [
        Route("/studies", store, methods=["POST"], name="store"),
        Route("/studies/{study}", store, methods=["POST"], name="store_study"),
    ]


async def receive(
    service: Service, memory: Memory, request: Request, read: Callable[[Receiving], Awaitable[None]]
) -> Response:
    """Answer a request that brings instances.

    Parameters
    ----------
    service, memory
        Of the origin.
    request
        What came.
    read
        Reads the body and gives its instances to the one it is called with.
    """
    within = service.within(request, "write")
    study = request.path_params.get("study")
    if study is not None and not is_uid(study):
        raise DicomWebError("the study in the URL is no UID", status=400)
    wants_xml(request)  # an answer that cannot be given is refused before anything is stored
    try:
        async with Receiving(service, memory, request, study=study, within=within) as receiving:
            try:
                await read(receiving)
            except DicomError as error:
                # What came whole before the body broke is stored, and has to be told of.
                report = await receiving.report()
                if not report.stored:
                    raise
                report.failed.append(failure_of(error))
            else:
                report = await receiving.report()
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    if not report.stored and not report.failed:
        raise DicomWebError("the request has no instances", status=400)
    _audit(request, report)
    return report.response(request)


async def _read(service: Service, receiving: Receiving, request: Request, media_type: MediaType) -> None:
    if media_type.name == _DICOM:
        part = receiving.begin()
        async for piece in body(request, service):
            await receiving.take(part, piece)
        await receiving.finish(part)
    elif media_type.name != "multipart/related":
        raise _unsupported()
    elif (kind := media_type.parameters.get("type", _DICOM).lower()) == _DICOM:
        await _read_parts(service, receiving, request, media_type)
    elif kind in _DOCUMENTS:
        from filmless.dicomweb.origin.store_metadata import read_metadata

        await read_metadata(service, receiving, request, media_type)
    else:
        raise _unsupported()


async def _read_parts(service: Service, receiving: Receiving, request: Request, media_type: MediaType) -> None:
    part: Part | None = None
    async for event in parts(request, service, media_type):
        if isinstance(event, PartData):
            if part is not None:
                await receiving.take(part, event.data)
        elif isinstance(event, PartHeaders):
            kind = MediaType.of(event.headers.get("content-type", _DICOM)).name
            part = receiving.begin() if kind == _DICOM else None
            if part is None:
                receiving.fail(Failure(CANNOT_UNDERSTAND, "a part of another media type than application/dicom"))
        elif part is not None:
            await receiving.finish(part)
            part = None


def _unsupported() -> DicomWebError:
    return DicomWebError(
        "the body is of a media type that is not stored",
        status=415,
        hint='expected application/dicom or `multipart/related; type="application/dicom"`, or application/dicom+json '
        "or +xml with bulk data; `/convert` takes pictures and documents",
    )


def _audit(request: Request, report: Report) -> None:
    """Tell the audit which studies were written to."""
    studies = sorted({outcome.study_uid for outcome in report.stored})
    told = request.scope.setdefault("filmless.audit", {})
    told |= {"studies": studies[:100], "stored": len(report.stored), "failed": len(report.failed)}
    if count := report.set_aside():
        told["set_aside"] = count
