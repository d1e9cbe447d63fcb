"""The client that waits."""

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from filmless.dicomweb.client.steps import Operation, check_open, run
from filmless.dicomweb.client.storing import Source, Stored, StoreReport

__all__ = ["BlockingClient"]

_T = TypeVar("_T")


class BlockingClient:
    """A client of a DICOMweb service. Use it from any thread, with ``with``, or close it.

    Parameters
    ----------
    url
        Of the service: ``https://host/dicom-web``.
    auth
        A key or token; a pair of user and password; or a function that returns the value of the Authorization header,
        called for each request, for tokens that end.
    headers
        More headers of each request.
    verify
        False for not looking at the certificate of the service, or a context of `ssl` of one's own.
    certificate
        Files of a client certificate and its key.
    timeout_s
        How long nothing may come, and how long a connection may take.
    min_bytes_per_s
        How slowly an answer may come: what is slower over `timeout_s` is given up. Time that is not spent waiting, as
        while what came is worked on, does not count. 0 for any pace.
    retries, backoff_s
        How often a request that failed for a time is made again, and how long is waited before; twice as long each
        time.
    max_instance_bytes, max_json_bytes
        The largest part and document that are taken from the service.
    transport
        What makes connections, as of httpx; for tests.

    Notes
    -----
    What is found and retrieved comes through iterators: arguments are checked at once, but nothing is asked or written
    before one is gone through, by ``for``, `list` or `next`. Redirects to another origin are not followed. Files get
    names from UIDs only, whatever the service calls them.

    DICOM
    -----
    PS3.18 10

    Examples
    --------
    >>> client = BlockingClient("http://localhost:8104/dicom-web", auth="secret")
    >>> client.close()
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
        transport: httpx.BaseTransport | None = None,
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
        self._http = httpx.Client(**opening.options(), transport=transport)

    def search_studies(
        self,
        *,
        include: str | Sequence[str] = (),
        fuzzy: bool = False,
        limit: int | None = None,
        offset: int = 0,
        **values: Any,
    ) -> Iterator[Dataset]:
        """Search for studies; pages are asked for as they are needed.

        Parameters
        ----------
        include
            Keywords of attributes to return beside those of the level; ``["all"]`` for each.
        fuzzy
            Match names by words that begin alike.
        limit, offset
            Which part of what is found.
        **values
            Matching keys by keyword: ``PatientName="Doe*"``, ``StudyDate="20260101-"``; a list for several UIDs. Those
            in items of sequences have a path: ``**{"RequestAttributesSequence.ScheduledProcedureStepID": "S1"}``.

        DICOM
        -----
        PS3.18 10.6
        """
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
    ) -> Iterator[Dataset]:
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
    ) -> Iterator[Dataset]:
        """Search for instances, of a study, of a series or of all; parameters as of `search_studies`."""
        return self._run(
            self._do.search(
                "instances", study, series, include=include, fuzzy=fuzzy, limit=limit, offset=offset, values=values
            )
        )

    def retrieve(
        self, study: str, series: str | None = None, instance: str | None = None, *, transfer_syntax: str = "*"
    ) -> Iterator[Dataset]:
        """Retrieve the data sets of a study, series or instance, as they come; one at a time is in memory.

        Parameters
        ----------
        study, series, instance
            Their UIDs.
        transfer_syntax
            A UID, keyword or short name, as ``"jpeg-ls"``; or ``"*"`` for what is stored.

        Raises
        ------
        DicomWebError
            There is no such thing, or the answer is malformed.
        NetworkError
            The connection failed.
        LimitError
            An instance is larger than the client takes.

        DICOM
        -----
        PS3.18 10.4
        """
        return self._run(self._do.retrieve(study, series, instance, transfer_syntax=transfer_syntax))

    def retrieve_to(
        self,
        folder: str | PathLike[str],
        study: str,
        series: str | None = None,
        instance: str | None = None,
        *,
        transfer_syntax: str = "*",
    ) -> Iterator[Path]:
        """Write the files of a study, series or instance into a folder as they come, and give the path of each.

        A file is whole or not there. Its name is its SOP Instance UID; a digest, when that is no UID.
        """
        return self._run(self._do.retrieve_to(folder, study, series, instance, transfer_syntax=transfer_syntax))

    def retrieve_zip(
        self, path: str | PathLike[str], study: str, series: str | None = None, instance: str | None = None
    ) -> Path:
        """Write the files of a study, series or instance into one ZIP file, and give its path.

        The ZIP is whole or not there. It is as the service makes it, of instances as they are stored; some make none.
        """
        return self._one(self._do.retrieve_zip(path, study, series, instance))

    def retrieve_metadata(
        self,
        study: str,
        series: str | None = None,
        instance: str | None = None,
        *,
        bulk_data: BulkData | None = None,
    ) -> Iterator[Dataset]:
        """Retrieve headers, their long values left out.

        Parameters
        ----------
        study, series, instance
            Their UIDs.
        bulk_data
            Called with tag, value representation and BulkDataURI of each value that is left out; returns its bytes, or
            None to leave it empty. With a `BlockingClient` it may call `retrieve_bulk_data`.

        DICOM
        -----
        PS3.18 10.4.1.1.2
        """
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
    ) -> Iterator[bytes]:
        """Retrieve the bytes of frames, numbered from 1; uncompressed unless another media type is asked for.

        Parameters
        ----------
        study, series, instance
            Their UIDs.
        frames
            Numbers of frames, or one.
        media_type
            ``application/octet-stream`` is samples, little endian: for NumPy, `retrieve` and `Dataset.pixel_array` are
            less work. ``image/jls`` and others are compressed.
        transfer_syntax
            A UID, keyword or short name; without one what the media type stands for.

        DICOM
        -----
        PS3.18 10.4.1.1.6
        """
        return self._run(
            self._do.retrieve_frames(
                study, series, instance, frames, media_type=media_type, transfer_syntax=transfer_syntax
            )
        )

    def retrieve_bulk_data(self, url: str) -> bytes:
        """Retrieve what a BulkDataURI of the service names; URIs of other origins are refused."""
        found: list[bytes] = list(self._run(self._do.retrieve_bulk_data(url)))
        return b"".join(found)

    def rendered(
        self,
        study: str,
        series: str | None = None,
        instance: str | None = None,
        frames: int | Sequence[int] | None = None,
        *,
        media_type: str | None = None,
        **parameters: Any,
    ) -> bytes:
        """Retrieve a picture of an instance or a frame.

        Parameters
        ----------
        study, series, instance
            Their UIDs.
        frames
            The number of a frame; without it what the service shows of an instance.
        media_type
            Such as ``image/png``; by default JPEG of an image, and of a document what the service makes of it, as PDF.
        **parameters
            As of the Standard, texts or tuples: ``window=(40, 400)``, ``viewport="512,512"``, ``quality=80``.

        Raises
        ------
        DicomWebError
            There is no such thing or no such picture, or there are several, as of a study: `rendered_all` gives each.

        DICOM
        -----
        PS3.18 8.3.5, 10.4.1.1.3
        """
        return self._one(
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
    ) -> Iterator[Rendered]:
        """Retrieve each picture of a study, a series, an instance or of several frames, as they come.

        Parameters
        ----------
        study, series, instance, frames
            Of what; several frames of an instance.
        media_type
            Such as ``image/png``; by default JPEG of images, and of documents what the service makes of them.
        **parameters
            As of `rendered`.

        DICOM
        -----
        PS3.18 10.4.1.1.3
        """
        return self._run(
            self._do.pictures(study, series, instance, frames, media_type=media_type, parameters=parameters)
        )

    def thumbnail(
        self,
        study: str,
        series: str | None = None,
        instance: str | None = None,
        frames: int | Sequence[int] | None = None,
        *,
        media_type: str = "image/jpeg",
        **parameters: Any,
    ) -> bytes:
        """Retrieve a small picture; of a study or series, too. Parameters as of `rendered`."""
        return self._one(
            self._do.picture("thumbnail", study, series, instance, frames, media_type=media_type, parameters=parameters)
        )

    def store(
        self,
        sources: Source | Iterable[Source],
        *,
        study: str | None = None,
        progress: Callable[[Stored], None] | None = None,
    ) -> StoreReport[Stored]:
        """Store files, bytes and data sets; what fails for a time is sent again, and only that.

        Parameters
        ----------
        sources
            Paths, bytes and data sets, one or an iterable, which is gone through as it is sent.
        study
            The study that all have to be of.
        progress
            Called with each that is known to be stored or failed.

        Returns
        -------
        StoreReport
            One that fails does not stop the rest.

        DICOM
        -----
        PS3.18 10.5
        """
        report = StoreReport[Stored]()
        for result in self._run(self._do.store(sources, study)):
            report.add(result)
            if progress is not None:
                progress(result)
        return report

    def convert(
        self, sources: File | Iterable[File], *, template: Dataset | None = None, **values: Any
    ) -> StoreReport[Stored]:
        """Have the service make instances of pictures, videos and documents, and store them.

        Parameters
        ----------
        sources
            Paths and bytes of files, one or several: they become instances of one series, in their order.
        template
            A data set that gives values, too, those in sequences among them.
        **values
            Header values by keyword: ``PatientName="Doe^Jane"``, ``StudyDate=date(2026, 1, 2)``.

        Returns
        -------
        StoreReport
            Each instance that was made, and each failure; their `source` is empty when there were several.

        Notes
        -----
        ``POST /convert`` is a route of services of filmless. It is not tried again: each time makes other instances.
        """
        report = StoreReport[Stored]()
        for result in self._run(self._do.convert(sources, template, values)):
            report.add(result)
        return report

    def delete(self, study: str, series: str | None = None, instance: str | None = None) -> None:
        """Delete a study, series or instance of a service that lets one."""
        self._one(self._do.delete(study, series, instance))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _run(self, operation: Operation[_T]) -> Iterator[_T]:
        return run(check_open(self._http), operation, self._do.peer.pace)

    def _one(self, operation: Operation[_T]) -> _T:
        (item,) = self._run(operation)
        return item

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
