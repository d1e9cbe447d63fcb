"""Sending on: rules, a queue that survives, later and later attempts, and what is given up."""

import json
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import structlog
from click.testing import CliRunner

from filmless.archive import Archive
from filmless.archive.upkeep import rebuild
from filmless.archive.upkeep.exchanging import exchange
from filmless.cli.forward import forward
from filmless.dicomweb.client import Stored, StoreReport
from filmless.errors import DicomError
from filmless.server.forwarding import Forwarder, Queue, Rules, enqueue
from filmless.server.metrics import Metrics
from filmless.server.settings.tree import Forward, Forwarding, Peer
from tests.server.conftest import instance, stow, uids, until


def record_of(ct: Path, folder: Path, **values: object):
    from filmless.archive.record import record_of

    data = instance(ct, 1, **values)
    path = folder / "one.dcm"
    path.write_bytes(data)
    return record_of(str(path), size=len(data), sha256="0" * 64)


@pytest.mark.parametrize(
    ("match", "is_sent"),
    [
        ({}, True),
        ({"Modality": "CT"}, True),
        ({"Modality": "MR"}, False),
        ({"Modality": "MR\\CT"}, True),
        ({"PatientName": "compressed*"}, True),
        ({"StudyDate": "20040101-20041231"}, True),
        ({"StudyDate": "-20031231"}, False),
        ({"00080060": "C?"}, True),
        ({"Modality": "CT", "PatientID": "other"}, False),
    ],
)
def test_a_rule_matches_as_a_search_does(match: dict[str, str], is_sent: bool, ct: Path, tmp_path: Path) -> None:
    rules = Rules([Forward(to=("a", "b"), match=match), Forward(to=("c",))])
    expected = {"a", "b", "c"} if is_sent else {"c"}
    assert rules.peers_of(record_of(ct, tmp_path)) == expected


@pytest.mark.parametrize("match", [{"Modalty": "CT"}, {"StudyDate": "yesterday"}])
def test_a_rule_that_cannot_match_is_refused(match: dict[str, str]) -> None:
    with pytest.raises(DicomError, match=r"forward\[0\]\.match"):
        Rules([Forward(to=("a",), match=match)])


class FakePeer:
    """A client that does as it is told."""

    def __init__(self) -> None:
        self.fails: Exception | str | None = None
        self.is_away = False
        self.hangs_up_at: str | None = None
        self.stored: list[str] = []

    def store(self, sources: list[str]) -> SimpleNamespace:
        if isinstance(self.fails, Exception):
            raise self.fails
        if self.fails:
            return StoreReport(failed=[Stored(source, error=self.fails) for source in sources])
        if self.is_away:
            return StoreReport(
                failed=[Stored(source, error="POST: could not", unanswered="away") for source in sources]
            )
        if self.hangs_up_at in sources:
            broken = [Stored(source, error="POST: broken off", unanswered="broken off") for source in sources]
            return StoreReport(failed=broken)
        self.stored += sources
        return StoreReport(stored=[Stored(source) for source in sources])

    def close(self) -> None:
        pass


@pytest.fixture
def queued(tmp_path: Path, ct: Path):
    """An archive with two instances that wait for a peer, and a forwarder that is turned by hand."""
    with Archive(tmp_path / "data") as archive:
        queue, peer, metrics = Queue(archive.index.database), FakePeer(), Metrics()
        log = structlog.testing.CapturingLogger()
        archive.index.on_written = lambda transaction, placed: enqueue(
            transaction, [(record, ["peer"]) for record, _, _ in placed]
        )
        for number in (1, 2):
            archive.store(instance(ct, number))
        forwarder = Forwarder(
            archive,
            queue,
            settings=Forwarding(attempts=3, first_delay_s=100.0, longest_delay_s=150.0),
            peers={"peer": Peer(url="http://peer")},
            log=log,
            metrics=metrics,
            connect=lambda _: peer,
        )
        turn = forwarder.activities[0]._work
        renew = forwarder.activities[-1]._work
        yield SimpleNamespace(
            archive=archive,
            queue=queue,
            peer=peer,
            turn=lambda: turn(Never()),
            renew=lambda: renew(Never()),
            metrics=metrics,
            reach=forwarder._reach["peer"],
            said=lambda: [call.args[0] for call in log.calls],
            path=lambda number: str(
                archive.path(archive.entries("1.2.1", "1.2.1.1", f"1.2.1.1.{number}")[0]),
            ),
        )


class Never:
    def is_set(self) -> bool:
        return False


def test_what_arrives_is_sent_once(queued) -> None:
    assert [row.state for row in queued.queue.rows()] == ["waiting", "waiting"]
    assert queued.turn() == 0.0
    assert len(queued.peer.stored) == 2
    assert queued.queue.rows() == []
    assert queued.turn() > 1
    assert len(queued.peer.stored) == 2
    assert 'filmless_forwards_total{outcome="sent",peer="peer"} 2.0' in queued.metrics.text()[0].decode()


def test_attempts_come_later_each_time_and_end(queued, monkeypatch: pytest.MonkeyPatch) -> None:
    queued.peer.fails = "the peer does not want it"
    now = time.time()
    for attempt, least, most in ((1, 75, 125), (2, 112.5, 187.5)):
        queued.turn()
        for row in queued.queue.rows():
            assert (row.state, row.attempts, row.error) == ("waiting", attempt, "the peer does not want it")
            assert least - 5 <= row.due - now <= most + 5
        assert queued.turn() == 30.0  # nothing is due
        now += 500
        monkeypatch.setattr(time, "time", lambda now=now: now)
    queued.turn()
    assert [(row.state, row.attempts) for row in queued.queue.rows()] == [("dead", 3), ("dead", 3)]
    assert queued.turn() == 30.0
    assert queued.queue.counts() == {("peer", "dead"): 2}
    queued.peer.fails = None
    assert queued.queue.retry(peer="peer") == 2
    queued.turn()
    assert queued.queue.rows() == []


AWAY, BACK = "a peer does not answer, what waits for it is kept", "a peer answers again"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    """A monotonic clock that is set by hand."""
    now = SimpleNamespace(s=1000.0)
    monkeypatch.setattr("filmless.server.forwarding.reach.time", SimpleNamespace(monotonic=lambda: now.s))
    return now


def test_an_outage_costs_no_attempt_and_is_told_once(queued, clock) -> None:
    queued.peer.is_away = True
    for _ in range(50):  # more than there are attempts
        assert queued.turn() == 0.0
        assert 0 < queued.turn() <= 75  # paused
        assert [(row.state, row.attempts, row.error) for row in queued.queue.rows()] == [
            ("waiting", 0, error) for error in ("POST: could not",) * 2
        ]
        clock.s += 76
    assert 'peer_up{peer="peer"} 0.0' in queued.metrics.text()[0].decode()
    queued.peer.is_away = False
    queued.turn()
    assert len(queued.peer.stored) == 1  # one has to get through before others follow
    queued.turn()
    assert queued.queue.rows() == []
    assert [event for event in queued.said() if event != "sent on"] == [AWAY, BACK]
    assert 'peer_up{peer="peer"} 1.0' in queued.metrics.text()[0].decode()


def test_only_one_thread_tries_whether_a_peer_is_back(queued, clock) -> None:
    queued.peer.is_away = True
    queued.turn()
    clock.s += 200
    reach = queued.reach
    assert [reach.pause_s() > 0 for _ in range(3)] == [False, True, True]


def test_one_at_which_the_peer_hangs_up_is_to_blame_itself(queued, clock, ct: Path) -> None:
    for number in (3, 4):
        queued.archive.store(instance(ct, number))
    queued.peer.hangs_up_at = queued.path(2)
    for _ in range(8):
        clock.s += 76
        queued.turn()
    assert len(queued.peer.stored) == 3
    [row] = queued.queue.rows()
    assert (row.instance_uid, row.attempts, row.error) == ("1.2.1.1.2", 1, "POST: broken off")


def test_one_that_the_peer_refuses_does_not_hold_the_others(queued) -> None:
    kept = queued.peer.store

    def store(sources: list[str]) -> SimpleNamespace:
        failed = [Stored(sources[0], error="SOP class is not supported")]
        return StoreReport(stored=kept(sources[1:]).stored, failed=failed)

    queued.peer.store = store
    queued.turn()
    assert [(row.state, row.error) for row in queued.queue.rows()] == [("waiting", "SOP class is not supported")]


def test_what_was_deleted_is_not_sent(queued) -> None:
    queued.archive.delete(queued.archive.entries("1.2.1"))
    queued.turn()
    assert queued.queue.rows() == []
    assert queued.peer.stored == []


def test_a_file_that_is_away_waits_for_it_to_come_back(queued) -> None:
    path = Path(queued.archive.path(queued.archive.entries("1.2.1")[0]))
    path.rename(path.with_suffix(".away"))
    queued.turn()
    assert len(queued.peer.stored) == 1
    assert [(row.state, row.error) for row in queued.queue.rows()] == [
        ("waiting", "the file of the instance is not there")
    ]
    path.with_suffix(".away").rename(path)
    queued.queue.retry()
    queued.turn()
    assert len(queued.peer.stored) == 2
    assert queued.queue.rows() == []


def test_one_that_waits_twice_is_sent_once(queued, ct: Path) -> None:
    draft = queued.archive.storage.draft()
    draft.write(instance(ct, 1, InstitutionName="another"))
    draft.seal()
    exchange(queued.archive, queued.archive.entries("1.2.1")[0], draft)
    assert len(queued.queue.rows()) == 3
    queued.turn()
    assert len(queued.peer.stored) == 2
    assert queued.queue.rows() == []


def test_a_rebuild_keeps_the_queue(tmp_path: Path, ct: Path) -> None:
    with Archive(tmp_path / "data") as archive:
        archive.index.on_written = lambda transaction, placed: enqueue(
            transaction, [(record, ["peer"]) for record, _, _ in placed]
        )
        archive.store(instance(ct, 1))
        before = Queue(archive.index.database).rows()
    rebuild(tmp_path / "data")
    with Archive(tmp_path / "data") as archive:
        assert Queue(archive.index.database).rows() == before != []


def test_what_takes_longer_than_a_lease_is_not_taken_by_others(queued, monkeypatch: pytest.MonkeyPatch) -> None:
    now, kept = time.time(), queued.peer.store

    def store(sources: list[str]) -> SimpleNamespace:
        for seconds in (500, 1000, 1500):
            monkeypatch.setattr(time, "time", lambda seconds=seconds: now + seconds)
            queued.renew()
            assert queued.queue.take("peer", most=10, lease_s=600) == []
        return kept(sources)

    queued.peer.store = store
    queued.turn()
    assert queued.queue.rows() == []


def test_what_a_process_took_that_ended_is_sent_by_the_next(queued) -> None:
    assert len(queued.queue.take("peer", most=10, lease_s=600)) == 2
    assert queued.queue.take("peer", most=10, lease_s=600) == []
    queued.queue.release_all()
    queued.turn()
    assert len(queued.peer.stored) == 2


def test_what_a_crash_left_behind_is_sent_too(tmp_path: Path, ct: Path) -> None:
    # The file had its place, its row was not committed: nobody was told. The sender sends it again, as a copy.
    def written(transaction, placed) -> None:
        enqueue(transaction, [(record, ["peer"]) for record, _, _ in placed])

    with Archive(tmp_path) as archive:
        archive.store(instance(ct, 1))
    (tmp_path / "index.sqlite").unlink()
    (tmp_path / "running").write_text("1\n")
    with Archive(tmp_path, on_written=written) as archive:
        assert archive.store(instance(ct, 1)).kind == "identical"
        assert [row.instance_uid for row in Queue(archive.index.database).rows()] == ["1.2.1.1.1"]


def test_without_its_place_in_the_queue_nothing_is_stored(queued, ct: Path) -> None:
    def broken(*_: object) -> None:
        raise DicomError("the queue is broken")

    queued.archive.index.on_written = broken
    with pytest.raises(DicomError):
        queued.archive.store(instance(ct, 9))
    assert len(queued.archive.entries("1.2.1")) == 2


def test_a_copy_is_not_queued_again(queued, ct: Path) -> None:
    queued.turn()
    assert queued.archive.store(instance(ct, 1)).kind == "identical"
    assert queued.queue.rows() == []


def test_from_server_to_server_through_restarts(start, tmp_path: Path, ct: Path) -> None:
    target = start("--data", tmp_path / "target")
    port = httpx.URL(target.url).port
    target.end()
    options = [
        *("--data", tmp_path / "source", "--forwarding-first-delay-s", 0.05, "--forwarding-longest-delay-s", 0.05),
        *("--forwarding-attempts", 1, "--peer", f'target={{url="http://127.0.0.1:{port}/dicom-web"}}'),
        *("--forward", '{to=["target"], match={InstanceNumber="1"}}'),
    ]
    source = start(*options)
    answer = stow(source.client, instance(ct, 1, InstanceNumber=1), instance(ct, 2, InstanceNumber=2))
    assert answer.status_code == 200
    until(lambda: "a peer does not answer" in "".join(source.log.all), "an attempt has failed")
    runner = CliRunner()
    listed = runner.invoke(forward, ["list", "--json", "--data", str(tmp_path / "source")])
    [row] = [json.loads(line) for line in listed.output.splitlines()]
    assert (row["instance_uid"], row["attempts"]) == ("1.2.1.1.1", 0)
    assert row["error"].startswith("POST: could not connect")
    assert source.end() == 0
    target = start("--data", tmp_path / "target", port=port)
    source = start(*options)
    until(lambda: uids(target.client) == {"1.2.1.1.1"}, "it has arrived")
    until(lambda: 'queue{state="waiting"} 0.0' in source.client.get("/metrics").text, "the queue is empty")
    sent = target.client.get(
        "/dicom-web/studies/1.2.1", headers={"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    )
    assert instance(ct, 1, InstanceNumber=1) in sent.content


def test_the_command_line_chooses(queued, tmp_path: Path) -> None:
    runner, data = CliRunner(), ["--data", str(tmp_path / "data")]
    listed = runner.invoke(forward, ["list", *data]).output.splitlines()
    assert [line.split("\t")[1:4] for line in listed] == [["peer", "waiting", "0"], ["peer", "waiting", "0"]]
    number = listed[0].split("\t")[0]
    assert runner.invoke(forward, ["drop", *data]).exit_code == 2
    assert runner.invoke(forward, ["drop", number, *data]).output == "1 were dropped\n"
    assert runner.invoke(forward, ["retry", "--all", *data]).output == "1 will be sent again\n"
    assert runner.invoke(forward, ["list", "--state", "dead", *data]).output == ""


def test_what_is_in_the_archive_is_queued_by_hand(queued, tmp_path: Path) -> None:
    queued.turn()
    assert queued.queue.rows() == []
    config = tmp_path / "filmless.toml"
    config.write_text('[peers.peer]\nurl = "http://peer"\n')
    runner, place = CliRunner(), ["--data", str(tmp_path / "data"), "--config", str(config)]
    added = [runner.invoke(forward, ["add", "--peer", "peer", "StudyInstanceUID=1.2.1", *place]) for _ in range(2)]
    assert [one.output for one in added] == ["2 will be sent\n", "0 will be sent\n"]
    assert runner.invoke(forward, ["add", "--peer", "other", "StudyInstanceUID=1.2.1", *place]).exit_code == 2
    queued.turn()
    assert len(queued.peer.stored) == 4
    assert queued.queue.rows() == []
