"""Storing at peers, awaited and blocking."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from filmless._core import Acceptable
from filmless.dimse import Scp, Stored, connect, connect_blocking, plan
from filmless.dimse.file_head import head_of
from filmless.dimse.part10 import dataset_of
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.sources import instance_of
from filmless.errors import NetworkError
from filmless.file import encode, read, write

from .asked import Way, both_ways, opened
from .receiving import EXPLICIT, IMPLICIT, pynetdicom_scp, storescp
from .sending import data_set_of
from .serving import serving
from .talking import CT, talk

MR = "1.2.840.10008.5.1.4.1.1.4"
SC = "1.2.840.10008.5.1.4.1.1.7"


def named(files: list[Path], name: str) -> Path:
    """Return one of the files."""
    return next(path for path in files if path.name == name)


@both_ways
def test_data_sets_arrive_byte_for_byte(way: Way, pydicom_files: list[Path], tmp_path: Path) -> None:
    names = ("CT_small", "MR_small_implicit", "JPEG2000", "SC_rgb_rle", "rtdose", "liver_1frame")
    sources = [named(pydicom_files, f"{name}.dcm") for name in names]
    [group] = plan(sources)
    with storescp(tmp_path) as port, opened(way, f"THERE@127.0.0.1:{port}", contexts=group.contexts) as peer:
        told: list[Stored] = []
        report = peer.store(group.sources, progress=told.append)
    assert not report.failed
    assert report.stored == told
    assert [one.source for one in told] == [str(path) for path in sources]
    came = {str(read(path).SOPInstanceUID): path for path in tmp_path.iterdir()}
    for one in told:
        assert data_set_of(came[one.instance_uid]) == data_set_of(Path(one.source))
        assert one.size == len(data_set_of(Path(one.source)))


@both_ways
def test_deflated_data_sets_stay_so(way: Way, pydicom_files: list[Path]) -> None:
    path = named(pydicom_files, "image_dfl.dcm")
    [group] = plan(path)
    with (
        pynetdicom_scp(group.contexts) as there,
        opened(way, f"THERE@127.0.0.1:{there.port}", contexts=group.contexts) as peer,
    ):
        [stored] = peer.store(path).stored
    data = data_set_of(path)
    assert there.instances[stored.instance_uid] == ("1.2.840.10008.1.2.1.99", data + b"\0" * (len(data) % 2))


@both_ways
def test_what_is_longer_than_a_piece_streams(way: Way, pydicom_files: list[Path], tmp_path: Path) -> None:
    ds = read(named(pydicom_files, "CT_small.dcm"))
    ds.PixelData = bytes(range(256)) * (5 << 12)  # 5 MiB
    big = tmp_path / "big.dcm"
    write(ds, big)
    assert not isinstance(instance_of(big).data, bytes | memoryview)
    with pynetdicom_scp([(CT, [EXPLICIT])]) as there, opened(way, f"THERE@127.0.0.1:{there.port}") as peer:
        assert not peer.store(big).failed
    assert there.instances[str(ds.SOPInstanceUID)][1] == data_set_of(big)


@both_ways
def test_sources_of_every_kind(way: Way, pydicom_files: list[Path], tmp_path: Path) -> None:
    ct, mr = named(pydicom_files, "CT_small.dcm"), named(pydicom_files, "MR_small.dcm")
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    bare = tmp_path / "a" / "bare"  # no preamble, no meta information
    bare.write_bytes(data_set_of(mr))
    (folder / "text").write_text("no DICOM")
    sources = [str(ct), ct.read_bytes(), read(ct), tmp_path / "a", tmp_path / "missing"]
    with (
        pynetdicom_scp([(CT, [EXPLICIT]), (MR, [EXPLICIT])]) as there,
        opened(way, f"THERE@127.0.0.1:{there.port}") as peer,
    ):
        report = peer.store(sources)
    assert [one.source for one in report.stored] == [str(ct), "source 2", "source 3", str(bare)]
    text, missing = report.failed
    assert text.error is not None
    assert text.error.startswith("not a DICOM file")
    assert missing.error == "no such file or directory"
    assert {data for _, data in there.instances.values()} == {data_set_of(ct), data_set_of(mr)}


@both_ways
def test_what_the_peer_does_not_take_as_it_is_is_transcoded(way: Way, pydicom_files: list[Path]) -> None:
    jpeg, ct = named(pydicom_files, "MR_small_jp2klossless.dcm"), named(pydicom_files, "CT_small.dcm")
    with (
        pynetdicom_scp([(MR, [EXPLICIT]), (CT, [IMPLICIT])]) as there,
        opened(way, f"THERE@127.0.0.1:{there.port}") as peer,
    ):
        assert not peer.store([jpeg, ct]).failed
    assert there.instances[str(read(ct).SOPInstanceUID)] == (
        IMPLICIT,
        encode(read(ct), transfer_syntax=IMPLICIT, part10=False),
    )
    syntax, data = there.instances[str(read(jpeg).SOPInstanceUID)]
    assert syntax == EXPLICIT
    assert read(jpeg).pixel_array.tobytes() in data


@both_ways
def test_a_peer_that_takes_only_what_is_compressed_gets_that(way: Way, pydicom_files: list[Path]) -> None:
    ct, rle = named(pydicom_files, "CT_small.dcm"), "1.2.840.10008.1.2.5"
    with (
        pynetdicom_scp([(CT, [rle])]) as there,
        opened(way, f"THERE@127.0.0.1:{there.port}", contexts=[(CT, (rle,))]) as peer,
    ):
        assert not peer.store(ct).failed
    [(syntax, data)] = there.instances.values()
    assert syntax == rle
    assert (dataset_of(data, syntax).pixel_array == read(ct).pixel_array).all()


@both_ways
def test_a_sop_class_that_was_not_accepted_fails_alone(way: Way, pydicom_files: list[Path]) -> None:
    sources = [named(pydicom_files, "MR_small.dcm"), named(pydicom_files, "CT_small.dcm")]
    with pynetdicom_scp([(CT, [EXPLICIT])]) as there, opened(way, f"THERE@127.0.0.1:{there.port}") as peer:
        report = peer.store(sources)
    assert len(report.stored) == 1
    [failed] = report.failed
    assert failed.error is not None
    assert "did not accept MR Image Storage" in failed.error


@both_ways
def test_what_fails_for_a_time_is_sent_again_and_only_that(way: Way, pydicom_files: list[Path]) -> None:
    ct, mr = named(pydicom_files, "CT_small.dcm"), named(pydicom_files, "MR_small.dcm")
    statuses = {CT: [0xA700, 0x0110, 0xB007], MR: [0xC000]}
    seen: list[str] = []

    def status(event: Any) -> int:
        sop_class = str(event.request.AffectedSOPClassUID)
        seen.append(sop_class)
        return statuses[sop_class].pop(0)

    with (
        pynetdicom_scp([(CT, [EXPLICIT]), (MR, [EXPLICIT])], status=status) as there,
        opened(way, f"THERE@127.0.0.1:{there.port}") as peer,
    ):
        report = peer.store([ct, mr], retries=2, backoff_s=0)
    assert seen == [CT, MR, CT, CT]
    [stored], [failed] = report.stored, report.failed
    assert (stored.status, stored.error) == (0xB007, None)
    assert stored.warning is not None
    assert failed.status == 0xC000
    assert failed.error is not None


@both_ways
def test_an_association_that_ends_leaves_a_complete_report(way: Way, pydicom_files: list[Path]) -> None:
    ct = named(pydicom_files, "CT_small.dcm")

    def status(event: Any) -> int:
        if len(there.instances) == 2:
            event.assoc.abort()
        return 0

    sources = [read(ct) for _ in range(5)]
    for at, ds in enumerate(sources):
        ds.SOPInstanceUID = f"1.2.3.{at}"
    with (
        pynetdicom_scp([(CT, [EXPLICIT])], status=status) as there,
        opened(way, f"THERE@127.0.0.1:{there.port}") as peer,
    ):
        report = peer.store(sources)
    assert [one.source for one in report.stored] == ["source 1"]
    assert [one.unanswered for one in report.failed] == ["broken off", "away", "away", "away"]
    assert all("aborted" in (one.error or "") for one in report.failed)


@both_ways
def test_as_many_are_in_flight_as_was_agreed_to(way: Way, pydicom_files: list[Path]) -> None:
    ct = named(pydicom_files, "CT_small.dcm")
    all_here = threading.Barrier(4)

    async def store(request: Request) -> None:
        await request.dataset()
        # Answers only when four requests are here at a time.
        await asyncio.to_thread(all_here.wait, 20)
        await request.respond(0)

    service = Service((Acceptable(CT),), {"C-STORE": store})
    with serving([service]) as port, opened(way, f"FILMLESS@127.0.0.1:{port}", operations=4) as peer:
        report = peer.store([ct] * 8)
    assert len(report.stored) == 8


@both_ways
def test_an_iterable_that_fails_is_told(way: Way, pydicom_files: list[Path]) -> None:
    def sources() -> Any:
        yield named(pydicom_files, "CT_small.dcm")
        raise RuntimeError("mine")

    with (
        pynetdicom_scp([(CT, [EXPLICIT])]) as there,
        opened(way, f"THERE@127.0.0.1:{there.port}") as peer,
    ):
        with pytest.raises(RuntimeError, match="mine"):
            peer.store(sources())
        assert not peer.store(named(pydicom_files, "CT_small.dcm")).failed


def test_a_file_that_shrinks_while_it_is_sent_breaks_off(pydicom_files: list[Path], tmp_path: Path) -> None:
    ds = read(named(pydicom_files, "CT_small.dcm"))
    ds.PixelData = bytes(3 << 20)
    big = tmp_path / "big.dcm"
    write(ds, big)
    part = instance_of(big).data
    big.write_bytes(big.read_bytes()[: 2 << 20])
    assert not isinstance(part, bytes | bytearray | memoryview)
    with pytest.raises(Exception, match="cut off"):
        list(part.pieces())


def test_several_operations_share_an_association(pydicom_files: list[Path]) -> None:
    ct = named(pydicom_files, "CT_small.dcm")

    async def main() -> None:
        with pynetdicom_scp([(CT, [EXPLICIT]), ("1.2.840.10008.1.1", [IMPLICIT])]) as there:
            async with connect(f"THERE@127.0.0.1:{there.port}") as peer:
                results = await asyncio.gather(peer.store([ct] * 5), peer.echo(), peer.store([ct] * 5), peer.echo())
        assert [len(one.stored) for one in results if one is not None] == [5, 5]

    talk(main())


def test_a_cancelled_task_leaves_an_association_that_works(pydicom_files: list[Path]) -> None:
    scp, entered = Scp("FILMLESS"), asyncio.Event()

    @scp.on_echo
    async def echo(_: Request) -> int:
        if not entered.is_set():
            entered.set()
            await asyncio.sleep(0.2)
        return 0

    async def main() -> None:
        async with scp.listen() as port, connect(f"FILMLESS@127.0.0.1:{port}") as peer:
            task = asyncio.create_task(peer.echo())
            await entered.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await peer.echo()

    talk(main())


def test_a_body_that_fails_closes_the_association() -> None:
    with (
        serving([]) as port,
        pytest.raises(NetworkError, match="accepted none"),
        connect_blocking(f"FILMLESS@127.0.0.1:{port}", sop_classes=["CTImageStorage"]),
    ):
        pass


def test_heads_are_what_a_reader_finds(all_files: list[Path]) -> None:
    found = 0
    for path in all_files:
        data = path.read_bytes()
        head = head_of(data)
        if head is None:
            continue
        found += 1
        ds = read(path, stop_before_pixels=True)
        assert (head.sop_class, head.sop_instance) == (ds.SOPClassUID, ds.SOPInstanceUID)
        assert head.transfer_syntax == ds.file_meta.TransferSyntaxUID
        assert head.offset == 144 + int.from_bytes(data[140:144], "little")
    assert found > len(all_files) * 0.8
