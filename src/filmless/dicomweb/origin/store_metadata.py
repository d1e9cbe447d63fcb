"""STOW-RS of metadata: data sets as JSON or XML, their bulk data in parts of their own."""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from filmless import _core
from filmless.dataset import Dataset
from filmless.dicomweb.json_array import objects_of
from filmless.dicomweb.media_type import MediaType
from filmless.dicomweb.multipart_in import PartData, PartHeaders
from filmless.dicomweb.origin.body import parts
from filmless.dicomweb.origin.receiving import Receiving
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.spool import IN_MEMORY_BYTES, Kept, Spool
from filmless.dicomweb.origin.store_response import CANNOT_UNDERSTAND, Failure, failure_of
from filmless.errors import DicomError, FormatError, LimitError
from filmless.file import encode
from filmless.pixels.encapsulation import encapsulate, encapsulate_stream

__all__ = ["read_metadata", "store_dataset"]

_DOCUMENTS: Final = {"application/dicom+json": "json", "application/dicom+xml": "xml", "application/json": "json"}
_PIXEL_DATA: Final = 0x7FE0_0010
_MAX_URI: Final = 4096
_AVAILABLE: Final = 0x0008_3002
_DATA_SET: Final = 0x0003_0000
_EXPLICIT: Final = "1.2.840.10008.1.2.1"
_SYNTAX: Final = {
    "image/jpeg": "1.2.840.10008.1.2.4.70",
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/jls": "1.2.840.10008.1.2.4.80",
    "image/jp2": "1.2.840.10008.1.2.4.90",
    "image/jphc": "1.2.840.10008.1.2.4.201",
    "image/jxl": "1.2.840.10008.1.2.4.110",
    "video/mpeg2": "1.2.840.10008.1.2.4.100",
    "video/mp4": "1.2.840.10008.1.2.4.102",
    "video/h265": "1.2.840.10008.1.2.4.107",
}
"""The transfer syntax that a media type of bulk data stands for without a parameter, PS3.18 Table 8.7.3-5."""


async def read_metadata(service: Service, receiving: Receiving, request: Request, media_type: MediaType) -> None:
    """Read a body of metadata and bulk data; its instances go to ``receiving``.

    Bulk data are taken from the parts of the request alone, whatever their URIs name.

    DICOM
    -----
    PS3.18 10.5.2, 8.7.3.3
    """
    async with Spool(service) as spool:
        await fill(spool, request, service, media_type)
        documents = [part for part in spool.parts if part.media_type.name in _DOCUMENTS]
        if sum(part.size for part in documents) > service.limits.json_bytes:
            limit = service.limits.json_bytes
            raise LimitError(f"metadata of more than {limit} bytes", limit="json_bytes", value=limit)
        bulk = Bulk(spool, [part for part in spool.parts if part.media_type.name not in _DOCUMENTS])
        for document in documents:
            kind = _DOCUMENTS[document.media_type.name]
            text = await service.call(spool.read, document)
            objects = iter([text]) if kind == "xml" else objects_of(text)
            count = 0
            while (one := await service.draw(next, objects, None)) is not None:
                count += 1
                try:
                    data = await service.draw(bulk.instance, one, kind)
                except DicomError as error:
                    receiving.fail(failure_of(error))
                else:
                    await store_bytes(receiving, data)
            if not count:
                receiving.fail(Failure(CANNOT_UNDERSTAND, "a document without a data set"))


async def fill(spool: Spool, request: Request, service: Service, media_type: MediaType) -> None:
    """Put the parts of a multipart body into a spool."""
    async for event in parts(request, service, media_type):
        if isinstance(event, PartData):
            await spool.take(event.data)
        elif isinstance(event, PartHeaders):
            spool.begin(event.headers)


async def store_bytes(receiving: Receiving, data: bytes) -> None:
    """Hand over an instance that is in memory."""
    part, view = receiving.begin(), memoryview(data)
    for start in range(0, len(view), 1 << 20):
        await receiving.take(part, view[start : start + (1 << 20)])
    await receiving.finish(part)


async def store_dataset(service: Service, receiving: Receiving, ds: Dataset) -> None:
    """Encode a data set and hand it over."""
    await store_bytes(receiving, await service.draw(encode, ds))


class Bulk:
    """The bulk data of a request, by their locations."""

    def __init__(self, spool: Spool, found: list[Kept]) -> None:
        self._spool = spool
        self._by_location: dict[str, list[Kept]] = {}
        for part in found:
            self._by_location.setdefault(_location(part.headers.get("content-location", "")), []).append(part)

    def instance(self, text: bytes, kind: str) -> bytes:
        """Return the file of a data set in JSON or XML, its bulk data put in; in a thread.

        Raises
        ------
        FormatError
            It is malformed, or names bulk data that did not come with it.
        LimitError
            They are too large, or it is too deep.
        """
        pixels: list[Kept] = []
        held = 0

        def value(tag: int, vr: str, uri: str) -> bytes:  # noqa: ARG001 - the signature of `Dataset.from_json`
            nonlocal held
            found = self._by_location.get(_location(uri))
            if not found:
                raise FormatError("a bulk data URI names no part of the request, and is not fetched", tag=tag)
            held += sum(part.size for part in found)
            if held > IN_MEMORY_BYTES:
                raise LimitError(
                    f"bulk data of more than {IN_MEMORY_BYTES} bytes in one instance",
                    limit="in_memory_bytes",
                    value=IN_MEMORY_BYTES,
                )
            if tag == _PIXEL_DATA and _syntax_of(found[0]) is not None:
                pixels.extend(found)
                return b""
            return b"".join(map(self._spool.read, found))

        try:
            ds = (Dataset.from_json if kind == "json" else Dataset.from_xml)(text, bulk_data=value)
        except (ValueError, TypeError):
            raise FormatError(f"the metadata are no DICOM {kind.upper()}") from None
        syntax = _named_syntax(ds)
        if pixels:
            syntax = _syntax_of(pixels[0]) if syntax in (None, _EXPLICIT) else syntax
            self._put_pixels(ds, pixels, syntax or _EXPLICIT)
        ds.file_meta["TransferSyntaxUID"] = syntax or _EXPLICIT
        return encode(ds)

    def _put_pixels(self, ds: Dataset, found: list[Kept], syntax: str) -> None:
        streams = [self._spool.read(part) for part in found]
        is_one_stream = len(streams) == 1 and int(ds.get("NumberOfFrames") or 1) > 1
        made = encapsulate_stream(streams[0]) if is_one_stream else encapsulate(streams)
        ds.file_meta["TransferSyntaxUID"] = syntax
        ds.add_new("PixelData", "OB", made.value)
        if made.offsets is not None:
            ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = made.offsets, made.lengths


def _location(uri: str) -> str:
    """Return what two names of the same bulk data have in common: clients put hosts before the paths of one only."""
    try:
        split = urlsplit(uri) if len(uri) < _MAX_URI else None
    except ValueError:
        split = None
    return uri if split is None or not split.path else split.path + (f"?{split.query}" if split.query else "")


def _syntax_of(part: Kept) -> str | None:
    """Return the transfer syntax of a part that is encapsulated; None of one that is not."""
    uid = part.media_type.parameters.get("transfer-syntax") or _SYNTAX.get(part.media_type.name)
    row = _core.transfer_syntax(uid) if uid else None
    return uid if row is not None and row["uid"] == uid and row["encapsulated"] else None


def _named_syntax(ds: Dataset) -> str | None:
    """Take the transfer syntax out of metadata: from the element for that, or from file meta information."""
    uid = ds.get("AvailableTransferSyntaxUID") or ds.get("TransferSyntaxUID")
    for element in [element for element in ds if element.tag == _AVAILABLE or element.tag < _DATA_SET]:
        del ds[element.tag]
    row = _core.transfer_syntax(str(uid)) if uid else None
    if uid and (row is None or row["uid"] != uid):  # keywords are found, too
        raise FormatError("the metadata name an unknown transfer syntax")
    return str(uid) if uid else None
