"""What comes in: stored once, compared with what is there, and told apart from what is not."""

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from filmless.archive import Archive, Key, Options, Outcome, Query, Within
from filmless.archive.upkeep import backup
from filmless.errors import ArchiveError, ConflictError, FormatError, NotFoundError
from filmless.file import encode, read

from .made import uid_of

Make = Callable[..., bytes]


def files(archive: Archive, area: str) -> list[Path]:
    return sorted((archive.folder / area).rglob("*.dcm"))


def only(archive: Archive, number: int) -> bytes:
    """Return the bytes of the one copy of an instance."""
    [entry] = archive.entries(uid_of(0, level=1), None, uid_of(number))
    data = archive.read(entry)
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (entry.sha256, entry.size)
    return data


def test_stored_bytes_are_the_bytes_that_came(archive: Archive, make: Make) -> None:
    outcome = archive.store(make(1))
    assert (outcome.kind, outcome.instance_uid) == ("stored", uid_of(1))
    assert only(archive, 1) == make(1)
    assert [path.stem for path in files(archive, "instances")] == [hashlib.sha256(make(1)).hexdigest()]
    assert list((archive.folder / "incoming").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="leave is told by other means than the mode there")
def test_nobody_else_may_read_what_an_archive_has_of_patients(archive: Archive, make: Make, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with Archive(tmp_path / "private") as made:
            made.store(make(1))
            made.store(make(1, variant=1))
            backup(made, tmp_path / "copy")
            kept = [
                path
                for folder in ("private", "copy")
                for path in (tmp_path / folder).rglob("*")
                if path.is_file() and path.name not in {"ballast", "running"}
            ]
            assert {"index.sqlite", "index.sqlite-wal"} < {path.name for path in kept}
            assert [path.name for path in kept if path.stat().st_mode & 0o077] == []
    finally:
        os.umask(before)


def test_a_query_that_cannot_be(archive: Archive) -> None:
    with pytest.raises(ValueError, match="patient, study, series, instance"):
        Query("studies")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"Key\.of"):
        Query("study", (Key("PatientID", "42"),))  # type: ignore[arg-type]


def test_a_data_set_is_taken(archive: Archive, make: Make) -> None:
    assert archive.store(read(make(1))).kind == "stored"
    assert read(only(archive, 1)) == read(make(1))
    lacking = read(make(2))
    del lacking.StudyInstanceUID
    with pytest.raises(FormatError, match="StudyInstanceUID"):
        archive.store(lacking)


def test_an_error_names_the_file_that_was_given(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "no.dcm").write_text("no DICOM")
    with pytest.raises(FormatError) as caught:
        archive.store(tmp_path / "no.dcm")
    assert caught.value.path == str(tmp_path / "no.dcm")


def test_pieces_of_any_buffer_are_taken(archive: Archive, make: Make) -> None:
    data = make(1)
    with archive.receive() as incoming:
        for start in range(0, len(data), 1000):
            incoming.write(memoryview(bytearray(data))[start : start + 1000])
        assert incoming.size == len(data)
        assert incoming.submit().result().kind == "stored"
    assert only(archive, 1) == data


def test_the_same_bytes_again_are_not_stored_again(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    [path] = files(archive, "instances")
    before = path.stat()
    assert archive.store(make(1)).kind == "identical"
    assert path.stat() == before, "who reads the file finds it changed"


def test_the_same_data_set_in_other_bytes_is_identical(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    ds = read(make(1))
    assert archive.store(encode(ds, transfer_syntax="implicit")).kind == "identical"
    ds.file_meta.ImplementationVersionName = "OTHER"
    assert archive.store(encode(ds)).kind == "identical"
    assert len(files(archive, "instances")) == 1
    assert files(archive, "quarantine") == []
    assert only(archive, 1) == make(1)


def test_another_data_set_is_kept_beside(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    assert archive.store(make(1, variant=1)).kind == "quarantined"
    assert archive.store(make(1, variant=1)).kind == "quarantined"
    assert only(archive, 1) == make(1)
    assert [path.read_bytes() for path in files(archive, "quarantine")] == [make(1, variant=1)]
    assert len(files(archive, "instances")) == 1


def test_the_same_uid_in_another_study_is_another_one(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    assert archive.store(make(1, study=2)).kind == "quarantined"


def test_replacing(tmp_path: Path, make: Make) -> None:
    with Archive(tmp_path, options=Options(duplicates="replace")) as archive:
        archive.store(make(1))
        [old] = archive.entries(uid_of(0, level=1))
        with archive.open(old) as file:
            assert archive.store(make(1, variant=1)).kind == "replaced"
            assert file.read() == make(1), "who reads the old one reads on"
        with pytest.raises(NotFoundError):
            archive.read(old)
        assert only(archive, 1) == make(1, variant=1)
        assert len(files(archive, "instances")) == 1
        assert files(archive, "trash") == files(archive, "quarantine") == []


def test_nobody_replaces_what_is_out_of_sight(tmp_path: Path, make: Make) -> None:
    with Archive(tmp_path, options=Options(duplicates="replace")) as archive:
        archive.store(make(1))
        with archive.receive() as incoming:
            incoming.write(make(1, study=2))
            sender = Within(studies=frozenset({uid_of(2, level=1)}))
            assert incoming.submit(within=sender).result().kind == "quarantined"
        assert only(archive, 1) == make(1)


@pytest.mark.parametrize("duplicates", ["quarantine", "replace"])
def test_one_uid_from_many_senders_is_one_whole_copy(tmp_path: Path, make: Make, duplicates: str) -> None:
    with Archive(tmp_path, options=Options(duplicates=duplicates)) as archive, ThreadPoolExecutor(8) as pool:  # type: ignore[arg-type]
        sent = [make(7, variant=n % 4) for n in range(40)]
        kinds = Counter(outcome.kind for outcome in pool.map(archive.store, sent))
        assert kinds["stored"] == 1
        assert only(archive, 7) in sent
        assert len(files(archive, "instances")) == 1
        kept = {path.read_bytes() for path in files(archive, "quarantine")}
        if duplicates == "quarantine":
            assert kept | {only(archive, 7)} == set(sent)
        assert files(archive, "incoming") == files(archive, "trash") == []


def test_many_senders(tmp_path: Path, make: Make) -> None:
    with Archive(tmp_path, options=Options(batch_size=8, batch_delay_s=0.01)) as archive, ThreadPoolExecutor(8) as pool:
        assert {outcome.kind for outcome in pool.map(archive.store, (make(n) for n in range(100)))} == {"stored"}
        assert len(archive.entries(uid_of(0, level=1))) == 100
        for number in range(100):
            assert only(archive, number) == make(number)


def test_what_waits_shares_a_transaction(archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, entered, go_on = [], threading.Event(), threading.Event()
    add = archive.index.add

    def slow(batch, **how):
        sizes.append(len(batch))
        entered.set()
        assert go_on.wait(10)
        return add(batch, **how)

    monkeypatch.setattr(archive.index, "add", slow)
    futures = [submit(archive, make(0))]
    assert entered.wait(10)
    futures += [submit(archive, make(n)) for n in range(1, 10)]
    assert not any(future.done() for future in futures), "acknowledged before it was committed"
    go_on.set()
    assert [future.result(10).kind for future in futures] == ["stored"] * 10
    assert sizes == [1, 9]


def submit(archive: Archive, data: bytes) -> Future[Outcome]:
    with archive.receive() as incoming:
        incoming.write(data)
        return incoming.submit()


def test_a_sender_that_goes_away_stops_nobody(archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, go_on, add = threading.Event(), threading.Event(), archive.index.add

    def slow(batch, **how):
        entered.set()
        assert go_on.wait(10)
        return add(batch, **how)

    monkeypatch.setattr(archive.index, "add", slow)
    future = submit(archive, make(0))
    assert entered.wait(10)
    assert not future.cancel()
    go_on.set()
    assert future.result(10).kind == "stored"
    assert archive.store(make(1)).kind == "stored"


def test_a_listener_that_fails_stops_nobody(archive: Archive, make: Make) -> None:
    told = []

    def listen(outcome: Outcome, size: int) -> None:
        told.append((outcome.kind, size))
        raise RuntimeError

    archive.tell_outcomes(listen)
    for _ in range(2):
        archive.store(make(0))
    assert told == [("stored", len(make(0))), ("identical", len(make(0)))]


def test_closing_finishes_what_was_handed_in(tmp_path: Path, make: Make) -> None:
    archive = Archive(tmp_path, options=Options(batch_delay_s=5))
    futures = [submit(archive, make(n)) for n in range(20)]
    archive.close()
    assert {future.result(0).kind for future in futures} == {"stored"}
    archive.close()
    with pytest.raises(ArchiveError, match="closed"):
        archive.store(make(30))
    with Archive(tmp_path) as again:
        assert len(again.entries(uid_of(0, level=1))) == 20


@pytest.mark.parametrize("data", [b"", b"not DICOM", b"\0" * 128 + b"DICM"])
def test_what_is_no_instance_leaves_nothing(archive: Archive, data: bytes) -> None:
    with pytest.raises(FormatError):
        archive.store(data)
    assert [path for path in archive.folder.rglob("*") if path.suffix in {".dcm", ".part"}] == []


def test_without_a_uid_nothing_is_stored(archive: Archive, make: Make) -> None:
    ds = read(make(1))
    del ds["SeriesInstanceUID"]
    with pytest.raises(FormatError, match="SeriesInstanceUID"):
        archive.store(encode(ds))
    assert files(archive, "instances") == []


def test_another_study_than_the_one_it_is_sent_for(archive: Archive, make: Make) -> None:
    for wish in ({"study_uid": "1.2.3"}, {"within": Within(patients=frozenset({"nobody"}))}):
        with archive.receive() as incoming:
            incoming.write(make(1))
            with pytest.raises(ConflictError):
                incoming.submit(**wish)
    assert files(archive, "instances") == files(archive, "incoming") == []


def of_patient(make: Make, number: int, patient: str) -> bytes:
    ds = read(make(number))
    ds.PatientID = patient
    return encode(ds)


def send_within(archive: Archive, data: bytes, patient: str) -> Future[Outcome]:
    with archive.receive() as incoming:
        incoming.write(data)
        return incoming.submit(within=Within(patients=frozenset({patient})))


@pytest.mark.parametrize("number", [1, 2])  # another instance of the study; the same one with other contents
def test_nobody_puts_anything_into_the_study_of_a_patient_out_of_sight(
    archive: Archive, make: Make, number: int
) -> None:
    archive.store(of_patient(make, 1, "P1"))
    with pytest.raises(ConflictError, match="may not write"):
        send_within(archive, of_patient(make, number, "P2"), "P2")
    assert len(archive.entries(uid_of(0, level=1))) == 1
    assert len(files(archive, "instances")) == 1
    assert files(archive, "quarantine") == []
    assert send_within(archive, of_patient(make, 3, "P1"), "P1").result(10).kind == "stored"


def test_nobody_joins_a_study_that_another_one_makes_meanwhile(
    archive: Archive, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go_on, add = threading.Event(), threading.Event(), archive.index.add

    def slow(batch, **how):
        entered.set()
        assert go_on.wait(10)
        return add(batch, **how)

    monkeypatch.setattr(archive.index, "add", slow)
    first = submit(archive, make(0, study=5))
    assert entered.wait(10)
    one = send_within(archive, of_patient(make, 1, "P1"), "P1")
    other = send_within(archive, of_patient(make, 2, "P2"), "P2")  # there is no study yet: nothing speaks against it
    go_on.set()
    assert {first.result(10).kind, one.result(10).kind} == {"stored"}
    with pytest.raises(ConflictError, match="may not write"):
        other.result(10)
    assert [entry.instance_uid for entry in archive.entries(uid_of(0, level=1))] == [uid_of(1)]
    archive.store(make(9, study=6))  # what was refused waits for the next commit to be cleared away
    assert len(files(archive, "instances")) == 3
    assert files(archive, "trash") == []


def test_what_is_not_submitted_is_forgotten(archive: Archive, make: Make) -> None:
    with archive.receive() as incoming:
        incoming.write(make(1))
    assert list((archive.folder / "incoming").iterdir()) == []


def test_deleting(archive: Archive, make: Make) -> None:
    for number in range(5):
        archive.store(make(number))
    entries = archive.entries(uid_of(0, level=1))
    with archive.open(entries[0]) as file:
        assert archive.delete(entries[:2]) == 2
        assert file.read() == make(0)
    assert archive.delete(entries[:2]) == 0
    assert archive.entries(uid_of(0, level=1)) == entries[2:]
    assert len(files(archive, "instances")) == 3
    with pytest.raises(NotFoundError):
        archive.read(entries[0])
    with pytest.raises(NotFoundError):
        archive.open(entries[0])
    with pytest.raises(NotFoundError):
        archive.dataset(entries[0])
    assert archive.store(make(0)).kind == "stored"


def test_what_is_being_deleted_is_read_while_it_is_there(archive: Archive, make: Make) -> None:
    outcome = archive.store(make(0))
    [entry] = archive.entries(outcome.study_uid)
    archive.storage.trash([entry.location])
    assert archive.dataset(entry).SOPInstanceUID == entry.instance_uid
    archive.storage.purge([entry.location])
    with pytest.raises(NotFoundError):
        archive.dataset(entry)


def test_deleting_and_storing_at_once_loses_nothing(archive: Archive, make: Make) -> None:
    """Whatever comes last, a row has its file."""
    stop = threading.Event()

    def delete() -> None:
        while not stop.is_set():
            archive.delete(archive.entries(uid_of(0, level=1)))

    with ThreadPoolExecutor(5) as pool:
        deleting = pool.submit(delete)
        try:
            list(pool.map(archive.store, [make(n % 3) for n in range(60)]))
        finally:
            stop.set()
        deleting.result()
    rest = {only(archive, int(entry.instance_uid[-3:])) for entry in archive.entries(uid_of(0, level=1))}
    assert rest == {path.read_bytes() for path in files(archive, "instances")}


def test_a_lost_file_comes_back_with_the_next_sender(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    files(archive, "instances")[0].unlink()
    assert archive.store(make(1)).kind == "identical"
    assert only(archive, 1) == make(1)


def test_a_damaged_file_is_healed_by_the_next_sender(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    [path] = files(archive, "instances")
    path.write_bytes(bytes(path.stat().st_size))
    assert archive.store(make(1)).kind == "identical"
    assert only(archive, 1) == make(1)


def test_what_is_set_aside_again_after_its_file_was_lost_is_kept(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    archive.store(make(1, variant=1))
    files(archive, "quarantine")[0].unlink()
    assert archive.store(make(1, variant=1)).kind == "quarantined"
    assert [path.read_bytes() for path in files(archive, "quarantine")] == [make(1, variant=1)]


def test_ranges(archive: Archive, make: Make) -> None:
    data = make(1)
    archive.store(data)
    [entry] = archive.entries(uid_of(0, level=1))
    assert archive.read(entry, 100, 200) == data[100:200]
    assert archive.read(entry, len(data) - 5) == data[-5:]
    assert archive.read(entry, len(data) - 5, 1 << 60) == data[-5:]
    assert archive.read(entry, 200, 100) == b""


def test_reading_only_needs_no_lock_and_writes_nothing(archive: Archive, make: Make) -> None:
    archive.store(make(1))
    with Archive(archive.folder, read_only=True) as reader:
        [entry] = reader.entries(uid_of(0, level=1))
        assert reader.read(entry) == make(1)
        with pytest.raises(ArchiveError, match="reading only"):
            reader.store(make(2))
        with pytest.raises(ArchiveError, match="reading only"):
            reader.delete([entry])


def test_reading_only_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        Archive(tmp_path / "nothing", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="duplicates"):
        Options(duplicates="keep")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="batch_size"):
        Options(batch_size=0)
