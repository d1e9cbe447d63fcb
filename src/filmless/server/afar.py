"""A DICOMweb service that is looked at: its studies are listed by QIDO-RS, and fetched by WADO-RS when opened."""

import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from filmless.archive import Archive
from filmless.archive.index.study_list import ListedStudy, StudyList
from filmless.dataset import Dataset
from filmless.dicomweb import BlockingClient
from filmless.errors import DicomError, DicomWebError
from filmless.file.uid_grammar import is_uid
from filmless.server.sought import INCLUDED, in_order, is_sought, queries_of
from filmless.viewer.afar import Fetched, Found

__all__ = ["OtherArchive"]

_MOST_LISTED: Final = 1000
_MOST_INSTANCES: Final = 100_000  # of a study
_LISTED_S: Final = 20.0  # pages ask every few seconds what is new
_FRESH_S: Final = 5.0
_KEPT: Final = 8  # lists
_AT_A_TIME: Final = 2  # studies that are fetched
_AT_A_TIME_ASKED: Final = 4
_TOGETHER: Final = 16  # files that share a transaction


@dataclass(slots=True)
class _Fetch:
    """A study on its way."""

    here: int = 0
    of: int = 0
    size: int = 0  # bytes
    ended: float = 0.0
    error: DicomError | None = None
    is_told: bool = False  # the error
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """Whether who asks now is to have it looked for anew."""
        if not self.done.is_set():
            return False
        return time.monotonic() - self.ended > _FRESH_S if self.error is None else self.is_told


class OtherArchive:
    """An archive of the network, as the viewer shows it. What it holds comes into a folder that is thrown away.

    Parameters
    ----------
    archive
        What shows it.
    client
        Speaks with it; it is closed with this.
    name
        Where it is, for people.
    """

    def __init__(self, archive: Archive, client: BlockingClient, *, name: str) -> None:
        self.name = name
        self._archive, self._client = archive, client
        self._folder = archive.folder / "fetched"
        self._folder.mkdir(exist_ok=True)
        self._most_bytes = shutil.disk_usage(self._folder).free // 2
        self._lock, self._listing = threading.Lock(), threading.Lock()
        self._fetches: dict[str, _Fetch] = {}  # the latest last
        self._lists: dict[StudyList, tuple[float, Found]] = {}
        self._slots = threading.Semaphore(_AT_A_TIME)
        self._is_closed = False

    # -- the list ------------------------------------------------------------------------------------------------

    def studies(self, wanted: StudyList) -> Found:
        """Return its studies, in the order that is wanted.

        Raises
        ------
        DicomWebError
            502: it does not answer, or refuses.
        """
        unsorted = replace(wanted, sort="date", descending=True)
        with self._listing:  # a list and how long it is are asked for at the same time
            now = time.monotonic()
            asked, found = self._lists.pop(unsorted, (0.0, None))
            if found is None or now - asked > _LISTED_S:
                asked, found = now, self._ask(unsorted)
            self._lists[unsorted] = asked, found
            while len(self._lists) > _KEPT:
                del self._lists[next(iter(self._lists))]
        return Found(in_order(found.studies, wanted), found.is_whole)

    def _ask(self, wanted: StudyList) -> Found:
        with ThreadPoolExecutor(_AT_A_TIME_ASKED) as pool:
            answers = list(pool.map(self._search, queries_of(wanted)))
        rows: dict[str, ListedStudy] = {}
        for answer in answers:
            if not isinstance(answer, DicomError):
                rows |= {study.uid: study for study in map(_listed, answer) if is_uid(study.uid)}
        errors = [answer for answer in answers if isinstance(answer, DicomError)]
        if len(errors) == len(answers):
            raise self._trouble(errors[0])
        # Some services match no wildcards in some of the columns.
        is_whole = not errors and all(len(answer) < _MOST_LISTED for answer in answers if isinstance(answer, list))
        return Found([study for study in rows.values() if is_sought(study, wanted)], is_whole)

    def _search(self, values: dict[str, Any]) -> list[Dataset] | DicomError:
        try:
            return list(self._client.search_studies(include=INCLUDED, limit=_MOST_LISTED, **values))
        except DicomError as error:
            return error

    # -- studies -------------------------------------------------------------------------------------------------

    def fetch(self, study_uid: str, *, wait_s: float = 1.0) -> Fetched | None:
        """Begin to fetch what is not here of a study, wait a moment, and return how far it is; None when it is here.

        Raises
        ------
        DicomWebError
            404, 502, 507: fetching failed. The next call begins again.
        """
        if not is_uid(study_uid):
            raise DicomWebError("there is no such study", status=404)
        with self._lock:
            fetch = self._fetches.get(study_uid)
            if fetch is None or fetch.is_over:
                self._fetches.pop(study_uid, None)
                fetch = self._fetches[study_uid] = _Fetch()
                # Of its own: to end the program waits for nobody that does not answer.
                threading.Thread(target=self._run, args=(study_uid, fetch), daemon=True).start()
        if not fetch.done.wait(wait_s):
            return Fetched(fetch.here, fetch.of)
        if fetch.error is not None:
            fetch.is_told = True
            raise fetch.error
        return None

    def _run(self, uid: str, fetch: _Fetch) -> None:
        try:
            with self._slots:
                self._fetch(uid, fetch)
        except DicomError as error:
            fetch.error = self._trouble(error)
        except OSError as error:
            why = error.strerror or type(error).__name__
            fetch.error = DicomWebError(f"the study cannot be kept here: {why}", status=507)
        except Exception as error:  # noqa: BLE001 - who waits is told, and no thread dies in silence
            fetch.error = DicomWebError(f"fetching failed: {type(error).__name__}", status=502)
        finally:
            fetch.ended = time.monotonic()
            fetch.done.set()

    def _fetch(self, uid: str, fetch: _Fetch) -> None:
        known = self._archive.entries(uid)
        here = {entry.instance_uid for entry in known}
        fetch.size = sum(entry.size for entry in known)
        found = self._client.search_instances(uid, limit=_MOST_INSTANCES)
        listed = {str(ds.get("SOPInstanceUID")): ds.get("SeriesInstanceUID") for ds in found}
        if not listed and not here:
            raise DicomWebError(f"there is no such study at {self.name}", status=404)
        missing = [one for one in listed if one not in here]
        fetch.here, fetch.of = len(listed) - len(missing), len(listed)
        if not missing:
            return
        folder = self._folder / uid
        # As a rule all of it at once; what came in the meantime one by one.
        is_known = all(is_uid(listed[one]) and is_uid(one) for one in missing)
        places = [(listed[one], one) for one in missing] if here and is_known else [(None, None)]
        waiting: list[str] = []
        for series, instance in places:
            for path in self._client.retrieve_to(folder, uid, series, instance):
                if self._is_closed:
                    return
                waiting.append(path.name)
                fetch.size += path.stat().st_size
                self._make_room(uid, fetch.size)
                if len(waiting) == _TOGETHER:
                    self._take(folder, waiting, fetch)
        self._take(folder, waiting, fetch)
        if not fetch.here:
            raise DicomWebError("what came of the study is nothing that can be shown", status=502)

    def _take(self, folder: Path, waiting: list[str], fetch: _Fetch) -> None:
        """Show files that came."""
        outcomes = self._archive.add_in_place(folder, waiting)
        waiting.clear()
        # What cannot be shown is no reason not to show the rest.
        fetch.here += sum(not isinstance(outcome, Exception) for outcome in outcomes)

    def _make_room(self, uid: str, size: int) -> None:
        """Let go of what was fetched first, when there is no room for all."""
        if size > self._most_bytes:
            self._let_go(uid)
            message = f"the study has more than the {self._most_bytes >> 20} MiB that there is room for here"
            raise DicomWebError(message, status=507, hint="TMPDIR names a folder with more room")
        with self._lock:
            others = [one for one in self._fetches.items() if one[0] != uid and one[1].done.is_set()]
            total = size + sum(fetch.size for _, fetch in others)
            for other, fetch in others:
                if total <= self._most_bytes:
                    break
                total -= fetch.size
                del self._fetches[other]
                self._let_go(other)

    def _let_go(self, uid: str) -> None:
        self._archive.forget(self._archive.entries(uid))
        shutil.rmtree(self._folder / uid, ignore_errors=True)

    def _trouble(self, error: DicomError) -> DicomWebError:
        """Return an error as it is told: whose it is, and what it said."""
        status = error.status if isinstance(error, DicomWebError) and error.status in {404, 507} else 502
        message = error.message if status != 502 else f"{self.name}: {error.message}"
        return DicomWebError(message, status=status, hint=error.hint)

    def close(self) -> None:
        """Fetch no more."""
        self._is_closed = True
        self._client.close()


def _listed(ds: Dataset) -> ListedStudy:
    modalities = ds.get("ModalitiesInStudy") or ()
    return ListedStudy(
        uid=str(ds.get("StudyInstanceUID") or ""),
        modalities=tuple(map(str, [modalities] if isinstance(modalities, str) else modalities)),
        series=_count(ds, "NumberOfStudyRelatedSeries"),
        instances=_count(ds, "NumberOfStudyRelatedInstances"),
        size=0,  # nobody knows, and nobody is told
        received=0.0,
        attributes=json.loads(ds.to_json()),
    )


def _count(ds: Dataset, keyword: str) -> int:
    value: Any = ds.get(keyword)
    return value if isinstance(value, int) and value >= 0 else 0
