"""C-FIND on an archive, asked by pynetdicom and DCMTK."""

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset as PydicomDataset
from pynetdicom import AE, build_context
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelFind,
    PatientStudyOnlyQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
)

from filmless.archive import Archive, Query
from filmless.archive.query import Level
from filmless.dimse.scp.access import Access, AccessOptions, CallerOptions
from filmless.dimse.services.query import query

from .dcmtk import dcmtk
from .identifiers import identifier
from .people import five_people
from .serving import serving

PATIENT, STUDY, ONLY = (
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
    PatientStudyOnlyQueryRetrieveInformationModelFind,
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive of five people, a study each, of two series with one and two instances."""
    with Archive(tmp_path_factory.mktemp("archive")) as archive:
        with ThreadPoolExecutor(8) as threads:  # together they wait for the disk once
            assert {outcome.kind for outcome in threads.map(archive.store, five_people())} == {"stored"}
        yield archive


@pytest.fixture(scope="module")
def port(archive: Archive) -> Iterator[int]:
    """The port of an SCP on it."""
    with serving([query(archive)]) as port:
        yield port


def test_who_takes_answers_slowly_does_not_hold_the_index_for_ever(archive: Archive) -> None:
    with serving([query(archive, answered_s=0)]) as port:
        ae = AE("PYNETDICOM")
        ae.add_requested_context(STUDY)
        association = ae.associate("127.0.0.1", port, ae_title="FILMLESS")
        answers = [status.Status for status, _ in association.send_c_find(identifier("STUDY"), STUDY)]
        association.release()
    assert answers == [0xA700]


@pytest.fixture
def associated(port: int) -> Iterator[Association]:
    """An association of pynetdicom's to it."""
    ae = AE("PYNETDICOM")
    for model in (PATIENT, STUDY, ONLY):
        ae.add_requested_context(model)
    association = ae.associate("127.0.0.1", port, ae_title="FILMLESS")
    assert association.is_established
    yield association
    association.release()


def find(
    association: Association, ds: PydicomDataset, model: str = STUDY
) -> tuple[list[PydicomDataset], PydicomDataset]:
    """Return the answers, and the status of the last one."""
    answers, last = [], PydicomDataset()
    for status, answer in association.send_c_find(ds, model):
        last = status
        if answer is not None:
            answers.append(answer)
    return answers, last


def test_an_answer_has_what_was_asked_for(associated: Association) -> None:
    asked = identifier("STUDY", PatientID="P1", PatientName="", StudyInstanceUID="", NumberOfStudyRelatedInstances=None,
                       NumberOfStudyRelatedSeries=None, ModalitiesInStudy="", PatientComments="")  # fmt: skip
    [answer], status = find(associated, asked)
    assert status.Status == 0x0000
    assert {element.keyword: element.value for element in answer} == {
        "QueryRetrieveLevel": "STUDY",
        "RetrieveAETitle": "FILMLESS",
        "InstanceAvailability": "ONLINE",
        "ModalitiesInStudy": ["CT", "SR"],
        "PatientName": "Doe^Jane",
        "PatientID": "P1",
        "PatientComments": "",
        "StudyInstanceUID": "1.2.1",
        "NumberOfStudyRelatedSeries": 2,
        "NumberOfStudyRelatedInstances": 3,
    }


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({}, {1, 2, 3, 4, 5}),
        ({"PatientName": "Doe^*"}, {1, 2}),
        ({"PatientName": "doe^j?ne"}, {1}),
        ({"StudyInstanceUID": ["1.2.2", "1.2.4", "9"]}, {2, 4}),
        ({"StudyDate": "20260102-20260103"}, {2, 3}),
        ({"StudyDate": "20260104-"}, {4, 5}),
        ({"StudyDate": "-20260101"}, {1}),
        ({"StudyTime": "0830"}, {1}),
        ({"StudyTime": "-0930"}, {1, 2}),
        ({"ModalitiesInStudy": "SR"}, {1, 2, 3, 4, 5}),
        ({"ModalitiesInStudy": "MR"}, set()),
        ({"AccessionNumber": "A-3"}, {3}),
        ({"StudyDescription": "T*"}, {1, 3, 5}),
        ({"PatientID": "P1' OR '1'='1"}, set()),
        ({"PatientID": "*"}, {1, 2, 3, 4, 5}),
        ({"SeriesInstanceUID": "1.2.4.2"}, {4}),
    ],
)
def test_matching(associated: Association, keys: dict[str, object], found: set[int]) -> None:
    answers, status = find(associated, identifier("STUDY", **({"StudyInstanceUID": ""} | keys)))
    assert status.Status == 0x0000
    assert {int(str(answer.StudyInstanceUID).rpartition(".")[2]) for answer in answers} == found


def test_levels(associated: Association) -> None:
    for model, level, count in (
        (PATIENT, "PATIENT", 5),
        (PATIENT, "STUDY", 5),
        (PATIENT, "SERIES", 10),
        (PATIENT, "IMAGE", 15),
        (STUDY, "SERIES", 10),
        (ONLY, "PATIENT", 5),
        (ONLY, "STUDY", 5),
    ):
        answers, status = find(associated, identifier(level, PatientID="", SOPInstanceUID=""), model)
        assert (status.Status, len(answers)) == (0, count), (model, level)
        assert {answer.QueryRetrieveLevel for answer in answers} == {level}


def test_identifiers_that_cannot_be(associated: Association) -> None:
    two_items = identifier("STUDY", RequestAttributesSequence=[PydicomDataset(), PydicomDataset()])
    for asked, model, tag in (
        (identifier(None, PatientID=""), STUDY, 0x0008_0052),
        (identifier("PATIENT", PatientID=""), STUDY, 0x0008_0052),
        (identifier("SERIES", PatientID=""), ONLY, 0x0008_0052),
        (two_items, STUDY, 0x0040_0275),
    ):
        answers, status = find(associated, asked, model)
        assert not answers
        assert status.Status == 0xA900
        assert status.OffendingElement == tag
        assert 0 < len(status.ErrorComment) <= 64


def test_a_date_that_is_none_names_its_key(associated: Association) -> None:
    asked = identifier("STUDY", StudyDate="yesterday")
    answers, status = find(associated, asked)
    assert (answers, status.Status, status.OffendingElement) == ([], 0xA900, 0x0008_0020)
    assert "yesterday" not in status.ErrorComment


def test_character_sets(associated: Association) -> None:
    for character_set, told in ((None, "ISO_IR 192"), ("ISO_IR 100", "ISO_IR 100"), ("ISO_IR 144", "ISO_IR 192")):
        asked = identifier("STUDY", PatientID="P3", PatientName="")
        if character_set:
            asked.SpecificCharacterSet = character_set
        [answer], _ = find(associated, asked)
        assert answer.PatientName == "Müller^Änne"
        assert answer.SpecificCharacterSet == told
    [answer], _ = find(associated, identifier("STUDY", PatientID="P1", PatientName=""))
    assert "SpecificCharacterSet" not in answer
    asked = identifier("STUDY", PatientName="Mül*")
    asked.SpecificCharacterSet = "ISO_IR 100"
    assert len(find(associated, asked)[0]) == 1


def test_cancel(associated: Association) -> None:
    asked = identifier("IMAGE", SOPInstanceUID="")
    statuses = []
    for status, _ in associated.send_c_find(asked, STUDY, msg_id=7):
        statuses.append(status.Status)
        if len(statuses) == 1:
            associated.send_c_cancel(7, query_model=STUDY)
    assert statuses[-1] in {0xFE00, 0x0000}  # it may come after the last answer


def negotiated(port: int, flags: bytes) -> Association:
    """Open an association with extended negotiation."""
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid, item.service_class_application_information = STUDY, flags
    association = AE().associate(
        "127.0.0.1", port, contexts=[build_context(STUDY)], ae_title="FILMLESS", ext_neg=[item]
    )
    assert association.is_established
    return association


def test_extended_negotiation(port: int, associated: Association) -> None:
    association = negotiated(port, b"\1\1\1\1\1")
    assert association.acceptor.sop_class_extended == {STUDY: b"\1\1\1"}
    fuzzy = identifier("STUDY", PatientName="jane doe")
    span = identifier("STUDY", StudyDate="20260101-20260103", StudyTime="103000-103000", StudyInstanceUID="")
    found = [len(find(association, asked)[0]) for asked in (fuzzy, span)]
    association.release()
    # From the first at 10:30 to the third at 10:30; without the negotiation at 10:30 on any of the days.
    assert found == [1, 2]
    assert [len(find(associated, asked)[0]) for asked in (fuzzy, span)] == [0, 1]
    association = negotiated(port, b"\1\1\0")
    found = [len(find(association, asked)[0]) for asked in (fuzzy, span)]
    association.release()
    assert found == [0, 2]


def test_who_may_not_read_is_refused_and_others_see_what_is_in_sight(archive: Archive) -> None:
    callers = (
        CallerOptions(ae_titles=("SENDER",), addresses=("127.0.0.1",), roles=frozenset({"write"})),
        CallerOptions(ae_titles=("WARD",), addresses=("127.0.0.1",), patients=frozenset({"P2"})),
    )
    with serving([query(archive)], access=Access(AccessOptions(callers=callers))) as port:
        found = {}
        for title in ("SENDER", "WARD"):
            association = AE(title).associate("127.0.0.1", port, contexts=[build_context(STUDY)], ae_title="FILMLESS")
            answers, last = find(association, identifier("STUDY", PatientID=""))
            found[title] = last.Status, [answer.PatientID for answer in answers]
            association.release()
    assert found == {"SENDER": (0x0124, []), "WARD": (0, ["P2"])}


def test_more_than_is_sent(archive: Archive) -> None:
    with serving([query(archive, most=3)]) as port:
        ae = AE()
        ae.add_requested_context(STUDY)
        association = ae.associate("127.0.0.1", port, ae_title="FILMLESS")
        answers, status = find(association, identifier("STUDY", PatientID=""))
        association.release()
    assert (len(answers), status.Status) == (3, 0xA700)


@pytest.mark.parametrize("level", ["patient", "study", "series", "instance"])
@pytest.mark.parametrize("values", [{"PatientName": "Doe*"}, {"BodyPartExamined": ""}, {"ScanOptions": "HELICAL*"}])
def test_rows_as_they_are_taken_are_those_of_a_search(archive: Archive, level: Level, values: dict[str, str]) -> None:
    asked = Query.of(level, **values)
    assert list(archive.rows(asked)) == archive.search(asked).rows
    exact = list(archive.rows(replace(asked, exact=True)))
    assert [row[:3] for row in exact] == [row[:3] for row in archive.search(asked).rows]
    assert {keyword for row in exact for keyword in json.loads(row.json)} <= {
        f"{key.path[0]:08X}" for key in asked.keys
    }


def test_findscu(port: int, tmp_path: Path) -> None:
    subprocess.run(
        [dcmtk("findscu"), "-aec", "FILMLESS", "-S", "-X", "-od", tmp_path, "-k", "QueryRetrieveLevel=SERIES",
         "-k", "StudyInstanceUID=1.2.2", "-k", "Modality", "127.0.0.1", str(port)], check=True, timeout=30,
    )  # fmt: skip
    assert [pydicom.dcmread(path, force=True).Modality for path in sorted(tmp_path.iterdir())] == ["CT", "SR"]
