"""C-GET and C-MOVE at dcmqrscp and at our own SCP, awaited and blocking."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from filmless._core import Acceptable
from filmless.archive import Archive
from filmless.dimse import Scp, plan
from filmless.dimse.asking import Limits
from filmless.dimse.driving import run
from filmless.dimse.operations.requesting import ask, request_of
from filmless.dimse.operations.retrieving import SubOperations
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.get import get as get_service
from filmless.dimse.steps import Buffer, Give, Operation, Payload
from filmless.dimse.uids import STUDY_ROOT
from filmless.errors import DimseStatusError, FormatError, LimitError, LocalProtocolError, NetworkError
from filmless.file import read
from tests.orthanc import orthanc

from .asked import Way, both_ways, opened
from .dcmtk import dcmtk
from .receiving import free_port, running, storescp
from .sending import data_set_of
from .serving import serving, serving_scp
from .talking import CT, EXPLICIT

CONFIGURATION = """
NetworkTCPPort  = {port}
MaxPDUSize      = 131072
MaxAssociations = 16
HostTable BEGIN
there = (THERE, 127.0.0.1, {there})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
QR {folder} RW (200, 1024mb) ANY
AETable END
"""


@contextmanager
def dcmqrscp(folder: Path, there: int = 1) -> Iterator[str]:
    """Run DCMTK's archive; gives its address."""
    port, database = free_port(), folder / "database"
    database.mkdir()
    settings = folder / "dcmqrscp.cfg"
    settings.write_text(CONFIGURATION.format(port=port, there=there, folder=database))
    with running([dcmtk("dcmqrscp"), "-c", settings], port):
        yield f"QR@127.0.0.1:{port}"


def files_of(pydicom_files: list[Path]) -> list[Path]:
    """Return files of a study each."""
    return [path for path in pydicom_files if path.name in {"CT_small.dcm", "MR_small.dcm", "rtplan.dcm"}]


@both_ways
def test_instances_come_as_data_sets_and_as_files(way: Way, pydicom_files: list[Path], tmp_path: Path) -> None:
    sources = files_of(pydicom_files)
    with dcmqrscp(tmp_path) as address, opened(way, address) as peer:
        assert not peer.store(sources).failed
        for path in sources:
            ds = read(path)
            counts: list[SubOperations] = []
            [got] = peer.get(str(ds.StudyInstanceUID), progress=counts.append)
            assert got.SOPInstanceUID == ds.SOPInstanceUID
            assert got.file_meta.TransferSyntaxUID in {EXPLICIT, "1.2.840.10008.1.2"}
            assert (counts[-1].completed, counts[-1].failed) == (1, 0)
            [received] = peer.get(str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID), into=tmp_path / "got")
            assert received.path == os.fspath(tmp_path / "got" / f"{ds.SOPInstanceUID}.dcm")
            if read(received.path).file_meta.TransferSyntaxUID == ds.file_meta.TransferSyntaxUID:
                assert read(received.path).PatientName == ds.PatientName
        assert list(peer.get("1.2.3")) == []


@both_ways
def test_a_move_tells_how_far_it_is(way: Way, pydicom_files: list[Path], tmp_path: Path) -> None:
    [path] = [path for path in files_of(pydicom_files) if path.name == "CT_small.dcm"]
    study, came = str(read(path).StudyInstanceUID), tmp_path / "came"
    came.mkdir()
    with storescp(came) as there, dcmqrscp(tmp_path, there) as address, opened(way, address) as peer:
        assert not peer.store(path).failed
        counts = list(peer.move(study, destination="THERE"))
        assert counts[-1].is_last
        assert (counts[-1].completed, counts[-1].failed, counts[-1].warning) == (1, 0, 0)
        assert not any(one.is_last for one in counts[:-1])
        with pytest.raises(DimseStatusError, match="0xA801"):
            list(peer.move(study, destination="NOBODY"))
        peer.echo()
    assert [read(one).SOPInstanceUID for one in came.iterdir()] == [read(path).SOPInstanceUID]


class _Endless:
    def pieces(self) -> Iterator[Buffer]:
        while True:
            yield bytes(1 << 20)


def sending(*instances: tuple[str, str, Any], status: int = 0) -> Scp:
    """Return an SCP that answers C-GET with what it likes: SOP class, instance, data."""

    async def get(request: Request) -> None:
        await request.dataset()
        association = request.association
        context = next(one for one in association.contexts if one.abstract_syntax == CT)
        for sop_class, instance, data in instances:
            if request.is_cancelled:
                answers.append(0xFE00)
                break
            operation = one(context.id, association.link.next_id(), sop_class, instance, data)
            answers.extend([answer async for answer in run(association.link, operation)])
        await request.respond(0xFE00 if request.is_cancelled else status)

    def one(context: int, message_id: int, sop_class: str, instance: str, data: Buffer | Payload) -> Operation[int]:
        command = request_of(
            "C-STORE",
            message_id,
            AffectedSOPClassUID=sop_class,
            AffectedSOPInstanceUID=instance,
            Priority=0,
        )
        message = yield from ask(context, command, data)
        yield Give(message.status)

    answers: list[int] = []
    service = Service((Acceptable(STUDY_ROOT[2]), Acceptable(CT, (EXPLICIT,), scu=False, scp=True)), {"C-GET": get})
    scp = Scp("FILMLESS", [service])
    scp.answers = answers  # type: ignore[attr-defined]
    return scp


CONTEXTS = [(STUDY_ROOT[2], (EXPLICIT,)), (CT, (EXPLICIT,))]


@both_ways
def test_names_that_a_peer_makes_up_become_no_paths(way: Way, pydicom_files: list[Path], tmp_path: Path) -> None:
    [path] = [path for path in files_of(pydicom_files) if path.name == "CT_small.dcm"]
    uid, data = str(read(path).SOPInstanceUID), data_set_of(path)
    target = tmp_path / "a" / "b"
    scp = sending((CT, "../../x", data), (CT, "1.2.9", data), ("1.2.840.10008.5.1.4.1.1.4", uid, data), (CT, uid, data))
    with serving_scp(scp) as port, opened(way, f"FILMLESS@127.0.0.1:{port}", contexts=CONTEXTS) as peer:
        received: list[str] = []
        with pytest.raises(FormatError, match="not that of the command"):
            received.extend(one.path for one in peer.get("1.2.3", into=target))
    assert received == [os.fspath(target / f"{uid}.dcm")]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [target / f"{uid}.dcm"]
    assert scp.answers == [0xA900, 0xA900, 0x0122, 0]  # type: ignore[attr-defined]


@both_ways
def test_an_instance_without_end_is_given_up(way: Way, tmp_path: Path) -> None:
    scp = sending((CT, "1.2.3", _Endless()))
    limits = Limits(instance_bytes=8 << 20)

    class Nowhere:
        def write(self, piece: Buffer) -> None: ...
        def finish(self) -> None: ...
        def discard(self) -> None: ...

    with (
        serving_scp(scp) as port,
        pytest.raises(NetworkError, match="larger than is taken"),
        opened(way, f"FILMLESS@127.0.0.1:{port}", contexts=CONTEXTS, limits=limits) as peer,
    ):
        list(peer.get("1.2.3", into=lambda _message: Nowhere()))
    assert list(tmp_path.iterdir()) == []


@both_ways
def test_more_instances_than_are_taken(way: Way, pydicom_files: list[Path]) -> None:
    [path] = [path for path in files_of(pydicom_files) if path.name == "CT_small.dcm"]
    uid, data = str(read(path).SOPInstanceUID), data_set_of(path)
    scp = sending(*[(CT, uid, data)] * 5)
    limits = Limits(answers=2)
    with (
        serving_scp(scp) as port,
        opened(way, f"FILMLESS@127.0.0.1:{port}", contexts=CONTEXTS, limits=limits) as peer,
        pytest.raises(LimitError, match="more than 2"),
    ):
        list(peer.get("1.2.3"))


@both_ways
def test_leaving_the_loop_cancels(way: Way, pydicom_files: list[Path]) -> None:
    [path] = [path for path in files_of(pydicom_files) if path.name == "CT_small.dcm"]
    uid, data = str(read(path).SOPInstanceUID), data_set_of(path)
    scp = sending(*[(CT, uid, data)] * 200)
    with serving_scp(scp) as port, opened(way, f"FILMLESS@127.0.0.1:{port}", contexts=CONTEXTS) as peer:
        for _ in peer.get("1.2.3"):
            break
        assert len(list(peer.get("1.2.3"))) == 200
    assert 0xFE00 in scp.answers  # type: ignore[attr-defined]


@both_ways
def test_what_the_peer_could_not_send_is_an_error(way: Way, pydicom_files: list[Path]) -> None:
    [path] = [path for path in files_of(pydicom_files) if path.name == "CT_small.dcm"]
    uid, data = str(read(path).SOPInstanceUID), data_set_of(path)
    with (
        serving_scp(sending((CT, uid, data), status=0xA702)) as port,
        opened(way, f"FILMLESS@127.0.0.1:{port}", contexts=CONTEXTS) as peer,
    ):
        came: list[str] = []
        with pytest.raises(DimseStatusError, match="0xA702"):
            came.extend(ds.SOPInstanceUID for ds in peer.get("1.2.3"))
    assert came == [uid]


def test_a_peer_without_get() -> None:
    scp = Scp("FILMLESS")
    scp.on_echo(lambda _request: 0)
    with (
        serving_scp(scp) as port,
        opened("blocking", f"FILMLESS@127.0.0.1:{port}") as peer,
    ):
        with pytest.raises(LocalProtocolError, match="did not accept"):
            peer.get("1.2.3")
        with pytest.raises(ValueError, match="numbers with dots"):
            peer.get("../..")


@both_ways
def test_what_is_stored_compressed_comes_as_it_is(way: Way, pydicom_files: list[Path], tmp_path: Path) -> None:
    names = {"JPEG2000.dcm", "examples_ybr_color.dcm", "MR_small_RLE.dcm", "CT_small.dcm", "SC_rgb_jpeg_lossy_gdcm.dcm"}
    sources = [read(path) for path in pydicom_files if path.name in names]
    assert len(sources) >= 4
    with Archive(tmp_path / "archive") as archive, serving([get_service(archive)]) as port:
        for ds in sources:
            archive.store(ds)
        with opened(way, f"FILMLESS@127.0.0.1:{port}") as peer:
            for ds in sources:
                [got] = peer.get(str(ds.StudyInstanceUID))
                assert got.file_meta.TransferSyntaxUID == ds.file_meta.TransferSyntaxUID
                assert got.PixelData == ds.PixelData
        syntax_each = ["StudyRootQueryRetrieveInformationModelGet", *{str(ds.SOPClassUID) for ds in sources}]
        with opened(way, f"FILMLESS@127.0.0.1:{port}", sop_classes=syntax_each) as peer:
            for ds in sources:
                [got] = peer.get(str(ds.StudyInstanceUID))
                assert got.file_meta.TransferSyntaxUID == ds.file_meta.TransferSyntaxUID


@both_ways
def test_orthanc_says_what_it_cannot_send(
    way: Way, peer: Callable[[str], str], pydicom_files: list[Path], tmp_path: Path
) -> None:
    """Its answer has elements behind the command set; that is no reason to abort."""
    [path] = [path for path in pydicom_files if path.name == "JPEG2000.dcm"]
    study = str(read(path).StudyInstanceUID)
    with orthanc(peer("Orthanc"), tmp_path) as there:
        address = f"ORTHANC@127.0.0.1:{there.port}"
        with opened(way, address, contexts=plan(path)[0].contexts) as association:
            assert not association.store(path).failed
        with opened(way, address) as association:  # as it is
            [got] = association.get(study)
            assert got.file_meta.TransferSyntaxUID == read(path).file_meta.TransferSyntaxUID
        models = [(STUDY_ROOT[2], (EXPLICIT,)), (CT, (EXPLICIT,))]
        with opened(way, address, contexts=models) as association:
            with pytest.raises(DimseStatusError):
                list(association.get(study))
            with pytest.raises(DimseStatusError):  # the association goes on
                list(association.get(study))
