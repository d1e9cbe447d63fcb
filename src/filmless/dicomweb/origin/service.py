"""What every resource needs: the archive, the limits, threads for what blocks, and who asks."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, Final, Literal, NamedTuple, ParamSpec, TypeVar, cast

import anyio
from anyio.to_thread import run_sync
from starlette.datastructures import URL
from starlette.requests import HTTPConnection

from filmless.archive import Archive, Entry, Outcome, Within
from filmless.archive.failures import failing_as_archive
from filmless.archive.storage.durable import make_folder
from filmless.archive.within import EVERYTHING
from filmless.dataset import Dataset
from filmless.errors import DicomWebError
from filmless.file import encode
from filmless.security import Limits, Principal, Role
from filmless.security.principal import LOCAL

__all__ = ["ASIDE", "ReadOnly", "Service"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


Need = Role | Literal["keep"]
ASIDE: Final = "what comes in cannot be kept for a while"


def _is_at(host: str, address: str) -> bool:
    return host == address or (host == "localhost" and address in {"127.0.0.1", "::1"})


def _threads(count: int) -> Callable[[], anyio.CapacityLimiter]:
    return lambda: anyio.CapacityLimiter(count)


class ReadOnly(NamedTuple):
    """Why nothing can be stored, changed or deleted, and what to do about it: for who tries."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Service:
    """What every resource needs.

    Attributes
    ----------
    archive
        What is served.
    limits
        What a peer may send.
    public_url
        What URLs in answers begin with, when a proxy stands before the server; else they follow the request.
    files
        Threads that read and write files and ask the index.
    pixels
        Threads that decode and render: as many as processors, since each holds a picture.
    read_only
        Given when nothing can be stored, changed or deleted, whoever asks.
    no_keeping
        What is told, then, who would have something kept that is made here; by default the same.
    keeper
        Keeps what is made here instead of the archive, also when that is read-only; see `keep`.
    """

    archive: Archive
    limits: Limits = field(default_factory=Limits)
    public_url: str | None = None
    files: anyio.CapacityLimiter = field(default_factory=_threads(32))
    pixels: anyio.CapacityLimiter = field(default_factory=_threads(2))
    read_only: ReadOnly | None = None
    no_keeping: ReadOnly | None = None
    keeper: Callable[[Dataset], Outcome] | None = None

    async def call(self, function: Callable[_P, _T], *args: _P.args, **options: _P.kwargs) -> _T:
        """Run what blocks on the disk or the index in a thread."""
        return await run_sync(lambda: function(*args, **options), limiter=self.files)

    async def draw(self, function: Callable[_P, _T], *args: _P.args, **options: _P.kwargs) -> _T:
        """Run what decodes, encodes or renders pixels in a thread."""
        return await run_sync(lambda: function(*args, **options), limiter=self.pixels)

    def recognised(self, request: HTTPConnection) -> Principal:
        """Return who asks, as the gate before the routes recognised them."""
        found: Any = request.scope.get("filmless.principal", LOCAL)
        assert isinstance(found, Principal)  # noqa: S101 - the gate's contract
        return found

    def principal(self, request: HTTPConnection) -> Principal:
        """Return who asks, with the roles that count here."""
        found = self.recognised(request)
        if self.read_only is None:
            return found
        return replace(found, roles=frozenset({"read"} if found.may("read") else ()))

    def within(self, request: HTTPConnection, role: Need) -> Within:
        """Return what is in sight of who asks; raise when they lack a role.

        Every route calls this first. Who has to do with `keep` asks for ``"keep"``: that is the role ``"write"``, and
        may be granted where all other writing is refused.

        Raises
        ------
        DicomWebError
            403.
        """
        principal = self.recognised(request)
        if self.read_only is not None and role != "read" and not (role == "keep" and self.keeper is not None):
            told = self.no_keeping if role == "keep" and self.no_keeping is not None else self.read_only
            raise DicomWebError(told.message, status=403, hint=told.hint)
        needed: Role = "write" if role == "keep" else role
        if not principal.may(needed):
            raise DicomWebError(f"the role `{needed}` is needed for this", status=403)
        return Within(principal.patients, principal.studies)

    def keeps_for(self, request: HTTPConnection) -> bool:
        """Whether who asks may have something kept that is made here."""
        return self.recognised(request).may("write") and (self.read_only is None or self.keeper is not None)

    def keep(self, dataset: Dataset, *, study_uid: str | None = None, within: Within = EVERYTHING) -> Outcome:
        """Store what was made here, such as measurements, where that is kept: it is durable when this returns.

        Parameters
        ----------
        dataset
            What was made.
        study_uid
            The study it has to be of.
        within
            What is in sight of who made it.

        Raises
        ------
        FormatError
            It lacks a UID that it is filed by.
        ArchiveError
            It could not be stored.
        """
        if self.keeper is not None:
            return self.keeper(dataset)
        with self.archive.receive() as incoming:
            incoming.write(encode(dataset))
            return incoming.submit(study_uid=study_uid, within=within, is_waited_for=True).result()

    def aside(self) -> BinaryIO:
        """Open a file for a while, which goes when it is closed: where the archive keeps what comes in.

        Not in the system's temporary folder, which may be small, or memory. What a crash leaves is swept as drafts are.

        Raises
        ------
        ArchiveError
            It cannot be made.
        """
        with failing_as_archive(ASIDE):
            folder = self.archive.folder / "incoming"
            make_folder(folder)  # somebody may have tidied up
            return cast("BinaryIO", NamedTemporaryFile(dir=folder, prefix="filmless-", suffix=".part"))

    def base(self, request: HTTPConnection) -> str:
        """Return the URL of the service, without a slash at the end."""
        if self.public_url:
            return self.public_url
        # `request.base_url` is of the outermost application: where this one is mounted is its own root path.
        scope = {**request.scope, "path": request.scope.get("root_path", ""), "query_string": b""}
        try:
            url, (address, port) = URL(scope=scope), request.scope.get("server") or ("", None)
            # dicomweb-client leaves the port out of `Host`. Who names a server by its own address asks it directly;
            # else a port that is missing is the one of a proxy.
            if port not in {None, 80, 443} and url.port is None and _is_at(url.hostname or "", address):
                url = url.replace(port=port)
            return str(url).rstrip("/")
        except ValueError:
            raise DicomWebError("`Host` is no host", status=400) from None

    async def entries(self, request: HTTPConnection, role: Need = "read") -> list[Entry]:
        """Return the instances that the path of a request names, in a stable order.

        Raises
        ------
        DicomWebError
            403 without the role; 404 when there are none in sight.
        """
        return await self.call(self.find, request, role)

    def find(self, request: HTTPConnection, role: Need = "read") -> list[Entry]:
        """Return what `entries` does: for who is in a thread already.

        Raises
        ------
        DicomWebError
            403 without the role; 404 when there are none in sight.
        """
        within, path = self.within(request, role), request.path_params
        uids = (path["study"], path.get("series"), path.get("instance"))
        found = self.archive.entries(*uids, within=within)
        if not found:
            level = "instance" if uids[2] else "series" if uids[1] else "study"
            raise DicomWebError(f"there is no such {level}", status=404)
        return found
