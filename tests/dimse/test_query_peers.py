"""Our answers to C-FIND beside those of dcmqrscp and Orthanc, which hold the same."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from pynetdicom import AE, build_context
from pynetdicom.association import Association
from pynetdicom.sop_class import PatientRootQueryRetrieveInformationModelFind as PATIENT
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as STUDY

from filmless.archive import Archive
from filmless.dimse.services.query import query
from filmless.file import encode, write
from tests.orthanc import orthanc

from .archives import dcmqrscp
from .dcmtk import dcmtk
from .identifiers import identifier
from .people import five_people
from .serving import serving

Answers = set[tuple[tuple[str, str], ...]]


@pytest.fixture(scope="module")
def associations(
    tmp_path_factory: pytest.TempPathFactory, peer: Callable[[str], str]
) -> Iterator[dict[str, Association]]:
    """Associations to each."""
    made = five_people()
    files = tmp_path_factory.mktemp("files")
    for number, ds in enumerate(made):
        write(ds, files / f"{number}.dcm")
    with ExitStack() as stack:
        archive = stack.enter_context(Archive(tmp_path_factory.mktemp("archive")))
        for path in sorted(files.iterdir()):
            archive.store(path)
        ours = stack.enter_context(serving([query(archive)]))
        dcmtk_port = stack.enter_context(dcmqrscp(tmp_path_factory.mktemp("dcmqrscp")))
        subprocess.run(
            [dcmtk("dcmsend"), "-aec", "DCMQRSCP", "127.0.0.1", str(dcmtk_port), *sorted(files.iterdir())],
            check=True, timeout=60,
        )  # fmt: skip
        there = stack.enter_context(orthanc(peer("Orthanc"), tmp_path_factory.mktemp("orthanc")))
        with httpx.Client(base_url=there.url) as http:
            for ds in made:
                http.post("/instances", content=encode(ds)).raise_for_status()
        found = {}
        for title, port in (("FILMLESS", ours), ("DCMQRSCP", dcmtk_port), ("ORTHANC", there.port)):
            contexts = [build_context(PATIENT), build_context(STUDY)]
            found[title] = AE().associate("127.0.0.1", port, contexts=contexts, ae_title=title)
            assert found[title].is_established
            stack.callback(found[title].release)
        yield found


def _answers(association: Association, model: str, level: str, keys: dict[str, object]) -> Answers:
    """Return the answers, each by the keys that were asked for."""
    asked = identifier(level, SpecificCharacterSet="ISO_IR 192", **keys)
    *found, (status, _) = association.send_c_find(asked, model)
    assert status.Status == 0
    return {tuple((name, str(answer.get(name) or "")) for name in sorted(keys)) for _, answer in found}


#: Who answers otherwise, and why.
_OTHERWISE = {
    # It compares names by letter, and knows nothing of accents.
    "name by small letters": {"DCMQRSCP"},
    "name without its accents": {"DCMQRSCP", "ORTHANC"},
    # It has no counts, and no list of modalities.
    "counts": {"DCMQRSCP"},
    "modalities": {"DCMQRSCP"},
    # It answers in Latin-1.
    "all patients": {"ORTHANC"},
    "name in another script": {"ORTHANC"},
}


@pytest.mark.parametrize(
    ("what", "model", "level", "keys", "count"),
    [
        ("all studies", STUDY, "STUDY", {"StudyInstanceUID": "", "StudyDate": "", "PatientID": ""}, 5),
        ("all patients", PATIENT, "PATIENT", {"PatientID": "", "PatientName": ""}, 5),
        ("one patient", PATIENT, "PATIENT", {"PatientID": "P2", "PatientName": ""}, 1),
        ("studies of a patient", PATIENT, "STUDY", {"PatientID": "P2", "StudyInstanceUID": ""}, 1),
        ("series", STUDY, "SERIES", {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "", "Modality": ""}, 2),
        ("series of a modality", STUDY, "SERIES", {"StudyInstanceUID": "1.2.1", "Modality": "SR"}, 1),
        ("instances", STUDY, "IMAGE", {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.2",
                                       "SOPInstanceUID": "", "InstanceNumber": ""}, 2),
        ("list of UIDs", STUDY, "STUDY", {"StudyInstanceUID": ["1.2.1", "1.2.5", "1.9"]}, 2),
        ("wildcard", STUDY, "STUDY", {"PatientName": "Doe*", "StudyInstanceUID": ""}, 2),
        ("question mark", STUDY, "STUDY", {"PatientName": "Doe^J?hn", "StudyInstanceUID": ""}, 1),
        ("name by small letters", STUDY, "STUDY", {"PatientName": "doe^jane", "StudyInstanceUID": ""}, 1),
        ("name without its accents", STUDY, "STUDY", {"PatientName": "Muller*", "StudyInstanceUID": ""}, 1),
        ("name in another script", STUDY, "STUDY", {"PatientName": "山田*", "StudyInstanceUID": ""}, 1),
        ("date range", STUDY, "STUDY", {"StudyDate": "20260102-20260104", "StudyInstanceUID": ""}, 3),
        ("date range from", STUDY, "STUDY", {"StudyDate": "20260104-", "StudyInstanceUID": ""}, 2),
        ("date range to", STUDY, "STUDY", {"StudyDate": "-20260102", "StudyInstanceUID": ""}, 2),
        ("time range", STUDY, "STUDY", {"StudyTime": "083000-093000", "StudyInstanceUID": ""}, 2),
        ("ranges of date and time", STUDY, "STUDY", {"StudyDate": "20260101-20260105", "StudyTime": "090000-110000",
                                                     "StudyInstanceUID": ""}, 2),
        ("accession number", STUDY, "STUDY", {"AccessionNumber": "A-4", "StudyInstanceUID": ""}, 1),
        ("nothing", STUDY, "STUDY", {"AccessionNumber": "A-9", "StudyInstanceUID": ""}, 0),
        ("counts", STUDY, "STUDY", {"StudyInstanceUID": "1.2.1", "NumberOfStudyRelatedInstances": None,
                                    "NumberOfStudyRelatedSeries": None}, 1),
        ("modalities", STUDY, "STUDY", {"StudyInstanceUID": "1.2.1", "ModalitiesInStudy": ""}, 1),
    ],
)  # fmt: skip
def test_same_answers(
    associations: dict[str, Association], what: str, model: str, level: str, keys: dict[str, object], count: int
) -> None:
    ours = _answers(associations["FILMLESS"], model, level, keys)
    assert len(ours) == count
    others = {title: _answers(associations[title], model, level, keys) for title in ("DCMQRSCP", "ORTHANC")}
    assert {title for title, answers in others.items() if answers != ours} == _OTHERWISE.get(what, set()), others
