"""Every valid file there is comes out by C-GET and C-MOVE as it was, byte for byte."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydicom.filereader import _read_file_meta_info, read_preamble
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet as GET
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelMove as MOVE

from filmless.archive import Archive, Entry
from filmless.dimse.services.destinations import Destination
from filmless.dimse.services.get import get
from filmless.dimse.services.move import move
from filmless.errors import DicomError

from .identifiers import identifier
from .receiving import pynetdicom_scp
from .serving import serving

Instances = dict[str, tuple[str, bytes]]


def _data_set(path: Path) -> bytes:
    """Return what pydicom finds behind the file meta information."""
    with path.open("rb") as file:
        read_preamble(file, force=True)
        _read_file_meta_info(file)
        return file.read()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, all_files: list[Path]) -> Iterator[tuple[Archive, list[Entry]]]:
    """An archive of all that is valid."""
    with Archive(tmp_path_factory.mktemp("archive")) as archive:

        def store(path: Path) -> None:
            try:
                archive.store(path)
            except DicomError:
                return

        with ThreadPoolExecutor(8) as threads:  # together they wait for the disk once
            list(threads.map(store, all_files))
        rows = archive.search("study").rows
        yield archive, [entry for row in rows for entry in archive.entries(row.study_uid)]


def _as_stored(archive: Archive, entries: list[Entry]) -> Instances:
    return {
        entry.instance_uid: (entry.transfer_syntax_uid, _data_set(Path(str(archive.path(entry))))) for entry in entries
    }


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI", "ignore:The value length")
def test_get(whole: tuple[Archive, list[Entry]]) -> None:
    archive, entries = whole
    assert len(entries) > 100
    came: Instances = {}

    def store(event: evt.Event) -> int:
        request = event.request
        came[request.AffectedSOPInstanceUID] = event.context.transfer_syntax, request.DataSet.getvalue()
        return 0

    classes = sorted({entry.sop_class_uid for entry in entries})
    with serving([get(archive)]) as port:
        for start in range(0, len(classes), 20):
            some = classes[start : start + 20]
            chosen = [entry for entry in entries if entry.sop_class_uid in some]
            pairs = sorted({(entry.sop_class_uid, entry.transfer_syntax_uid) for entry in chosen})
            contexts = [build_context(GET), *(build_context(sop_class, syntax) for sop_class, syntax in pairs)]
            association = AE().associate(
                "127.0.0.1",
                port,
                contexts=contexts,
                ae_title="FILMLESS",
                ext_neg=[build_role(sop_class, scp_role=True) for sop_class in some],
                evt_handlers=[(evt.EVT_C_STORE, store)],
            )
            assert association.is_established
            asked = identifier("IMAGE", SOPInstanceUID=[entry.instance_uid for entry in chosen])
            *_, (status, _) = association.send_c_get(asked, GET)
            association.release()
            assert (status.Status, status.NumberOfCompletedSuboperations) == (0, len(chosen))
    assert came == _as_stored(archive, entries)


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI", "ignore:The value length")
def test_move_in_one_with_more_contexts_than_an_association_has(whole: tuple[Archive, list[Entry]]) -> None:
    archive, entries = whole
    syntaxes: dict[str, set[str]] = {}
    for entry in entries:
        syntaxes.setdefault(entry.sop_class_uid, set()).add(entry.transfer_syntax_uid)
    supported = [(sop_class, sorted(found)) for sop_class, found in syntaxes.items()]
    with pynetdicom_scp(supported) as received:
        with serving([move(archive, {"THERE": Destination("127.0.0.1", received.port)})]) as port:
            association = AE().associate("127.0.0.1", port, contexts=[build_context(MOVE)], ae_title="FILMLESS")
            asked = identifier("IMAGE", SOPInstanceUID=[entry.instance_uid for entry in entries])
            *_, (status, _) = association.send_c_move(asked, "THERE", MOVE)
            association.release()
        assert (status.Status, status.NumberOfCompletedSuboperations) == (0, len(entries))
        assert received.instances == _as_stored(archive, entries)
