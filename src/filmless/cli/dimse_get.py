"""Fetching from an application entity: by C-GET, or by C-MOVE to a listener of our own where it has none."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from filmless.cli.dimse_find import search_entity
from filmless.cli.reporting import Failure, Misuse
from filmless.cli.wanted import Wanted, identifier_of
from filmless.errors import DimseStatusError, NetworkError, RemoteProtocolError

if TYPE_CHECKING:
    from filmless.cli.entity import Entity
    from filmless.dimse.services.folder import FolderOptions, Received
    from filmless.dimse.steps import Message, Sink

__all__ = ["Listener", "fetch_from", "listener_of", "search_in"]

_MOST_INSTANCES: Final = 100  # of one request that lists them
_MOST_CLASSES: Final = 2  # of an association: so many leave room for all transfer syntaxes that something is stored in


class Listener(NamedTuple):
    """Where a peer is to send to: an AE title that it knows, at a port of this machine."""

    ae_title: str
    host: str
    port: int


def listener_of(text: str) -> Listener:
    """Return where a peer is to send to, of ``AE@[HOST]:PORT``.

    Raises
    ------
    Misuse
        It is no such.
    """
    from filmless.cli.entity import check_ae_title

    title, at, place = text.partition("@")
    host, colon, port = place.rpartition(":")
    if not (at and colon and port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise Misuse("--move-to is AE@:PORT or AE@HOST:PORT", "by which PEER knows this machine, such as WS-1@:11112")
    return Listener(check_ae_title(title), host.strip("[]"), int(port))


def search_in(entity: "Entity", level: str, query: dict[str, str]) -> list[Any]:
    """Search over an association of its own."""
    with search_entity(entity, level, query) as found:
        return list(found)


def fetch_from(
    entity: "Entity",
    wanted: Sequence[Wanted],
    output: Path,
    *,
    jobs: int,
    transfer_syntax: str,
    force: bool,
    listener: Listener | None,
    allow: tuple[str, ...],
    step: Callable[[], None],
) -> list[dict[str, Any]]:
    """Fetch instances; return a row for each.

    Parameters
    ----------
    entity
        Where from.
    wanted
        What is there, as a search told.
    output
        The folder.
    jobs
        How many associations are open at a time at the most.
    transfer_syntax
        UID of the only one that is taken; ``*`` for all.
    force
        Whether what is there already is fetched, too.
    listener
        Where the peer is to send to when it has no C-GET.
    allow
        Who may send there, beside the peer.
    step
        Called for each instance.
    """
    fetching = _Fetching(entity, wanted, output, transfer_syntax=transfer_syntax, force=force, step=step)
    asyncio.run(fetching.run(jobs, listener, allow))
    return list(fetching.rows())


class _Request(NamedTuple):
    """What is asked for together, of which SOP classes: a study, a series, or instances of a series."""

    classes: frozenset[str]
    study: str
    series: str | None = None
    instances: tuple[str, ...] = ()


class _How(NamedTuple):
    """A way to have instances sent: what is proposed for SOP classes, which of it is needed, and what asks."""

    proposed: Callable[[frozenset[str]], dict[str, Any]]
    needed: tuple[str, ...]
    fetch: Callable[[Any, _Request], Awaitable[None]]


class _Fetching:
    """What is wanted, and what of it came."""

    def __init__(
        self,
        entity: "Entity",
        wanted: Sequence[Wanted],
        output: Path,
        *,
        transfer_syntax: str,
        force: bool,
        step: Callable[[], None],
    ) -> None:
        from filmless.file.uid_grammar import is_uid

        self._entity, self._output, self._step = entity, output, step
        self._transfer_syntax, self._force = transfer_syntax, force
        if not all(is_uid(uid) for one in wanted for uid in one[:3]):
            raise RemoteProtocolError("the peer names an instance by something that is no UID")
        self._wanted = {one.instance: one for one in wanted}
        self._there = {one.instance for one in wanted if not force and self._path(one).exists()}
        self._came: dict[str, str] = {}
        self._error: NetworkError | None = None
        self._lacks = self._was_open = False
        self._refused: set[str] = set()
        for _ in self._there:
            step()

    def _path(self, one: Wanted) -> Path:
        return self._output / one.study / one.series / f"{one.instance}.dcm"

    @property
    def _options(self) -> "FolderOptions":
        from filmless.dimse.services.folder import FolderOptions

        return FolderOptions(on_existing="replace" if self._force else "beside")

    def _received(self, received: "Received") -> None:
        """Note one that is in the folder, in the thread that wrote it."""
        uid = received.instance_uid
        if uid in self._wanted and uid not in self._came:
            self._came[uid] = received.path
            self._step()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Give what became of each."""
        why = "the peer did not send it" if self._error is None else self._error.message
        for uid, one in self._wanted.items():
            if uid in self._came:
                yield {"instance": uid, "path": self._came[uid], "status": "fetched"}
            elif uid in self._there:
                yield {"instance": uid, "path": str(self._path(one)), "status": "there"}
            elif one.sop_class in self._refused:
                error = f"the peer does not send {one.sop_class} by C-GET; --move-to has it send by C-MOVE"
                yield {"instance": uid, "status": "failed", "error": error}
            else:
                yield {"instance": uid, "status": "failed", "error": why}

    async def run(self, jobs: int, listener: Listener | None, allow: tuple[str, ...]) -> None:
        """Fetch, and again what is missing while more comes of it."""
        how = self._by_get()
        async with AsyncExitStack() as stack:
            for _ in range(self._entity.retries + 1):
                before = len(self._came)
                await self._round(jobs, how)
                is_refused = listener is not None and any(one.sop_class in self._refused for one in self._missing())
                if self._lacks or (is_refused and self._transfer_syntax == "*"):
                    self._refused.clear()
                    how = await stack.enter_async_context(self._by_move(listener, allow))
                    await self._round(jobs, how)
                if not self._missing() or len(self._came) == before:
                    return

    async def _round(self, jobs: int, how: _How) -> None:
        self._lacks, self._was_open, self._error = False, False, None
        for classes, requests in _grouped(self._requests()):
            queue, proposed = deque(requests), how.proposed(classes)
            tasks = [asyncio.create_task(self._work(how, proposed, queue)) for _ in range(min(jobs, len(queue)))]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            if self._lacks:
                break
        if self._error is not None and not self._was_open:
            raise self._error

    async def _work(self, how: _How, proposed: dict[str, Any], queue: deque[_Request]) -> None:
        """Keep an association open while there is something to ask for."""
        try:
            async with self._entity.connecting(**proposed) as peer:
                if not any(peer.association.context_for(uid) for uid in how.needed):
                    self._lacks = True
                    return
                self._was_open = True
                while queue:
                    try:
                        await how.fetch(peer, queue.popleft())
                    except DimseStatusError as error:  # of this request: the others may fare better
                        self._error = error
        except NetworkError as error:
            self._error = error

    def _missing(self) -> list[Wanted]:
        return [one for uid, one in self._wanted.items() if uid not in self._came and uid not in self._there]

    def _requests(self) -> Iterator[_Request]:
        """Give as few as bring what is missing, and nothing else."""
        missing = {one.instance for one in self._missing()}
        studies: dict[str, dict[str, list[Wanted]]] = {}
        for one in self._wanted.values():
            studies.setdefault(one.study, {}).setdefault(one.series, []).append(one)
        for study, parts in studies.items():
            every = [one for part in parts.values() for one in part]
            classes = _classes_of(every)
            if len(classes) <= _MOST_CLASSES and all(one.whole == "study" and one.instance in missing for one in every):
                yield _Request(classes, study)
                continue
            for series, part in parts.items():
                left = [one for one in part if one.instance in missing]
                classes = _classes_of(left)
                if (
                    len(classes) <= _MOST_CLASSES
                    and len(left) == len(part)
                    and all(one.whole != "instance" for one in part)
                ):
                    yield _Request(classes, study, series)
                    continue
                for _, alike in groupby(sorted(left, key=_class_of), _class_of):
                    uids = [one.instance for one in alike]
                    for start in range(0, len(uids), _MOST_INSTANCES):
                        some = tuple(uids[start : start + _MOST_INSTANCES])
                        yield _Request(frozenset({self._wanted[some[0]].sop_class}), study, series, some)

    def _by_get(self) -> _How:
        from filmless.dimse.services.folder import sinks
        from filmless.dimse.uids import PATIENT_ROOT, STUDY_ROOT

        models = (STUDY_ROOT[2], PATIENT_ROOT[2])
        opened = sinks(
            self._output,
            options=self._options,
            on_received=self._received,
            sender=self._entity.address.ae_title,
        )

        def into(message: "Message") -> "Sink":
            if message.command.get("AffectedSOPInstanceUID") not in self._wanted:
                raise RemoteProtocolError("the peer sends what was not asked for")
            return opened(message)

        async def fetch(peer: Any, request: _Request) -> None:
            sent = {context.abstract_syntax for context in peer.association.contexts if context.scp}
            # Orthanc sends only what the DCMTK it stands on has heard of; by C-MOVE it sends everything.
            self._refused |= request.classes - sent - {""}
            async for _ in peer.get(identifier_of(request.study, request.series, *request.instances), into=into):
                pass

        return _How(lambda classes: {"contexts": self._contexts(models, classes)}, models, fetch)

    def _contexts(self, models: tuple[str, ...], classes: frozenset[str]) -> list[tuple[str, Sequence[str]]] | None:
        """Return what to propose: what is stored comes as it is only in a context of its own transfer syntax."""
        from filmless.dimse.contexts import apart, uncompressed

        if "" in classes:  # the peer did not say: the common ones
            return None
        if self._transfer_syntax == "*":
            return apart([*models, *sorted(classes)])
        return uncompressed(models) + [(name, (self._transfer_syntax,)) for name in sorted(classes)]

    @asynccontextmanager
    async def _by_move(self, listener: Listener | None, allow: tuple[str, ...]) -> AsyncIterator[_How]:
        """Listen, while ``async with`` lasts, to have a peer without C-GET send by C-MOVE."""
        from filmless.cli.listen import access_for
        from filmless.dimse.scp.access import AccessOptions
        from filmless.dimse.services.move_destination import move_destination
        from filmless.dimse.uids import PATIENT_ROOT, STUDY_ROOT
        from filmless.security.addresses import is_loopback

        if listener is None:
            hint = "--move-to AE@:PORT has it send by C-MOVE; the peer has to know this AE title and port"
            raise Failure("the peer has no C-GET", hint)
        if self._transfer_syntax != "*":
            raise Misuse("--transfer-syntax is for C-GET, and the peer has none")
        addresses = await _addresses_of(self._entity.address.host)
        is_here = all(map(is_loopback, addresses))
        # The peer may send, and who else was named.
        access = access_for((*addresses, *allow), AccessOptions())

        async def fetch(peer: Any, request: _Request) -> None:
            async for _ in peer.move(
                identifier_of(request.study, request.series, *request.instances), destination=listener.ae_title
            ):
                pass

        async with move_destination(
            self._output,
            ae_title=listener.ae_title,
            host=listener.host or ("127.0.0.1" if is_here else "0.0.0.0"),  # noqa: S104
            port=listener.port,
            access=access,
            options=self._options,
            on_received=self._received,
        ):
            models = (STUDY_ROOT[1], PATIENT_ROOT[1])
            yield _How(lambda _: {"sop_classes": models}, models, fetch)


def _class_of(one: Wanted) -> str:
    return one.sop_class


def _classes_of(some: Iterable[Wanted]) -> frozenset[str]:
    return frozenset(map(_class_of, some))


def _grouped(requests: Iterable[_Request]) -> list[tuple[frozenset[str], list[_Request]]]:
    """Put together what one association has room for."""
    groups: list[tuple[frozenset[str], list[_Request]]] = []
    for request in sorted(requests, key=lambda one: sorted(one.classes)):
        if groups and len(groups[-1][0] | request.classes) <= _MOST_CLASSES:
            groups[-1] = (groups[-1][0] | request.classes, [*groups[-1][1], request])
        else:
            groups.append((request.classes, [request]))
    return groups


async def _addresses_of(host: str) -> tuple[str, ...]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None)
    except OSError:
        raise NetworkError(f"there is no host {host}") from None
    return tuple(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in found))
