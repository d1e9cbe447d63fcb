"""Adding, counting, replacing, removing and looking up, on both databases."""

import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmless.archive.frame_map import FrameMap
from filmless.archive.header import ENCODER
from filmless.archive.index.index import Index, Totals
from filmless.archive.query import Query
from filmless.archive.within import Within
from filmless.errors import ArchiveError, ConflictError, FormatError, NotFoundError, UnsupportedError
from filmless.file import read

from .made import CT, SR, data_set, keys, placed, record


def _studies(index: Index) -> list[tuple[object, ...]]:
    """What is counted at studies and series, straight from the tables."""
    sql = "SELECT uid, modalities, sop_classes, series_count, instance_count, size FROM study ORDER BY uid"
    below = "SELECT uid, modality, sop_classes, instance_count, size FROM series ORDER BY uid"
    return [*index._database.rows(sql), *index._database.rows(below)]


def _counted(index: Index) -> list[tuple[object, ...]]:
    """The same, counted anew."""
    rows = index._database.rows(
        "SELECT s.uid, e.uid, e.modality, i.sop_class_uid, i.size FROM instance i "
        "JOIN series e ON e.id = i.series JOIN study s ON s.id = e.study"
    )

    def joined(values: set[str]) -> str:
        values = values - {""}
        return "\\".join(["", *sorted(values), ""]) if values else ""

    studies, series = sorted({row[0] for row in rows}), sorted({row[1] for row in rows})
    found: list[tuple[object, ...]] = []
    for uid in studies:
        own = [row for row in rows if row[0] == uid]
        classes, size = joined({row[3] for row in own}), sum(row[4] for row in own)
        found.append((uid, joined({row[2] for row in own}), classes, len({row[1] for row in own}), len(own), size))
    for uid in series:
        own = [row for row in rows if row[1] == uid]
        found.append((uid, own[0][2], joined({row[3] for row in own}), len(own), sum(row[4] for row in own)))
    return found


def test_each_is_told_whether_it_was_added(index: Index) -> None:
    first, second = data_set(1, 1, 1), data_set(1, 1, 2)
    assert index.add(placed(first, first, second)) == [True, False, True]
    elsewhere = data_set(2, 1, 1, SOPInstanceUID=first.SOPInstanceUID)
    assert index.add(placed(second, elsewhere, data_set(1, 2, 3))) == [False, False, True]
    assert index.add([]) == []
    # What was not added leaves nothing: no study 1.2.2.
    assert index.totals() == Totals(patients=1, studies=1, series=2, instances=3, size=3000, conflicts=0)


def test_an_entry_says_what_was_added(index: Index, pydicom_files: list[Path]) -> None:
    ds = data_set(1, 2, 3, PatientID="A^_%")
    kept = FrameMap.of(read(next(path for path in pydicom_files if path.name == "CT_small.dcm")))
    assert kept is not None
    made = replace(record(ds, size=5_000_000_000), frames=kept)
    index.add([(made, "/folder", "a/b.dcm")])
    entry = index.find(ds.SOPInstanceUID)
    assert entry is not None
    assert entry[1:-1] == (
        *("A^_%", "1.2.1", "1.2.1.2", "1.2.1.2.3", CT, "1.2.840.10008.1.2.1", 5_000_000_000),
        *(made.sha256, "/folder", "a/b.dcm", 1),
    )
    (header,) = index.headers([entry])
    assert header.compressed == made.header
    frames = index.frame_map(entry)
    assert frames is not None
    assert frames.pack() == kept.pack()
    assert index.find("1.2.3") is None


def test_entries_are_in_order_and_only_those_in_sight(index: Index) -> None:
    data_sets = [data_set(1, series, instance) for series in (10, 2) for instance in (11, 3)]
    data_sets += [data_set(1, 30, 1, SeriesNumber=None), data_set(1, 2, 40, InstanceNumber=None), data_set(9)]
    index.add(placed(*data_sets))
    found = [entry.instance_uid for entry in index.entries("1.2.1")]
    assert found == [f"1.2.1.{tail}" for tail in ("2.3", "2.11", "2.40", "10.3", "10.11", "30.1")]
    assert [entry.instance_uid for entry in index.entries("1.2.1", "1.2.1.10")] == ["1.2.1.10.3", "1.2.1.10.11"]
    assert len(index.entries("1.2.1", "1.2.1.10", "1.2.1.10.3")) == 1
    assert len(index.entries("1.2.1", None, "1.2.1.10.3")) == 1
    assert index.entries("1.2.1", "1.2.1.2", "1.2.1.10.3") == []
    assert index.entries("1.2.9", "1.2.1.2") == []
    for within, count in [
        (Within(patients=frozenset({"P1"})), 6),
        (Within(patients=frozenset()), 0),
        (Within(studies=frozenset({"1.2.1"}), patients=frozenset({"P9"})), 0),
    ]:
        assert len(index.entries("1.2.1", within=within)) == count


def test_headers_are_those_of_the_entries_in_their_order(index: Index) -> None:
    data_sets = [data_set(1, 1, number) for number in range(250)]
    index.add(placed(*data_sets))
    entries = index.entries("1.2.1")[::-1]
    found = [header.json() for header in index.headers(iter(entries))]
    assert found == [ds.to_json().encode() for ds in data_sets[::-1]]
    index.remove(entries[120:121])
    with pytest.raises(NotFoundError, match="removed while it was read"):
        list(index.headers(entries))
    with pytest.raises(NotFoundError):
        index.frame_map(entries[120])


def test_a_header_of_another_encoder_is_made_again_once(index: Index) -> None:
    ds = data_set()
    index.add([(replace(record(ds), encoder=ENCODER - 1, header=b"old"), "", "a")])
    entry = index.find(ds.SOPInstanceUID)
    assert entry is not None
    asked = []

    def renew(one: object) -> object:
        asked.append(one)
        return record(ds)

    for _ in range(2):
        (header,) = index.headers([entry], renew=renew)  # type: ignore[arg-type]
        assert header.json() == ds.to_json().encode()
        assert index.frame_map(entry, renew=renew) is None  # type: ignore[arg-type]
    assert asked == [entry]


def test_an_id_is_never_used_again(index: Index) -> None:
    index.add(placed(data_set(1, 1, 1)))
    (old,) = index.entries("1.2.1")
    index.remove([old])
    index.add(placed(data_set(2, 1, 1)))
    with pytest.raises(NotFoundError):
        list(index.headers([old]))
    assert index.remove([old]) == [False]


def test_what_is_counted_is_right_after_every_change(index: Index) -> None:
    """Random batches, removals and replacements; after each one all is counted anew."""

    @settings(max_examples=15, deadline=None)
    @given(
        steps=st.lists(
            st.tuples(
                st.sampled_from(["add", "add", "remove", "replace"]),
                st.lists(st.tuples(*(st.integers(1, n) for n in (3, 2, 4, 3))), min_size=1, max_size=8),
            ),
            max_size=8,
        )
    )
    def check(steps: list[tuple[str, list[tuple[int, int, int, int]]]]) -> None:
        index.remove(list(index.locations()))
        assert index.totals() == Totals(0, 0, 0, 0, 0, 0)
        model: dict[str, int] = {}
        for action, numbers in steps:
            data_sets = [
                data_set(study, series, instance, Modality=["CT", "SR"][series - 1], SOPClassUID=[CT, SR, SR][kind - 1])
                for study, series, instance, kind in numbers
            ]
            uids = [str(ds.SOPInstanceUID) for ds in data_sets]
            if action == "add":
                told = index.add(placed(*data_sets, size=len(steps)))
                expected = [uid not in model and uid not in uids[:place] for place, uid in enumerate(uids)]
                assert told == expected
                model |= {uid: len(steps) for uid, new in zip(uids, told, strict=True) if new}
            else:
                entries = {uid: entry for uid in uids if (entry := index.find(uid)) is not None}
                if action == "remove":
                    assert index.remove(entries.values()) == [True] * len(entries)
                    model = {uid: size for uid, size in model.items() if uid not in entries}
                else:
                    new = {uid: record(ds, size=77) for uid, ds in zip(uids, data_sets, strict=True)}
                    assert all(index.replace((entry, new[uid], "", "b") for uid, entry in entries.items()))
                    model |= dict.fromkeys(entries, 77)
            assert _studies(index) == _counted(index)
            totals = index.totals()
            assert (totals.instances, totals.size) == (len(model), sum(model.values()))
            assert {entry.instance_uid for entry in index.locations()} == set(model)
            assert totals.patients == totals.studies == len({uid.split(".")[2] for uid in model})

    check()


def test_a_replacement_corrects_what_is_above(index: Index) -> None:
    old = data_set(1, 1, 1, PatientName="Deo^Jane", StudyDate="20200101")
    index.add(placed(old, data_set(1, 1, 2), data_set(3, 1, 1, PatientID="P1")))
    entry = index.find(old.SOPInstanceUID)
    assert entry is not None
    new = data_set(1, 1, 1, PatientID="Q1", PatientName="Doe^Jane", StudyDate="20200102", Modality="MR")
    assert index.replace([(entry, record(new, content="new"), "", "new")]) == [True]
    assert index.replace([(entry, record(old), "", "old")]) == [False]  # the entry is of the past
    for query, count in [({"PatientName": "doe^*"}, 1), ({"PatientID": "P1"}, 1), ({"StudyDate": "20200101"}, 0)]:
        assert len(index.search(Query("study", keys({"StudyInstanceUID": "1.2.1"} | query))).rows) == (
            count if query != {"PatientID": "P1"} else 0
        )
    assert len(index.search(Query("study", keys({"ModalitiesInStudy": "MR"}))).rows) == 1
    assert index.totals().patients == 2
    assert _studies(index) == _counted(index)


def test_a_replacement_with_the_uid_of_another_is_refused_as_a_whole(index: Index) -> None:
    index.add(placed(data_set(1, 1, 1), data_set(1, 1, 2)))
    first, second = index.entries("1.2.1")
    with pytest.raises(ConflictError):
        index.replace([(first, record(data_set(1, 1, 2), content="x"), "", "x")])
    assert index.entries("1.2.1") == [first, second]


def test_a_study_stays_with_its_patient(index: Index) -> None:
    """What comes in for a study of another patient does not move it into the sight of who sent it."""
    index.add(placed(data_set(1, 1, 1, PatientID="P1")))
    index.add(placed(data_set(1, 1, 2, PatientID="P2")))
    assert index.patient_of("1.2.1") == "P1"
    assert index.patient_of("1.2.2") is None
    assert [entry.patient_id for entry in index.entries("1.2.1")] == ["P1", "P1"]
    assert index.entries("1.2.1", within=Within(patients=frozenset({"P2"}))) == []
    assert index.totals().patients == 1


def test_people_without_an_id_are_not_one(index: Index) -> None:
    unknown = [data_set(study, PatientID=None, PatientName=name) for study, name in ((1, "A"), (2, "B"), (3, "B"))]
    index.add(placed(*unknown, data_set(4, PatientID="B", IssuerOfPatientID="X"), data_set(5, PatientID="B")))
    assert index.totals().patients == 4
    index.remove(list(index.locations()))
    assert index.totals().patients == 0


def test_values_of_any_length_and_kind_are_indexed(index: Index) -> None:
    """An index of PostgreSQL refuses long texts, and its texts take no NUL."""
    odd = data_set(
        1, PatientID="x" * 9000, PatientName="ü" * 9000, AccessionNumber="a\0b", Modality="'; DROP TABLE study;--"
    )
    assert index.add(placed(odd)) == [True]
    assert len(index.search(Query("study", keys({"AccessionNumber": "a?b"}))).rows) == 1
    assert len(index.search(Query("study", keys({"PatientID": "x" * 9000}))).rows) == 1
    assert len(index.search(Query("study", keys({"PatientID": "x" * 8999}))).rows) == 0
    assert len(index.search(Query("study", keys({"PatientName": "Ü" * 9000}))).rows) == 1
    with pytest.raises(FormatError, match="longer than 200 characters"):
        index.add(placed(data_set(2), data_set(3, StudyInstanceUID="1" * 5000)))
    assert index.totals().instances == 1


@pytest.mark.parametrize("uid", ["1.2.1\0", "\ud800", "", "x" * 100_000, "1.2.1' OR '1'='1", "%"])
def test_a_uid_that_is_none_is_not_there(index: Index, uid: str) -> None:
    index.add(placed(data_set()))
    assert index.find(uid) is None
    assert index.entries(uid) == index.entries("1.2.1", uid) == index.entries("1.2.1", "1.2.1.1", uid) == []
    assert list(index.conflicts(uid)) == []


def test_digests_and_locations(index: Index) -> None:
    index.add(placed(*(data_set(1, 1, number) for number in range(1200))))
    digests = [entry.sha256 for entry in index.entries("1.2.1")]
    assert index.digests() == set(digests)
    assert index.digests("a") == {digest for digest in digests if digest.startswith("a")}
    assert len(index.locations_of(digests[6:8])) == 2
    everything = list(index.locations())
    assert len(everything) == 1200
    assert list(index.locations(after=everything[999].id)) == everything[1000:]
    assert list(index.locations(storage="/elsewhere")) == []


def test_conflicts_are_kept_once_and_resolved(index: Index) -> None:
    other = record(data_set(1, 1, 1), content="another")
    assert index.add_conflict(other, "", "quarantine/x", received=1.5)
    assert not index.add_conflict(other, "", "quarantine/x", received=2.5)
    assert index.add_conflict(record(data_set(1, 1, 2), content="b"), "", "quarantine/y", received=2.5)
    (conflict,) = index.conflicts("1.2.1.1.1")
    assert conflict[1:] == ("1.2.1", "1.2.1.1", "1.2.1.1.1", 1000, other.sha256, "", "quarantine/x", 1.5)
    assert other.sha256 in index.digests(other.sha256[:2])
    assert len(list(index.conflicts())) == index.totals().conflicts == 2
    assert index.resolve(conflict)
    assert not index.resolve(conflict)


def test_settings_and_the_oldest_studies(index: Index) -> None:
    assert index.setting("verified") is None
    for value in ("12", "it's"):
        index.set("verified", value)
        assert index.setting("verified") == value
    index.set("verified", None)
    assert index.setting("verified") is None
    for study in (3, 1, 2):
        index.add(placed(data_set(study), size=study))
    oldest = index.oldest_studies(limit=2)
    assert [(each.study_uid, each.size) for each in oldest] == [("1.2.3", 3), ("1.2.1", 1)]
    assert index.oldest_studies(before=oldest[1].received) == oldest[:1]


def test_many_threads_add_and_remove_the_same(index: Index) -> None:
    """Each UID is added once, whoever comes first; what is counted is right at the end."""
    start = threading.Barrier(6)

    def work(number: int) -> list[str]:
        start.wait()
        added = []
        for turn in range(6):
            uids = [(1 + (number + turn * 5 + n) % 4, 1 + n % 2, 1 + (n * 7 + turn) % 10) for n in range(12)]
            batch = placed(*(data_set(*uid) for uid in uids))
            told = index.add(batch)
            added += [each.instance_uid for (each, _, _), new in zip(batch, told, strict=True) if new]
            if turn % 3 == number % 3:
                entries = index.entries(f"1.2.{1 + number % 4}")[:5]
                gone = index.remove(entries)
                added += [f"-{entry.instance_uid}" for entry, was in zip(entries, gone, strict=True) if was]
        return added

    with ThreadPoolExecutor(6) as threads:
        told = Counter(uid for added in threads.map(work, range(6)) for uid in added)
    there = {entry.instance_uid for entry in index.locations()}
    for uid in {uid.lstrip("-") for uid in told}:
        assert told[uid] - told[f"-{uid}"] == (uid in there)
    assert _studies(index) == _counted(index)


def test_several_indexes_on_one_database(url: str) -> None:
    """As several processes have it: each with connections of its own."""
    indexes = [Index(url) for _ in range(4)]
    start = threading.Barrier(4)

    def work(index: Index) -> int:
        start.wait()
        count = 0
        for turn in range(8):
            count += sum(index.add(placed(*(data_set(1 + n % 5, 1, turn * 3 + n) for n in range(9)))))
        return count

    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(work, indexes))
    assert sum(counts) == indexes[0].totals().instances == len(list(indexes[1].locations()))
    assert _studies(indexes[2]) == _counted(indexes[2])
    for index in indexes:
        index.close()


def test_a_failure_leaves_nothing_and_is_told(tmp_path: Path) -> None:
    index = Index(f"sqlite:///{tmp_path / 'index.sqlite'}")
    with sqlite3.connect(tmp_path / "index.sqlite") as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON header BEGIN SELECT RAISE(ABORT, 'no'); END")
    other.close()
    with pytest.raises(ArchiveError, match="cannot be used"):
        index.add(placed(data_set()))
    assert index.totals().studies == 0
    index.close()
    with pytest.raises(ArchiveError, match="closed"):
        index.find("1")
    with pytest.raises(ArchiveError, match="closed"):
        index.add(placed(data_set()))


def test_a_database_that_another_process_holds_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filmless.archive.index.sqlite._WAIT_S", 0.0)
    index = Index(f"sqlite:///{tmp_path / 'index.sqlite'}")
    other = sqlite3.connect(tmp_path / "index.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ArchiveError, match="locked by another process"):
        index.add(placed(data_set()))
    assert index.find("1") is None  # readers go on
    other.execute("ROLLBACK")
    other.close()
    assert index.add(placed(data_set())) == [True]
    index.close()


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    from filmless.errors import StorageFullError

    index = Index(f"sqlite:///{tmp_path / 'index.sqlite'}")
    ((pages,),) = index._database.rows("PRAGMA page_count")
    index._database._writer.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[attr-defined]
    with pytest.raises(StorageFullError, match="no room"):
        index.add(placed(*(data_set(1, 1, number) for number in range(100))))
    index._database._writer.execute("PRAGMA max_page_count=1000000")  # type: ignore[attr-defined]
    assert index.add(placed(data_set(1, 1, 1))) == [True]
    assert index.totals().instances == 1
    index.close()


def test_a_backup_is_an_index(index: Index, tmp_path: Path) -> None:
    index.add(placed(*(data_set(1, 1, number) for number in range(50))))
    if index._database.url.startswith("postgresql"):
        with pytest.raises(UnsupportedError, match="pg_dump"):
            index.backup(tmp_path / "copy.sqlite")
        return
    index.backup(tmp_path / "copy.sqlite")
    copy = Index(f"sqlite:///{tmp_path / 'copy.sqlite'}")
    assert list(copy.locations()) == list(index.locations())
    copy.close()
