"""The asynchronous client: the methods of `BlockingClient`, over the same operations."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from filmless.dataset import Dataset
from filmless.dicomweb.client.converting import File
from filmless.dicomweb.client.opening import Authorization, Opening
from filmless.dicomweb.client.operations import Operations
from filmless.dicomweb.client.peer import BulkData
from filmless.dicomweb.client.pictures import Rendered
from filmless.dicomweb.client.steps import Operation, check_open, run_async
from filmless.dicomweb.client.storing import Source, Stored, StoreReport

__all__ = ["Client"]

_T = TypeVar("_T")


class Client:
    """A client of a DICOMweb service, asynchronous; `BlockingClient` has the same methods, with their description.

    Parameters
    ----------
    url, auth, headers, verify, certificate, timeout_s, min_bytes_per_s, retries, backoff_s, max_instance_bytes,
    max_json_bytes, transport
        As of `BlockingClient`.

    Notes
    -----
    What is found and retrieved is gone through with ``async for``; the rest is awaited. Use it with ``async with``.

    DICOM
    -----
    PS3.18 10

    Examples
    --------
    >>> async def names(url: str) -> list[str]:
    ...     async with Client(url) as client:
    ...         return [str(study.PatientName) async for study in client.search_studies(StudyDate="20260101-")]
    """

    def __init__(
        self,
        url: str,
        *,
        auth: Authorization | None = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | ssl.SSLContext = True,
        certificate: tuple[str, str] | None = None,
        timeout_s: float = 60.0,
        min_bytes_per_s: float = 100.0,
        retries: int = 3,
        backoff_s: float = 0.5,
        max_instance_bytes: int = 16 << 30,
        max_json_bytes: int = 256 << 20,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        opening = Opening(
            url=url,
            auth=auth,
            headers=headers,
            verify=verify,
            certificate=certificate,
            timeout_s=timeout_s,
            min_bytes_per_s=min_bytes_per_s,
            retries=retries,
            backoff_s=backoff_s,
            max_instance_bytes=max_instance_bytes,
            max_json_bytes=max_json_bytes,
        )
        self._do = Operations(opening.peer())
        self._http = httpx.AsyncClient(**opening.options(), transport=transport)

    def search_studies(
        self,
        *,
        include: str | Sequence[str] = (),
        fuzzy: bool = False,
        limit: int | None = None,
        offset: int = 0,
        **values: Any,
    ) -> AsyncIterator[Dataset]:
        """Search for studies; pages are asked for as they are needed."""
        return self._run(
            self._do.search(
                "studies", None, None, include=include, fuzzy=fuzzy, limit=limit, offset=offset, values=values
            )
        )

    def search_series(
        self,
        study: str | None = None,
        *,
        include: str | Sequence[str] = (),
        fuzzy: bool = False,
        limit: int | None = None,
        offset: int = 0,
        **values: Any,
    ) -> AsyncIterator[Dataset]:
        """Search for series, of a study or of all; parameters as of `search_studies`."""
        return self._run(
            self._do.search(
                "series", study, None, include=include, fuzzy=fuzzy, limit=limit, offset=offset, values=values
            )
        )

    def search_instances(
        self,
        study: str | None = None,
        series: str | None = None,
        *,
        include: str | Sequence[str] = (),
        fuzzy: bool = False,
        limit: int | None = None,
        offset: int = 0,
        **values: Any,
    ) -> AsyncIterator[Dataset]:
        """Search for instances, of a study, of a series or of all; parameters as of `search_studies`."""
        return self._run(
            self._do.search(
                "instances", study, series, include=include, fuzzy=fuzzy, limit=limit, offset=offset, values=values
            )
        )

    def retrieve(
        self, study: str, series: str | None = None, instance: str | None = None, *, transfer_syntax: str = "*"
    ) -> AsyncIterator[Dataset]:
        """Retrieve the data sets of a study, series or instance, as they come; one at a time is in memory."""
        return self._run(self._do.retrieve(study, series, instance, transfer_syntax=transfer_syntax))

    def retrieve_to(
        self,
        folder: str | PathLike[str],
        study: str,
        series: str | None = None,
        instance: str | None = None,
        *,
        transfer_syntax: str = "*",
    ) -> AsyncIterator[Path]:
        """Write the files of a study, series or instance into a folder as they come, and give the path of each."""
        return self._run(self._do.retrieve_to(folder, study, series, instance, transfer_syntax=transfer_syntax))

    async def retrieve_zip(
        self, path: str | PathLike[str], study: str, series: str | None = None, instance: str | None = None
    ) -> Path:
        """Write the files of a study, series or instance into one ZIP file, and give its path."""
        return await self._one(self._do.retrieve_zip(path, study, series, instance))

    def retrieve_metadata(
        self,
        study: str,
        series: str | None = None,
        instance: str | None = None,
        *,
        bulk_data: BulkData | None = None,
    ) -> AsyncIterator[Dataset]:
        """Retrieve headers, their long values left out; `bulk_data` can keep the URIs, to be retrieved afterwards."""
        return self._run(self._do.retrieve_metadata(study, series, instance, bulk_data=bulk_data))

    def retrieve_frames(
        self,
        study: str,
        series: str,
        instance: str,
        frames: int | Sequence[int] = (1,),
        *,
        media_type: str = "application/octet-stream",
        transfer_syntax: str | None = None,
    ) -> AsyncIterator[bytes]:
        """Retrieve the bytes of frames, numbered from 1; uncompressed unless another media type is asked for."""
        return self._run(
            self._do.retrieve_frames(
                study, series, instance, frames, media_type=media_type, transfer_syntax=transfer_syntax
            )
        )

    async def retrieve_bulk_data(self, url: str) -> bytes:
        """Retrieve what a BulkDataURI of the service names; URIs of other origins are refused."""
        return b"".join([part async for part in self._run(self._do.retrieve_bulk_data(url))])

    async def rendered(
        self,
        study: str,
        series: str | None = None,
        instance: str | None = None,
        frames: int | Sequence[int] | None = None,
        *,
        media_type: str | None = None,
        **parameters: Any,
    ) -> bytes:
        """Retrieve a picture; parameters as of the Standard: ``window="40,400,linear"``, ``viewport="512,512"``."""
        return await self._one(
            self._do.picture("rendered", study, series, instance, frames, media_type=media_type, parameters=parameters)
        )

    def rendered_all(
        self,
        study: str,
        series: str | None = None,
        instance: str | None = None,
        frames: int | Sequence[int] | None = None,
        *,
        media_type: str | None = None,
        **parameters: Any,
    ) -> AsyncIterator[Rendered]:
        """Retrieve each picture of a study, a series, an instance or of several frames, as they come."""
        return self._run(
            self._do.pictures(study, series, instance, frames, media_type=media_type, parameters=parameters)
        )

    async def thumbnail(
        self,
        study: str,
        series: str | None = None,
        instance: str | None = None,
        frames: int | Sequence[int] | None = None,
        *,
        media_type: str = "image/jpeg",
        **parameters: Any,
    ) -> bytes:
        """Retrieve a small picture."""
        return await self._one(
            self._do.picture("thumbnail", study, series, instance, frames, media_type=media_type, parameters=parameters)
        )

    async def store(
        self,
        sources: Source | Iterable[Source],
        *,
        study: str | None = None,
        progress: Callable[[Stored], None] | None = None,
    ) -> StoreReport[Stored]:
        """Store files, bytes and data sets; what fails for a time is sent again, and only that."""
        report = StoreReport[Stored]()
        async for result in self._run(self._do.store(sources, study)):
            report.add(result)
            if progress is not None:
                progress(result)
        return report

    async def convert(
        self, sources: File | Iterable[File], *, template: Dataset | None = None, **values: Any
    ) -> StoreReport[Stored]:
        """Have the service make instances of pictures, videos and documents, and store them."""
        report = StoreReport[Stored]()
        async for result in self._run(self._do.convert(sources, template, values)):
            report.add(result)
        return report

    async def delete(self, study: str, series: str | None = None, instance: str | None = None) -> None:
        """Delete a study, series or instance of a service that lets one."""
        await self._one(self._do.delete(study, series, instance))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _run(self, operation: Operation[_T]) -> AsyncIterator[_T]:
        return run_async(check_open(self._http), operation, self._do.peer.pace)

    async def _one(self, operation: Operation[_T]) -> _T:
        (item,) = [item async for item in self._run(operation)]
        return item

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
