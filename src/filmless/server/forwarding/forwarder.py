"""The forwarder: threads that take what waits for a peer and send it, again and again, later each time."""

import random
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from filmless.archive import Archive
from filmless.errors import DicomError, NetworkError, NotFoundError
from filmless.server.activity import Activity
from filmless.server.forwarding.queue import Queue, Waiting
from filmless.server.forwarding.reach import Reach
from filmless.server.forwarding.sending import Sender, is_final, sender_to
from filmless.server.logs import Log, where_raised
from filmless.server.metrics import Measure, Metrics
from filmless.server.settings.peer import Peer
from filmless.server.settings.tree import Forwarding

__all__ = ["Forwarder"]

_TOGETHER: Final = 20
_LEASE_S: Final = 600.0
_PEERS_WORDS: Final = re.compile(r"(\d{3} to [A-Z]+ [^:]*|not stored(?:, failure reason [0-9A-F]+H)?): .*", re.DOTALL)
_LONGEST_SLEEP_S: Final = 30.0  # another process may have put something in


class _Failure(NamedTuple):
    """Why the peer does not have an instance."""

    error: str
    unanswered: str | None = None  # as of `filmless.dicomweb.client.Stored`
    is_final: bool = False


class Forwarder:
    """Sends what waits in the queue.

    Parameters
    ----------
    archive, queue
        Where instances are, and which wait.
    settings, peers
        When, and to whom.
    ae_title
        Who we are to application entities.
    connect
        Makes what sends to a peer; for tests.
    """

    def __init__(
        self,
        archive: Archive,
        queue: Queue,
        *,
        settings: Forwarding,
        peers: dict[str, Peer],
        log: Log,
        metrics: Metrics,
        ae_title: str = "FILMLESS",
        connect: Callable[[Peer], Sender] | None = None,
    ) -> None:
        self._archive, self._queue, self._settings = archive, queue, settings
        self._log, self._metrics = log, metrics
        self._connect = connect or partial(sender_to, ae_title=ae_title)
        self._senders = [
            Activity(f"forwarding to {name}", partial(self._turn, name, peer), every_s=_LONGEST_SLEEP_S, log=log)
            for name, peer in peers.items()
            for _ in range(peer.concurrency)
        ]
        self._reach = {name: Reach(settings.first_delay_s, settings.longest_delay_s) for name in peers}
        self._in_hand_lock = threading.Lock()
        self._in_hand: set[int] = set()
        leases = [Activity("leases", self._renew, every_s=_LEASE_S / 4, log=log)] if peers else []
        self.activities = [*self._senders, *leases]
        what = "Instances that wait for being sent on."
        metrics.measure(Measure("filmless_forward_queue", what, "state", self._lengths))
        what = "Whether a peer answered, the last time."
        metrics.measure(Measure("filmless_forward_peer_up", what, "peer", self._up))

    def wake(self) -> None:
        """Tell that something may have arrived."""
        for activity in self._senders:  # not the leases: to renew them is a write for each instance that arrives
            activity.wake()

    def _lengths(self) -> dict[str, float]:
        lengths = {"waiting": 0.0, "sending": 0.0, "dead": 0.0}
        for (_, state), count in self._queue.counts().items():
            lengths[state] = lengths.get(state, 0.0) + count
        return lengths

    def _up(self) -> dict[str, float]:
        return {name: float(reach.is_there) for name, reach in self._reach.items()}

    def _turn(self, name: str, peer: Peer, stopping: threading.Event) -> float:
        """Send what is due; return in how many seconds to look again."""
        reach = self._reach[name]
        if pause_s := reach.pause_s():
            return pause_s
        batch = self._queue.take(name, most=reach.most(_TOGETHER), lease_s=_LEASE_S)
        if not batch:
            reach.nothing_waits()
            due_in = self._queue.due_in(name)
            return _LONGEST_SLEEP_S if due_in is None else min(max(due_in, 0.01), _LONGEST_SLEEP_S)
        if stopping.is_set():
            self._queue.release([waiting.id for waiting in batch])
            return 0.0
        ids = {waiting.id for waiting in batch}
        with self._in_hand_lock:
            self._in_hand |= ids
        try:
            self._send(name, peer, batch)
        finally:
            with self._in_hand_lock:
                self._in_hand -= ids
        return 0.0

    def _renew(self, _stopping: threading.Event) -> None:
        """Keep what is being sent from being taken by others: large instances take longer than a lease."""
        with self._in_hand_lock:
            ids = sorted(self._in_hand)
        self._queue.renew(ids, lease_s=_LEASE_S)

    def _send(self, name: str, peer: Peer, batch: list[Waiting]) -> None:
        gone: set[int] = set()
        errors: dict[int, str] = {}
        final: set[int] = set()
        unanswered: dict[int, _Failure] = {}
        with ExitStack() as stack:
            # An instance that was replaced can wait twice: it is sent once, as it is now.
            sources: dict[str, list[int]] = {}
            for waiting in batch:
                try:
                    path = self._source(waiting, stack)
                except (DicomError, OSError) as error:
                    errors[waiting.id] = _text(error)
                else:
                    if path is None:
                        gone.add(waiting.id)
                    else:
                        sources.setdefault(path, []).append(waiting.id)
            for path, why in self._errors(name, peer, list(sources), stack).items():
                if why.unanswered:
                    unanswered |= dict.fromkeys(sources[path], why)
                else:
                    errors |= dict.fromkeys(sources[path], why.error)
                    final |= set(sources[path]) if why.is_final else set()
            answered = {key for ids in sources.values() for key in ids if key not in unanswered}
        errors |= self._postponed(name, answered, unanswered)
        done = [w.id for w in batch if w.id not in errors and w.id not in gone and w.id not in unanswered]
        self._queue.done([*done, *gone])
        now = time.time()
        failures = {
            w.id: (errors[w.id], None if w.id in final else self._next(w, now)) for w in batch if w.id in errors
        }
        self._queue.failed(failures)
        self._tell(name, done, failures)

    def _postponed(self, name: str, answered: set[int], unanswered: dict[int, _Failure]) -> dict[int, str]:
        """Have those wait that the peer did not answer for; return the errors of those that are to blame for it."""
        reach = self._reach[name]
        if answered and (away_s := reach.answered(answered)) is not None:
            self._log.info("a peer answers again", peer=name, after_s=round(away_s, 1))
        if not unanswered:
            return {}
        error = next(iter(unanswered.values())).error
        suspects = {key for key, why in unanswered.items() if why.unanswered != "away"}
        if len(suspects) == len(unanswered) == 1 and not answered and reach.is_to_blame(suspects):
            return dict.fromkeys(unanswered, error)
        self._queue.postpone(list(unanswered), error)
        if reach.failed(suspects):
            told = _PEERS_WORDS.sub(r"\1", error)
            self._log.warning("a peer does not answer, what waits for it is kept", peer=name, error=told)
        return {}

    def _errors(self, name: str, peer: Peer, paths: list[str], stack: ExitStack) -> dict[str, _Failure]:
        """Send files; return why the peer does not have them, of those that it has not."""
        if not paths:
            return {}
        try:
            client = self._connect(peer)
            stack.callback(client.close)
        except (DicomError, OSError, ValueError) as error:  # its token or certificate cannot be read
            return dict.fromkeys(paths, _Failure(_text(error), "away"))
        try:
            report = client.store(paths)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
            self._log.debug("sending failed", peer=name, **where_raised(error))
            away = "away" if isinstance(error, NetworkError) else None
            return dict.fromkeys(paths, _Failure(_text(error), away))
        stored = {result.source for result in report.stored}
        told = {
            result.source: _Failure(result.error, result.unanswered, is_final(getattr(result, "status", None)))
            for result in report.failed
        }
        silent = _Failure("the peer did not say what became of it")
        return {path: told.get(path, silent) for path in paths if path not in stored}

    def _source(self, waiting: Waiting, stack: ExitStack) -> str | None:
        """Return a file of an instance; None when it is no longer in the archive."""
        entry = self._archive.index.find(waiting.instance_uid)
        if entry is None:
            return None
        path = self._archive.path(entry)
        if path is not None:
            if not Path(path).exists():  # a disk that is away comes back; what was deleted has no row next time
                raise NotFoundError("the file of the instance is not there")
            return path
        # Of an object store: not into memory, it may be of any size.
        with self._archive.open(entry) as stored:
            # Where what comes in waits, too: a crash leaves nothing there for long.
            place = self._archive.folder / "incoming"
            copy = tempfile.NamedTemporaryFile(dir=place, suffix=".part", delete=False)  # noqa: SIM115 - read by its name
            stack.callback(_unlinked, copy.name)
            with copy:
                shutil.copyfileobj(stored, copy, 1 << 20)
        return copy.name

    def _next(self, waiting: Waiting, now: float) -> float | None:
        """Return when the next attempt is; None when this was the last."""
        attempt = waiting.attempts + 1
        if attempt >= self._settings.attempts:
            return None
        delay = self._settings.first_delay_s * 2.0 ** min(attempt - 1, 40)
        # A quarter more or less: what failed together does not come back together.
        return now + min(delay, self._settings.longest_delay_s) * random.uniform(0.75, 1.25)  # noqa: S311

    def _tell(self, name: str, done: list[int], failures: dict[int, tuple[str, float | None]]) -> None:
        self._metrics.forwarded.labels(name, "sent").inc(len(done))
        self._metrics.forwarded.labels(name, "failed").inc(len(failures))
        if done:
            self._log.info("sent on", peer=name, instances=len(done))
        if failures:
            dead = sum(due is None for _, due in failures.values())
            # The queue keeps what the peer said; it may be of a patient, and a log is not to be.
            error = _PEERS_WORDS.sub(r"\1", next(iter(failures.values()))[0])
            self._log.warning("sending on failed", peer=name, instances=len(failures), given_up=dead, error=error)


def _text(error: Exception) -> str:
    return error.message if isinstance(error, DicomError) else type(error).__name__


def _unlinked(name: str) -> None:
    with suppress(OSError):
        Path(name).unlink()
