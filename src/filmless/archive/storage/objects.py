"""Objects in a store as S3, by obstore: several servers may share one."""

import io
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from filmless.archive.storage import Area, Draft, Stored
from filmless.archive.storage.folder import FileDraft, sweep
from filmless.errors import ArchiveError, NotFoundError

__all__ = ["Objects"]

_PART: Final = 8 << 20
_PIECE: Final = 1 << 20
_LISTED: Final = 1000


class Objects:
    """The storage of an archive in an object store.

    What comes in waits in a local file. An object appears whole or not at all, and is durable once the store has
    acknowledged it: up to 8 MiB as one conditional put (``If-None-Match: *``), above that as a multipart upload, which
    becomes visible with its last request. The name is the digest and a token that no other put has, so that nothing
    is ever put over anything, and a server that deletes an instance cannot take away what another one stores again.

    Parameters
    ----------
    url
        ``s3://bucket/prefix``; also what else obstore knows.
    spool
        A local folder in which what comes in waits.
    options
        Of obstore's store (``endpoint``, ``region``, ``access_key_id``, ``secret_access_key``, ...); what is not there
        is taken from the environment (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, ...).
    retry_s
        For how long a request that fails is tried again, before who asks is told.
    """

    is_shared = True

    def __init__(
        self, url: str, *, spool: Path, options: Mapping[str, str] | None = None, retry_s: float = 20.0
    ) -> None:
        try:
            import obstore
            from obstore.store import from_url
        except ImportError:
            raise ArchiveError("an object store needs obstore", hint="pip install filmless[s3]") from None
        self._obstore, self._spool = obstore, spool
        settings: dict[str, Any] = dict(options or {})
        endpoint = settings.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL", "")
        client = {"allow_http": True} if str(endpoint).startswith("http://") else {}
        retry = {"max_retries": 8, "retry_timeout": timedelta(seconds=retry_s)}
        try:
            self._store: Any = from_url(url, client_options=client, retry_config=retry, **settings)  # type: ignore[call-overload]
        except (obstore.exceptions.BaseError, ValueError) as error:
            raise ArchiveError(f"the object store cannot be opened: {type(error).__name__}") from error

    # -- in ------------------------------------------------------------------------------------------------------

    def draft(self) -> Draft:
        """Begin a file: it is not durable here, and need not be."""
        return FileDraft(self._spool, durable=False)

    def place(self, draft: Draft, area: Area) -> str:
        """Put a sealed draft under a name of its own; it is durable then."""
        location = f"{area}/{draft.sha256[:2]}/{draft.sha256}-{secrets.token_hex(4)}.dcm"
        with self._failing("put"):
            path = Path(str(draft.open()))
            if draft.size <= _PART:
                self._put_new(location, path.read_bytes())
            else:
                # There is no condition on multipart uploads in all stores; the name has never been another's.
                self._obstore.put(self._store, location, path, use_multipart=True, chunk_size=_PART, max_concurrency=4)
        draft.discard()
        return location

    def _put_new(self, location: str, data: bytes) -> None:
        # The name is ours alone: that it exists means that our own request was repeated after an answer got lost.
        with suppress(self._obstore.exceptions.AlreadyExistsError):
            self._obstore.put(self._store, location, data, mode="create", use_multipart=False)

    def settle(self, locations: Iterable[str]) -> None:
        """Do nothing: what was put is durable."""

    def move(self, location: str, area: Area) -> str:
        """Move an object to another area: it is there under both names for a while."""
        target = f"{area}/{location.partition('/')[2]}"
        if target != location:
            with self._failing("move"):
                self._obstore.copy(self._store, location, target)
                self._obstore.delete(self._store, location)
        return target

    # -- out -----------------------------------------------------------------------------------------------------

    def read(self, location: str, start: int = 0, end: int | None = None) -> bytes:
        """Return a range of an object."""
        with self._failing("read"):
            if end is None and start == 0:
                return bytes(self._obstore.get(self._store, location).bytes())
            size = self._obstore.head(self._store, location)["size"]
            end = size if end is None else min(end, size)
            if start >= end:
                return b""
            return bytes(self._obstore.get_range(self._store, location, start=start, end=end))

    def open(self, location: str) -> BinaryIO:
        """Open an object for reading; it is fetched in ranges of 1 MiB."""
        size = self.size(location)
        if size is None:
            raise NotFoundError("the object of an instance is not in the store")
        return cast("BinaryIO", io.BufferedReader(_Reader(self, location, size), _PIECE))

    def range(self, location: str, start: int, end: int) -> Any:
        """Return a range that is known to be there, as a buffer."""
        with self._failing("read"):
            return self._obstore.get_range(self._store, location, start=start, end=end)

    def path(self, location: str) -> str | None:  # noqa: ARG002
        """Return None: there is no path."""
        return None

    def size(self, location: str) -> int | None:
        """Return how long an object is; None when it is not there."""
        with suppress(NotFoundError), self._failing("ask for"):
            return int(self._obstore.head(self._store, location)["size"])
        return None

    def files(self, area: Area) -> Iterator[Stored]:
        """Return all objects of an area, by name."""
        with self._failing("list"):
            for page in self._obstore.list(self._store, f"{area}/", chunk_size=_LISTED):
                for found in page:
                    name = found["path"].rpartition("/")[2]
                    if name.endswith(".dcm"):
                        yield Stored(found["path"], name[:64], int(found["size"]))

    # -- away ----------------------------------------------------------------------------------------------------

    def trash(self, locations: Iterable[str]) -> None:
        """Put a mark for each object that is to go; the objects stay until they are purged."""
        with self._failing("mark"):
            for location in locations:
                self._obstore.put(self._store, f"trash/{location}", b"", use_multipart=False)

    def restore(self, locations: Iterable[str]) -> None:
        """Take marks away."""
        with self._failing("unmark"):
            for location in locations:
                self._delete(f"trash/{location}")

    def purge(self, locations: Iterable[str]) -> None:
        """Remove marked objects, then their marks."""
        with self._failing("delete"):
            for location in locations:
                self._delete(location)
                self._delete(f"trash/{location}")

    def trashed(self) -> Iterator[str]:
        """Return the locations of all that is marked, by any of the servers."""
        with self._failing("list"):
            for page in self._obstore.list(self._store, "trash/", chunk_size=_LISTED):
                yield from (found["path"].removeprefix("trash/") for found in page)

    def remove(self, location: str) -> None:
        """Remove an object that no index row names."""
        with self._failing("delete"):
            self._delete(location)

    def sweep(self) -> None:
        """Remove local drafts of a process that is gone."""
        sweep(self._spool)

    def _delete(self, location: str) -> None:
        with suppress(FileNotFoundError, self._obstore.exceptions.NotFoundError):
            self._obstore.delete(self._store, location)

    @contextmanager
    def _failing(self, verb: str) -> Iterator[None]:
        known = self._obstore.exceptions
        try:
            yield
        except (FileNotFoundError, known.NotFoundError) as error:
            raise NotFoundError("the object of an instance is not in the store") from error
        except (PermissionError, known.PermissionDeniedError, known.UnauthenticatedError) as error:
            raise ArchiveError(
                f"the object store does not let us {verb} an object", hint="check the keys and the bucket's policy"
            ) from error
        except known.BaseError as error:
            raise ArchiveError(f"the object store did not {verb} an object", hint="try again") from error


class _Reader(io.RawIOBase):
    def __init__(self, objects: Objects, location: str, size: int) -> None:
        self._objects, self._location, self._size, self._at = objects, location, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readall(self) -> bytes:
        # Else it would be asked for in pieces of 8 KiB.
        data = bytearray()
        while self._at < self._size:
            end = min(self._at + _PART, self._size)
            data += self._objects.range(self._location, self._at, end)
            self._at = end
        return bytes(data)

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + min(len(buffer), _PART), self._size)
        if end <= self._at:
            return 0
        data = memoryview(self._objects.range(self._location, self._at, end))
        memoryview(buffer)[: len(data)] = data
        self._at += len(data)
        return len(data)
