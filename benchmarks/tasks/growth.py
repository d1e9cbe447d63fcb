"""What it costs to store, and to search, when there is much already."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from benchmarks.connection import Connection
from benchmarks.contenders import OURS
from benchmarks.servers import Server, servers
from benchmarks.session import PeerError
from benchmarks.table import Row, duration, verdict
from filmless.archive import Archive
from filmless.archive.record import Record, record_of

from . import Bench
from .serving import JSON, SENDERS, Slices, at_once, on_disk

FEW, MANY, NEW = 1_000, 200_000, 1_000
_IN_STUDY = 100
_BATCH = 5_000
_ROUNDS = 4
_ASKED = 200  # times each search
_MOST_S = 0.020
_FLAT = 1.25  # how much more it may cost: rounds of the same differ by less
_STUDY = "1.2.826.0.1.3680043.10.9998.1234"

# What work lists and viewers ask for.
SEARCHES = {
    "the newest studies": "/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030,00080060",
    "a page far behind": "/studies?limit=25&offset=1500",
    "by the beginning of a name": "/studies?PatientName=Name0012*&limit=25",
    "by the middle of a name": "/studies?PatientName=*0123*&limit=25",
    "by a name, fuzzy": "/studies?PatientName=bench+name0015&fuzzymatching=true&limit=25",
    "by Patient ID": "/studies?PatientID=BENCH001234",
    "by the beginning of a Patient ID": "/studies?PatientID=BENCH0012*&limit=25",
    "by accession number": "/studies?AccessionNumber=ACC001234",
    "by dates": "/studies?StudyDate=20100101-20101231&limit=25",
    "by modality and date": "/studies?ModalitiesInStudy=CT&StudyDate=20100101-20101231&limit=25",
    "by a modality that none has": "/studies?ModalitiesInStudy=XA&limit=25",
    "by a UID": f"/studies?StudyInstanceUID={_STUDY}",
    "by an instance": f"/studies?SOPInstanceUID={_STUDY}.1.50",
    "series of a study": f"/studies/{_STUDY}/series?includefield=00080021,00080031,0008103E,00200011",
    "instances of a series": f"/studies/{_STUDY}/series/{_STUDY}.1/instances",
    "series of a modality": "/series?Modality=CT&limit=25",
    "instances of a class": "/instances?SOPClassUID=1.2.840.10008.5.1.4.1.1.2&limit=25",
    "any instances": "/instances?limit=25&offset=5000",
}


def growth(bench: Bench) -> list[Row]:
    """Store 1,000 instances among few and among many, then search among many."""
    del bench
    slices = Slices(8)
    with on_disk() as folder:
        ingest = {}
        for first, last in ((0, FEW), (FEW, MANY)):
            _fill(folder / OURS, slices, first // _IN_STUDY, last // _IN_STUDY)
            with servers(folder, only_ours=True) as [server]:
                ingest[last] = median(_stow(server, files) for files in _new(slices, 900_000 + first))
                if last == MANY:
                    with server.connection as connection:
                        searches = _searches(connection)
    row = Row(
        f"STOW of {NEW:,} small instances among {FEW:,} and among {MANY:,}",
        {OURS: f"{duration(ingest[FEW])}, {duration(ingest[MANY])}"},
        bar=f"<= {_FLAT} times as long",
        verdict=verdict(met=ingest[MANY] <= ingest[FEW] * _FLAT),
    )
    return [row, *searches]


def _fill(folder: Path, slices: Slices, first: int, last: int) -> None:
    """Put rows of studies into the index, without files."""
    with Archive(folder) as archive:
        batch = []
        for study in range(first, last):
            batch += [(record, "", f"instances/{record.sha256}.dcm") for record in _records(slices, study)]
            if len(batch) >= _BATCH or study == last - 1:
                archive.index.add(batch)
                batch = []


def _records(slices: Slices, study: int) -> Iterator[Record]:
    file = slices.file(study, 0)
    like = record_of(file, size=len(file), sha256="0" * 64)
    for number in range(1, _IN_STUDY + 1):
        uid = f"{like.series_uid}.{number}"
        own = {"00080018": {"vr": "UI", "Value": [uid]}, "00200013": {"vr": "IS", "Value": [number]}}
        levels = {**like.levels, "instance": json.dumps(json.loads(like.levels["instance"]) | own)}
        yield replace(like, instance_uid=uid, sha256=hashlib.sha256(uid.encode()).hexdigest(), levels=levels)


def _stow(server: Server, files: list[bytes]) -> float:
    return at_once(server, SENDERS, lambda each: [[file] for file in files[each::SENDERS]])


def _new(slices: Slices, study: int) -> Iterator[list[bytes]]:
    """Give instances that are not there yet, a study each time."""
    for number in range(_ROUNDS):
        yield [slices.file(study + number, each) for each in range(NEW)]


def _searches(connection: Connection) -> list[Row]:
    taken: dict[str, list[float]] = {title: [] for title in SEARCHES}
    for turn in range(_ASKED + 1):
        for title, path in SEARCHES.items():
            start = perf_counter()
            answer = connection.request("GET", f"/dicom-web{path}", JSON, keep=True)
            elapsed = perf_counter() - start
            if answer.status != 200 or bool(json.loads(answer.body)) == ("none" in title):
                raise PeerError(f"{title}: answered {answer.status} with {answer.length} bytes")
            if turn:  # the first reads from the disk
                taken[title].append(elapsed)
    return [_row(title, times) for title, times in taken.items()]


def _row(title: str, times: Sequence[float]) -> Row:
    p95 = quantiles(times, n=20)[-1]
    told = f"{duration(p95)} (median {duration(median(times))})"
    return Row(
        f"QIDO p95 among {MANY:,} instances: {title}", {OURS: told}, bar="< 20 ms", verdict=verdict(met=p95 < _MOST_S)
    )
