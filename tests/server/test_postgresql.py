"""What the server keeps in the index is the same in PostgreSQL, where several servers share it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from filmless.archive import Archive
from filmless.server.forwarding import Queue, enqueue
from filmless.server.in_place import FolderInPlace, folder_counts, forget_others
from tests.archive.conftest import postgres  # noqa: F401 - a fixture
from tests.server.conftest import instance, stow, uids, until


def filled(archive: Archive, ct: Path, count: int) -> Queue:
    queue = Queue(archive.index.database)
    archive.index.on_written = lambda transaction, placed: enqueue(
        transaction, [(record, ["a", "b"]) for record, _, _ in placed]
    )
    for number in range(count):
        archive.store(instance(ct, number))
    return queue


def test_the_queue(postgres, tmp_path: Path, ct: Path) -> None:  # noqa: F811
    with Archive(tmp_path, index=postgres()) as archive:
        queue = filled(archive, ct, 3)
        assert queue.counts() == {("a", "waiting"): 3, ("b", "waiting"): 3}
        first, *others = queue.take("a", most=2, lease_s=100)
        assert len(others) == 1
        assert queue.counts()["a", "sending"] == 2
        queue.done([first.id])
        queue.failed({others[0].id: ("it does not answer", None)})
        assert queue.counts() == {("a", "waiting"): 1, ("a", "dead"): 1, ("b", "waiting"): 3}
        (dead,) = queue.rows(state="dead", peer="a")
        assert (dead.error, dead.attempts) == ("it does not answer", 1)
        assert queue.retry(ids=[dead.id]) == 1
        assert len(queue.take("a", most=9, lease_s=100)) == 2
        queue.release_all()
        assert len(queue.take("a", most=9, lease_s=0)) == 2
        assert len(queue.take("a", most=9, lease_s=100)) == 2, "the lease was over"
        assert queue.due_in("a") > 50
        assert queue.drop(peer="b") == 3
        assert queue.due_in("b") is None
        assert {row.peer for row in queue.rows()} == {"a"}


def test_no_two_servers_take_the_same(postgres, tmp_path: Path, ct: Path) -> None:  # noqa: F811
    with Archive(tmp_path, index=postgres()) as archive:
        queue = filled(archive, ct, 12)
        start = threading.Barrier(4)

        def take(_: int) -> list[int]:
            start.wait()
            taken: list[int] = []
            while part := queue.take("a", most=2, lease_s=100):
                taken += [waiting.id for waiting in part]
            return taken

        with ThreadPoolExecutor(4) as pool:
            taken = [number for part in pool.map(take, range(4)) for number in part]
        assert len(taken) == len(set(taken)) == 12


def test_folders_in_place(postgres, tmp_path: Path, ct: Path) -> None:  # noqa: F811
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "1").write_bytes(instance(ct, 1))
    (folder / "no").write_text("no DICOM")
    log = structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(0))
    with Archive(tmp_path / "data", index=postgres()) as archive:
        database = archive.index.database
        options = {"leave_out": tmp_path / "data", "threads": 2, "log": log}
        look = FolderInPlace(archive, database, folder, **options).look
        look(threading.Event())
        assert folder_counts(database) == {"instance": 1, "other": 1}
        (folder / "1").rename(folder / "2")
        look(threading.Event())
        assert [entry.location for entry in archive.entries("1.2.1")] == ["2"]
        forget_others(archive, database, [])
        assert archive.entries("1.2.1") == []


def test_two_servers_share_an_index(start, postgres, tmp_path: Path, ct: Path) -> None:  # noqa: F811
    url = postgres()
    one = start("--data", tmp_path / "one", "--index", url)
    other = start("--data", tmp_path / "other", "--index", url)
    assert stow(one.client, instance(ct, 1)).status_code == 200
    until(lambda: uids(other.client) == {"1.2.1.1.1"}, "the other has it")
    assert 'filmless_archive{of="instances"} 1.0' in other.client.get("/metrics").text
