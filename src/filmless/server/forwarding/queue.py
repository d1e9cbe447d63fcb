"""The queue: rows in the index's database, written in the transaction that an instance gets its own row in."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from filmless.archive.index.database import Database, Transaction
from filmless.archive.record import Record

__all__ = ["Queue", "Waiting", "enqueue"]

_MOST_ERROR: Final = 300
_INSERT: Final = (
    "INSERT INTO forward (peer, instance_uid, sha256, due, queued) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_COLUMNS: Final = "id, peer, instance_uid, sha256, state, attempts, due, error, queued"


class Waiting(NamedTuple):
    """An instance that waits for being sent to a peer.

    Attributes
    ----------
    state
        ``"waiting"``; ``"sending"``; ``"dead"``: attempts are over until a person says otherwise.
    due
        When the next attempt is, in seconds since 1970; of one that is being sent, when another process may try.
    error
        Why the last attempt failed, without a value of the data set.
    """

    id: int
    peer: str
    instance_uid: str
    sha256: str
    state: str
    attempts: int
    due: float
    error: str
    queued: float


def enqueue(transaction: Transaction, chosen: Iterable[tuple[Record, Iterable[str]]]) -> None:
    """Add instances for peers, in the transaction that adds them to the index; what waits already stays."""
    now = time.time()
    rows = [(peer, record.instance_uid, record.sha256, now, now) for record, to in chosen for peer in sorted(to)]
    if rows:
        transaction.many(_INSERT, rows)


class Queue:
    """What waits for being sent, in a database.

    Parameters
    ----------
    database
        Of the index.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, peer: str, instances: Iterable[tuple[str, str]]) -> int:
        """Add instances, by UID and SHA-256; what waits already stays. Return how many were added."""
        now = time.time()
        rows = [(peer, uid, sha256, now, now) for uid, sha256 in instances]

        def work(transaction: Transaction) -> int:
            count = "SELECT COUNT(*) FROM forward"
            before = transaction.rows(count, ())[0][0]
            transaction.many(_INSERT, rows)
            return int(transaction.rows(count, ())[0][0]) - int(before)

        return self._database.write(work) if rows else 0

    def take(self, peer: str, *, most: int, lease_s: float) -> list[Waiting]:
        """Take what is due for a peer. No other process gets it before the lease is over, should this one end."""
        now = time.time()

        def work(transaction: Transaction) -> list[Waiting]:
            rows = transaction.rows(
                f"SELECT {_COLUMNS} FROM forward WHERE peer = ? AND state <> 'dead' AND due <= ? "  # noqa: S608
                "ORDER BY due, id LIMIT ? FOR UPDATE",
                (peer, now, most),
            )
            ids = transaction.list([row[0] for row in rows])
            transaction.run("UPDATE forward SET state = 'sending', due = ? WHERE id IN [?]", (now + lease_s, ids))
            return [Waiting(*row) for row in rows]

        # A look first: an idle queue does not write.
        if not self._database.rows(
            "SELECT 1 FROM forward WHERE peer = ? AND state <> 'dead' AND due <= ? LIMIT 1", (peer, now)
        ):
            return []
        return self._database.write(work)

    def done(self, ids: Sequence[int]) -> None:
        """Remove what the peer has, or what is not in the archive any more."""
        if ids:
            self._database.write(
                lambda transaction: transaction.run("DELETE FROM forward WHERE id IN [?]", (transaction.list(ids),))
            )

    def failed(self, failures: Mapping[int, tuple[str, float | None]]) -> None:
        """Note failures: of each its error, and when the next attempt is; None for none."""

        def work(transaction: Transaction) -> None:
            transaction.many(
                "UPDATE forward SET attempts = attempts + 1, error = ?, state = ?, due = ? WHERE id = ?",
                [
                    (error[:_MOST_ERROR], "dead" if due is None else "waiting", due or 0.0, key)
                    for key, (error, due) in failures.items()
                ],
            )

        if failures:
            self._database.write(work)

    def renew(self, ids: Sequence[int], *, lease_s: float) -> None:
        """Keep what was taken for longer."""
        if ids:
            self._database.write(
                lambda transaction: transaction.run(
                    "UPDATE forward SET due = ? WHERE state = 'sending' AND id IN [?]",
                    (time.time() + lease_s, transaction.list(ids)),
                )
            )

    def release(self, ids: Sequence[int]) -> None:
        """Give back what was taken and not tried."""
        if ids:
            self._database.write(
                lambda transaction: transaction.run(
                    "UPDATE forward SET state = 'waiting', due = ? WHERE id IN [?]",
                    (time.time(), transaction.list(ids)),
                )
            )

    def postpone(self, ids: Sequence[int], error: str) -> None:
        """Give back what was taken when the peer did not answer: no attempt is counted, others come before."""
        if ids:
            statement = "UPDATE forward SET state = 'waiting', due = ?, error = ? WHERE id IN [?]"
            self._database.write(
                lambda transaction: transaction.run(
                    statement, (time.time(), error[:_MOST_ERROR], transaction.list(ids))
                )
            )

    def release_all(self) -> None:
        """Give back what a process took that has ended: for who knows that there is no other."""
        if self._database.rows("SELECT 1 FROM forward WHERE state = 'sending' LIMIT 1"):
            statement = "UPDATE forward SET state = 'waiting', due = ? WHERE state = 'sending'"
            self._database.write(lambda transaction: transaction.run(statement, (time.time(),)))

    def due_in(self, peer: str) -> float | None:
        """Return in how many seconds something is due for a peer; None when nothing waits."""
        rows = self._database.rows("SELECT MIN(due) FROM forward WHERE peer = ? AND state <> 'dead'", (peer,))
        return None if not rows or rows[0][0] is None else max(0.0, float(rows[0][0]) - time.time())

    def rows(self, *, peer: str | None = None, state: str | None = None) -> list[Waiting]:
        """Return what is in the queue, the oldest first."""
        where, values = _where(peer, state, ())
        found = self._database.rows(f"SELECT {_COLUMNS} FROM forward{where} ORDER BY queued, id", values)  # noqa: S608
        return [Waiting(*row) for row in found]

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many there are, by peer and state."""
        found = self._database.rows("SELECT peer, state, COUNT(*) FROM forward GROUP BY peer, state")
        return {(str(peer), str(state)): int(count) for peer, state, count in found}

    def retry(self, *, peer: str | None = None, ids: Sequence[int] = ()) -> int:
        """Try again now: what is dead, and what waits for its next attempt. Return how many."""
        return self._change("UPDATE forward SET state = 'waiting', attempts = 0, due = 0", peer, ids)

    def drop(self, *, peer: str | None = None, ids: Sequence[int] = ()) -> int:
        """Forget about sending these. Return how many."""
        return self._change("DELETE FROM forward", peer, ids)

    def _change(self, statement: str, peer: str | None, ids: Sequence[int]) -> int:
        def work(transaction: Transaction) -> int:
            where, values = _where(peer, None, ids)
            listed = [transaction.list(value) if isinstance(value, tuple) else value for value in values]
            return transaction.run(statement + where, listed)

        return self._database.write(work)


def _where(peer: str | None, state: str | None, ids: Sequence[int]) -> tuple[str, list[object]]:
    conditions: list[tuple[str, object]] = []
    if peer is not None:
        conditions.append(("peer = ?", peer))
    if state is not None:
        conditions.append(("state = ?", state))
    if ids:
        conditions.append(("id IN [?]", tuple(ids)))
    text = " AND ".join(condition for condition, _ in conditions)
    return (f" WHERE {text}" if text else ""), [value for _, value in conditions]
