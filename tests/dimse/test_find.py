"""Finding at peers, awaited and blocking."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom.dataset import Dataset as PydicomDataset
from pynetdicom import AE, evt

from filmless.dataset import Dataset
from filmless.dimse import Scp
from filmless.dimse.identifiers import query
from filmless.dimse.scp.request import Request
from filmless.dimse.uids import PATIENT_ROOT, STUDY_ROOT, WORKLIST
from filmless.errors import DimseStatusError, LimitError, LocalProtocolError

from .asked import Way, both_ways, opened
from .serving import serving_scp

VERIFICATION = "1.2.840.10008.1.1"


@contextmanager
def pynetdicom_finder(answers: Any, *models: str) -> Iterator[tuple[int, list[PydicomDataset]]]:
    """Run a C-FIND SCP of pynetdicom's; gives its port, and the identifiers that came."""
    asked: list[PydicomDataset] = []

    def find(event: evt.Event) -> Iterator[tuple[int, PydicomDataset | None]]:
        asked.append(event.identifier)
        yield from answers(event)

    ae = AE("THERE")
    for model in (*models, VERIFICATION):
        ae.add_supported_context(model)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_FIND, find)])
    assert server is not None
    try:
        yield server.socket.getsockname()[1], asked
    finally:
        server.shutdown()


def studies(count: int) -> Any:
    """Answer with some studies."""

    def answer(event: evt.Event) -> Iterator[tuple[int, PydicomDataset | None]]:
        for at in range(count):
            if event.is_cancelled:
                yield 0xFE00, None
                return
            ds = PydicomDataset()
            ds.QueryRetrieveLevel, ds.StudyInstanceUID = "STUDY", f"1.2.{at}"
            yield 0xFF00, ds

    return answer


@both_ways
def test_keywords_become_an_identifier(way: Way) -> None:
    with pynetdicom_finder(studies(3), STUDY_ROOT[0]) as (port, asked), opened(way, f"THERE@127.0.0.1:{port}") as peer:
        found = list(peer.find(PatientName="DÖE*", StudyDate="20200101-", include="SOPClassesInStudy"))
    assert [ds.StudyInstanceUID for ds in found] == ["1.2.0", "1.2.1", "1.2.2"]
    [identifier] = asked
    assert identifier.QueryRetrieveLevel == "STUDY"
    assert identifier.PatientName == "DÖE*"
    assert identifier.StudyDate == "20200101-"
    assert "SOPClassesInStudy" in identifier
    assert "NumberOfStudyRelatedInstances" in identifier


@both_ways
def test_an_identifier_of_ones_own_and_the_other_model(way: Way) -> None:
    ds = Dataset()
    ds.QueryRetrieveLevel, ds.StudyInstanceUID = "STUDY", ""
    with (
        pynetdicom_finder(studies(1), PATIENT_ROOT[0]) as (port, asked),
        opened(way, f"THERE@127.0.0.1:{port}") as peer,
    ):
        assert len(list(peer.find(ds))) == 1
        with pytest.raises(LocalProtocolError, match="did not accept"):
            peer.find(ds, root="study")
    assert [element.keyword for element in asked[0]] == ["QueryRetrieveLevel", "StudyInstanceUID"]


@both_ways
def test_worklist(way: Way) -> None:
    with pynetdicom_finder(studies(0), WORKLIST) as (port, asked), opened(way, f"THERE@127.0.0.1:{port}") as peer:
        assert list(peer.find(level="worklist", Modality="CT", PatientID="1")) == []
    [step] = asked[0].ScheduledProcedureStepSequence
    assert (step.Modality, asked[0].PatientID) == ("CT", "1")
    assert "QueryRetrieveLevel" not in asked[0]


@both_ways
def test_leaving_the_loop_cancels(way: Way) -> None:
    scp, cancelled = Scp("FILMLESS"), list[bool]()

    @scp.on_find
    async def find(request: Request) -> AsyncIterator[Dataset]:
        ds = Dataset()
        ds.StudyInstanceUID = "1.2.3"
        try:
            while not request.is_cancelled:
                yield ds
                await asyncio.sleep(0)
        finally:
            cancelled.append(request.is_cancelled)

    scp.on_echo(lambda _request: 0)
    with serving_scp(scp) as port, opened(way, f"FILMLESS@127.0.0.1:{port}", operations=1) as peer:
        for _ in peer.find():
            break
        peer.echo()
        assert len(list(peer.find(limit=3))) == 3
        peer.echo()
    assert cancelled == [True, True]


@both_ways
def test_an_operation_inside_the_loop_of_another(way: Way) -> None:
    with pynetdicom_finder(studies(5), STUDY_ROOT[0]) as (port, _), opened(way, f"THERE@127.0.0.1:{port}") as peer:
        count = 0
        for _ in peer.find():
            peer.echo()
            count += 1
    assert count == 5


@both_ways
def test_a_status_of_failure(way: Way) -> None:
    def answer(_: evt.Event) -> Iterator[tuple[int, None]]:
        yield 0xA700, None

    with (
        pynetdicom_finder(answer, STUDY_ROOT[0]) as (port, _),
        opened(way, f"THERE@127.0.0.1:{port}") as peer,
    ):
        with pytest.raises(DimseStatusError, match="0xA700") as caught:
            list(peer.find())
        peer.echo()
    assert caught.value.status == 0xA700


@both_ways
def test_more_answers_than_are_taken(way: Way) -> None:
    from filmless.dimse.asking import Limits

    with (
        pynetdicom_finder(studies(50), STUDY_ROOT[0]) as (port, _),
        opened(way, f"THERE@127.0.0.1:{port}", limits=Limits(answers=10)) as peer,
    ):
        with pytest.raises(LimitError, match="more than 10"):
            list(peer.find())
        peer.echo()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "slice", "values": {}}, "level"),
        ({"level": "study", "values": {"PatientNam": "x"}}, "PatientNam"),
        ({"level": "study", "values": {"PatientName": None}}, "None"),
        ({"level": "study", "values": {}, "include": "all"}, "include"),
        ({"level": "study", "values": {"RequestAttributesSequence": "x"}}, "sequence"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        query(**arguments)
