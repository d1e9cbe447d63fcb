"""Instances that somebody sends to a peer, by the same queue as those that rules send on."""

from collections.abc import Callable, Iterable, Mapping

from filmless.archive import Entry
from filmless.server.forwarding.queue import Queue
from filmless.server.settings.peer import Peer
from filmless.viewer.sending import Progress

__all__ = ["SentByHand"]


class SentByHand:
    """What the viewer sends by.

    Parameters
    ----------
    queue
        Where instances wait.
    peers
        Of the settings.

    Attributes
    ----------
    wake
        Tells who sends that something waits.
    """

    def __init__(self, queue: Queue, peers: Mapping[str, Peer]) -> None:
        self._queue, self._peers = queue, peers
        self.wake: Callable[[], None] = lambda: None

    def peers(self) -> list[dict[str, str]]:
        """Return who there is."""
        return [{"name": name, "by": "DIMSE" if peer.url is None else "DICOMweb"} for name, peer in self._peers.items()]

    def send(self, peer: str, entries: Iterable[Entry]) -> int:
        """Put instances into the queue; those that were given up begin anew."""
        waiting = {(entry.instance_uid, entry.sha256) for entry in entries}
        dead = [
            row.id for row in self._queue.rows(peer=peer, state="dead") if (row.instance_uid, row.sha256) in waiting
        ]
        if dead:
            self._queue.retry(peer=peer, ids=dead)
        count = self._queue.add(peer, sorted(waiting))
        self.wake()
        return count + len(dead)

    def progress(self, peer: str, entries: Iterable[Entry]) -> Progress:
        """Return how far instances are."""
        uids = {entry.instance_uid for entry in entries}
        rows = [row for row in self._queue.rows(peer=peer) if row.instance_uid in uids]
        dead = [row for row in rows if row.state == "dead"]
        errors = [row.error for row in rows if row.error]
        return Progress(len(rows) - len(dead), len(dead), errors[-1] if errors else "")
