"""Storage over DIMSE: our SCP and our SCU against DCMTK's and pynetdicom's, on a RAM disk and on the real one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks import entities
from benchmarks.contenders import OURS
from benchmarks.entities import DCMTK, PYNETDICOM, Receiver
from benchmarks.harness import Bar, Timer, race
from benchmarks.servers import ORTHANC, Server, servers
from benchmarks.session import PeerError
from benchmarks.table import Row

from . import Bench
from .serving import Slices, on_disk

INSTANCES, SENDERS, AS_IT_COMES, MANY = 1_000, 4, 50, 50
_DELAYED, _ATTEMPTS = "as DCMTK comes", 8
_ONE, _FOUR = "filmless (1 association)", "filmless (4 associations)"
_AS_FAST = 0.95
"""What is as fast: less than rounds of the same differ by."""


def dimse(bench: Bench) -> list[Row]:
    """Race everyone at everything that is stored."""
    rounds = min(bench.rounds, 5)
    slices = Slices()
    source = _files(bench.folder / "sent", slices, 1, INSTANCES)
    few = _files(bench.folder / "few", slices, 2, AS_IT_COMES)
    rows: list[Row] = []
    with on_disk() as disk:
        for place, folder in (("RAM disk", bench.folder), ("disk", disk)):
            rows += _received(folder / "received", source, place, rounds)
        rows += _delayed(bench.folder / "delayed", few, rounds)
        rows.append(_many(bench.folder / "many", source, rounds))
        rows.append(_archived(disk, slices, min(rounds, 3)))
    return rows


def _files(folder: Path, slices: Slices, study: int, count: int) -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:04}.dcm").write_bytes(slices.file(study, number))
    return folder


# -- a bare SCP ------------------------------------------------------------------------------------------------------


def _into(receiver: Receiver, count: int, send: Callable[[], float]) -> Timer:
    """Time sending to a receiver, that has to have all of it in the end."""

    def run(_repetitions: int) -> float:
        elapsed = send()
        if (found := receiver.emptied()) != count:
            raise PeerError(f"wrote {found} of {count} files")
        return elapsed

    return run


def _received(folder: Path, source: Path, place: str, rounds: int) -> list[Row]:
    with (
        entities.listen(folder / "ours") as ours,
        entities.storescp(_made(folder / "dcmtk")) as theirs,
        entities.pynetdicom(folder / "pynetdicom") as python,
    ):
        received = race(
            f"C-STORE of {INSTANCES:,} CT (528 KB) received, {place}",
            {
                each.name: _into(each, INSTANCES, lambda port=each.port: entities.dcmsend(port, [source]))  # type: ignore[misc]
                for each in (ours, theirs, python)
            },
            rounds=rounds,
            warm=False,
        )
        there = race(
            f"C-STORE of {INSTANCES:,} CT sent and received, {place}",
            {
                OURS: _into(ours, INSTANCES, lambda: _sent_by(OURS, ours.port, source)),
                DCMTK: _into(theirs, INSTANCES, lambda: entities.dcmsend(theirs.port, [source])),
            },
            rounds=rounds,
            warm=False,
        )
        sent = race(
            f"C-STORE of {INSTANCES:,} CT sent to storescp, {place}",
            {
                OURS: _into(theirs, INSTANCES, lambda: _sent_by(OURS, theirs.port, source)),
                DCMTK: _into(theirs, INSTANCES, lambda: entities.dcmsend(theirs.port, [source])),
                PYNETDICOM: _into(theirs, INSTANCES, lambda: _persistent(PYNETDICOM, theirs.port, source)),
            },
            rounds=rounds,
            warm=False,
        )
        return [
            received.row(Bar(DCMTK, 0.9), Bar(PYNETDICOM, 4)),
            there.row(Bar(DCMTK, 0.9)),
            sent.row(Bar(PYNETDICOM, 4)),
        ]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _sent_by(name: str, port: int, *folders: Path) -> float:
    return entities.sent_with(f"send_with_{name}", port, *folders)[0]


def _persistent(name: str, port: int, source: Path) -> float:
    """Send with an SCU that loses an answer now and then, until it went well: 3.0.4 of pynetdicom does."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(PeerError):
            return _sent_by(name, port, source)
    return _sent_by(name, port, source)


def _delayed(folder: Path, source: Path, rounds: int) -> list[Row]:
    """DCMTK as it comes: without TCP_NODELAY, with its PDUs of 16 KiB."""
    with entities.listen(folder / "ours") as ours, entities.storescp(_made(folder / "dcmtk"), tuned=False) as theirs:

        def timer(receiver: Receiver) -> Timer:
            return _into(receiver, AS_IT_COMES, lambda: entities.dcmsend(receiver.port, [source], tuned=False))

        title = f"C-STORE of {AS_IT_COMES} CT received, {_DELAYED}"
        return [
            race(title, {each.name: timer(each) for each in (ours, theirs)}, rounds=rounds, warm=False).row(
                Bar(DCMTK, 0.9)
            )
        ]


def _many(folder: Path, source: Path, rounds: int) -> Row:
    """Send the same instances over one association, over four and over fifty at once."""
    shares = {count: _divided(_made(folder / f"by-{count}"), source, count) for count in (MANY, SENDERS, 1)}
    with entities.listen(folder / "ours") as ours:

        def timer(count: int) -> Timer:
            return _into(ours, INSTANCES, lambda: _sent_by(OURS, ours.port, *shares[count]))

        return race(
            f"C-STORE of {INSTANCES:,} CT over {MANY} associations at once, sent and received",
            {OURS: timer(MANY), _ONE: timer(1), _FOUR: timer(SENDERS)},
            rounds=rounds,
            warm=False,
        ).row(Bar(_ONE, _AS_FAST), Bar(_FOUR, _AS_FAST))


def _divided(folder: Path, source: Path, count: int) -> list[Path]:
    shares = [_made(folder / str(number)) for number in range(count)]
    for number, path in enumerate(sorted(source.iterdir())):
        (shares[number % count] / path.name).hardlink_to(path)
    return shares


# -- the archive -----------------------------------------------------------------------------------------------------


def _archived(disk: Path, slices: Slices, rounds: int) -> Row:
    """1,000 instances from four senders at once, indexed and durable; each turn is another study."""
    turns = {OURS: 0, ORTHANC: 0}

    def timer(server: Server) -> Timer:
        def run(_repetitions: int) -> float:
            turns[server.name] += 1
            with _shares(disk / "senders", slices, 1_000 + turns[server.name], SENDERS) as folders:
                return entities.dcmsend(server.dimse_port, folders)

        return run

    with servers(disk / "servers") as running:
        return race(
            f"C-STORE of {INSTANCES:,} CT into the archive, {SENDERS} senders",
            {server.name: timer(server) for server in running},
            rounds=rounds,
            warm=False,
        ).row(Bar(ORTHANC, 2))


@contextmanager
def _shares(folder: Path, slices: Slices, study: int, senders: int) -> Iterator[list[Path]]:
    """Make a study in as many folders as there are senders."""
    folders = [_made(folder / str(number)) for number in range(senders)]
    try:
        for number in range(INSTANCES):
            (folders[number % senders] / f"{number:04}.dcm").write_bytes(slices.file(study, number))
        yield folders
    finally:
        for each in folders:
            for path in each.iterdir():
                path.unlink()
            each.rmdir()
