"""Instances that come by C-STORE, into an archive and into a folder."""

import asyncio
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from filmless import _core, read
from filmless.archive import Archive, Options
from filmless.dimse import Scp, connect
from filmless.dimse.scp.limits import ScpLimits
from filmless.dimse.scp.service import Service
from filmless.dimse.services.folder import FolderOptions, Received, folder
from filmless.dimse.services.storage import storage
from filmless.dimse.storage_classes import STORAGE_CLASSES, WITHOUT_PATIENT, is_storage
from filmless.errors import AssociationAborted, AssociationRejected, LimitError, NetworkError, StorageFullError

from ..archive.made import instance_maker, uid_of
from .sending import CT, DEFLATED, EXPLICIT, Pieces, behind_meta, data_set_of, sender, store

make = instance_maker(size=3000)


def entries(archive: Archive) -> dict[str, str]:
    return {entry.instance_uid: entry.transfer_syntax_uid for entry in archive.entries(uid_of(0, level=1))}


@pytest.mark.parametrize("program", ["storescu", "dcmsend"])
def test_dcmtk_sends_into_the_archive(tmp_path: Path, peer: Callable[[str], str], program: str) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for number in range(5):
        (files / f"{number}.dcm").write_bytes(make(number))

    async def serve(archive: Archive) -> int:
        async with Scp("FILMLESS", [storage(archive)]).listen() as port:
            process = await asyncio.create_subprocess_exec(
                peer(program), "-aec", "FILMLESS", "+sd", "127.0.0.1", str(port), str(files)
            )
            return await process.wait()

    with Archive(tmp_path / "archive") as archive:
        assert asyncio.run(serve(archive)) == 0
        found = archive.entries(uid_of(0, level=1))
        assert [entry.instance_uid for entry in found] == [uid_of(number) for number in range(5)]
        for number, entry in enumerate(found):
            sent, _, padding = behind_meta(make(number)).partition(b"\xfc\xff\xfc\xff")
            assert padding  # Data Set Trailing Padding, which DCMTK does not send
            assert behind_meta(archive.read(entry)) == sent
            meta = archive.dataset(entry).file_meta
            assert meta.SourceApplicationEntityTitle == ("STORESCU" if program == "storescu" else "DCMSEND")
            assert meta.MediaStorageSOPInstanceUID == entry.instance_uid


def test_pynetdicom_sends_into_a_folder(tmp_path: Path) -> None:
    from pydicom import dcmread
    from pynetdicom import AE

    (tmp_path / "1.dcm").write_bytes(make(1))

    def send(port: int) -> list[int]:
        ae = AE("PYNETDICOM")
        ae.add_requested_context(CT, EXPLICIT)
        association = ae.associate("127.0.0.1", port, ae_title="FILMLESS")
        assert association.is_established
        try:
            return [association.send_c_store(dcmread(tmp_path / "1.dcm")).Status for _ in range(2)]
        finally:
            association.release()

    async def serve() -> list[int]:
        async with Scp("FILMLESS", [folder(tmp_path / "out")]).listen() as port:
            return await asyncio.to_thread(send, port)

    assert asyncio.run(serve()) == [0, 0]
    [path] = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert path.relative_to(tmp_path / "out").parts == (uid_of(0, level=1), uid_of(0, level=2), f"{uid_of(1)}.dcm")
    assert data_set_of(path) == behind_meta(make(1))


@pytest.fixture(params=["archive", "folder"])
def service(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "folder":
        yield folder(tmp_path / "out")
    else:
        with Archive(tmp_path / "archive") as archive:
            yield storage(archive)


def stored(tmp_path: Path) -> list[bytes]:
    roots = (tmp_path / "out", tmp_path / "archive" / "instances", tmp_path / "archive" / "incoming")
    return [behind_meta(path.read_bytes()) for root in roots for path in sorted(root.rglob("*")) if path.is_file()]


def test_statuses(service: Service, tmp_path: Path) -> None:
    """What cannot be stored is refused with its reason, leaves nothing, and the association goes on."""
    data = behind_meta(make(1))
    other = "1.2.840.10008.5.1.4.1.1.4"
    without = read(make(1))
    del without["SOPInstanceUID"]
    from filmless.file import encode

    async def talk() -> list[tuple[int, str]]:
        async with sender(service, (CT, EXPLICIT), (other, EXPLICIT)) as (peer, ids):
            answers = [
                await store(peer, data, uid_of(2)),
                await store(peer, data, uid_of(1), sop_class=other),
                await store(peer, data, uid_of(1), sop_class=other, context=ids[CT]),
                await store(peer, data, None),
                await store(peer, b"GET / HTTP/1.1\r\n\r\n" * 10, uid_of(1)),
                await store(peer, b"", uid_of(1)),
                await store(peer, encode(without, part10=False), uid_of(1)),
                await store(peer, data[:100], uid_of(1)),
                await store(peer, data, uid_of(1)),
            ]
        return [(answer["Status"], answer.get("ErrorComment", "")) for answer in answers]

    answers = asyncio.run(talk())
    assert [f"{status:04X}" for status, _ in answers[:7]] == ["A900", "A900", "0122", "0117", "C000", "C000", "C000"]
    assert answers[8] == (0, "")
    assert all(0 < len(comment) <= 64 for _, comment in answers[:7])
    assert stored(tmp_path).count(data) == 1


def test_the_sender_s_order_of_transfer_syntaxes_counts(service: Service) -> None:
    from filmless._core import Acceptable

    assert all(one.transfer_syntaxes == [] for one in service.accepted)
    assert service.otherwise == Acceptable("")


def test_what_is_no_storage_is_not_accepted(service: Service) -> None:
    """A query, a print or a media directory cannot be stored, though private SOP classes can be."""
    others = ["1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.1.1", "1.2.840.10008.1.3.10", "1.2.840.10008.1.20.1"]

    async def talk() -> set[str]:
        async with sender(service, (CT, EXPLICIT), *((other, EXPLICIT) for other in others)) as (_, ids):
            return set(ids)

    assert asyncio.run(talk()) == {CT}


@pytest.mark.parametrize(
    ("asked", "answer"), [(b"\x02\0\x02\0\0\0", b"\x02\0\x03\0\0\0"), (b"\3\0", b"\2\0"), (b"", None)]
)
def test_extended_negotiation(service: Service, asked: bytes, answer: bytes | None) -> None:
    """Level 2, full; digital signatures are preserved; no element is coerced."""
    from filmless._core import (
        AssociateRequest,
        Connection,
        Event,
        ExtendedNegotiation,
        ProposedContext,
        UserInformation,
    )

    async def talk() -> list[ExtendedNegotiation]:
        async with Scp("FILMLESS", [service]).listen() as port:
            user = UserInformation(extended=[ExtendedNegotiation(CT, asked)])
            contexts = [ProposedContext(1, CT, [EXPLICIT])]
            connection = Connection.requestor(
                AssociateRequest(called_ae_title="FILMLESS", calling_ae_title="X", contexts=contexts, user=user)
            )
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            connection.connected()
            writer.write(connection.take_output())
            while (event := connection.next_event()) is None:
                connection.receive(await reader.read(4096))
            writer.close()
            await writer.wait_closed()
            assert isinstance(event, Event.Accepted)
            return event.accept.user.extended

    assert asyncio.run(talk()) == ([] if answer is None else [ExtendedNegotiation(CT, answer)])


@pytest.mark.parametrize("sop_class", ["1.2.826.0.1.3680043.10.5412.99", "1.2.840.10008.5.1.4.1.1.9999"])
def test_unknown_sop_classes(tmp_path: Path, sop_class: str) -> None:
    ds = read(make(1))
    ds.SOPClassUID = sop_class
    from filmless.file import encode

    data = encode(ds, part10=False)

    async def talk(*, unknown: bool) -> int:
        async with sender(folder(tmp_path / "out", unknown=unknown), (sop_class, EXPLICIT)) as (peer, _):
            status: int = (await store(peer, data, uid_of(1), sop_class=sop_class))["Status"]
            return status

    with pytest.raises(AssociationRejected, match="none of the SOP classes"):
        asyncio.run(talk(unknown=False))
    assert asyncio.run(talk(unknown=True)) == 0


def test_a_private_transfer_syntax_is_kept_as_it_is(tmp_path: Path) -> None:
    """Its data set is of Explicit VR Little Endian, as those of all but the Standard's first three are."""
    data, syntax = behind_meta(make(1)), "1.2.826.0.1.3680043.10.5412.98"

    async def talk(archive: Archive) -> int:
        async with sender(storage(archive), (CT, syntax)) as (peer, _):
            status: int = (await store(peer, data, uid_of(1)))["Status"]
            return status

    with Archive(tmp_path / "archive") as archive:
        assert asyncio.run(talk(archive)) == 0
        assert entries(archive) == {uid_of(1): syntax}


def test_deflated(service: Service, tmp_path: Path) -> None:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = deflater.compress(behind_meta(make(1))) + deflater.flush()
    data += b"\0" * (len(data) % 2)

    async def talk() -> list[int]:
        async with sender(service, (CT, DEFLATED)) as (peer, _):
            return [
                (await store(peer, data, uid_of(2)))["Status"],
                (await store(peer, b"\xff" * 1000, uid_of(1)))["Status"],
                (await store(peer, data, uid_of(1)))["Status"],
            ]

    assert asyncio.run(talk()) == [0xA900, 0xC000, 0]
    assert stored(tmp_path) == [data]


def test_long_ones_come_in_pieces(service: Service, tmp_path: Path) -> None:
    data = behind_meta(instance_maker(size=5_000_000)(1))
    pieces = [data[at : at + 700_000] for at in range(0, len(data), 700_000)]

    async def talk() -> list[int]:
        async with sender(service) as (peer, _):
            return [(await store(peer, Pieces(*pieces), uid_of(1)))["Status"] for _ in range(2)]

    assert asyncio.run(talk()) == [0, 0]
    assert stored(tmp_path) == [data]


def test_an_association_that_ends_in_the_middle_leaves_nothing(service: Service, tmp_path: Path) -> None:
    data = behind_meta(instance_maker(size=3_000_000)(1))

    class Breaks:
        def pieces(self):
            yield data[:2_500_000]
            yield data[2_500_000:2_600_000]
            raise KeyError("no more")

    async def talk() -> None:
        async with sender(service) as (peer, _):
            await store(peer, Breaks(), uid_of(1))

    with pytest.raises(KeyError):
        asyncio.run(talk())
    assert stored(tmp_path) == []


def test_a_sink_is_not_let_go_of_while_a_thread_is_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server stops in the middle of a write: else the file is closed under it, and its number is another's."""
    import threading

    from filmless.dimse import connect
    from filmless.dimse.services import folder as folder_module

    said: list[str] = []
    writing, goes_on = threading.Event(), threading.Event()
    write, discard = folder_module._IntoFolder.write, folder_module._IntoFolder.discard

    def slow(sink, piece) -> None:
        said.append("begins")
        writing.set()
        goes_on.wait(10)
        write(sink, piece)
        said.append("ends")

    def watched(sink) -> None:
        said.append("discard")
        discard(sink)

    monkeypatch.setattr(folder_module._IntoFolder, "write", slow)
    monkeypatch.setattr(folder_module._IntoFolder, "discard", watched)

    async def send(port: int, data: bytes) -> None:
        async with connect(f"FILMLESS@127.0.0.1:{port}", contexts=[(CT, (EXPLICIT,))]) as peer:
            await store(peer, data, uid_of(1))

    async def talk() -> None:
        data = behind_meta(instance_maker(size=3_000_000)(1))
        scp = Scp("FILMLESS", [folder(tmp_path / "out", options=folder_module.FolderOptions(durable=True))])
        async with scp.listen(grace_s=0.0) as port:
            sending = asyncio.create_task(send(port, data))
            await asyncio.to_thread(writing.wait, 10)
            asyncio.get_running_loop().call_later(0.2, goes_on.set)
        with pytest.raises(NetworkError):
            await sending

    asyncio.run(talk())
    assert said == ["begins", "ends", "discard"]
    assert stored(tmp_path) == []


@pytest.mark.parametrize("policy", ["quarantine", "replace"])
def test_duplicates_in_the_archive(tmp_path: Path, policy: str) -> None:
    versions = [behind_meta(make(1)), behind_meta(make(1, variant=7))]

    async def talk(archive: Archive) -> list[int]:
        async with sender(storage(archive)) as (peer, _):
            return [(await store(peer, data, uid_of(1)))["Status"] for data in (*versions, versions[0])]

    with Archive(tmp_path / "archive", options=Options(duplicates=policy)) as archive:  # type: ignore[arg-type]
        assert asyncio.run(talk(archive)) == [0, 0, 0]
        [entry] = archive.entries(uid_of(0, level=1))
        assert behind_meta(archive.read(entry)) == versions[0]
        aside = {stored.sha256 for stored in archive.storage.files("quarantine")}
        assert len(aside) == (1 if policy == "quarantine" else 0)


@pytest.mark.parametrize("policy", ["beside", "replace", "refuse"])
def test_duplicates_in_a_folder(tmp_path: Path, policy: str) -> None:
    versions = [behind_meta(make(1)), behind_meta(make(1, variant=7))]
    told: list[Received] = []
    options = FolderOptions(layout="flat", on_existing=policy, durable=True)  # type: ignore[arg-type]

    async def talk() -> list[int]:
        async with sender(folder(tmp_path / "out", options=options, on_received=told.append)) as (peer, _):
            return [(await store(peer, versions[which], uid_of(1)))["Status"] for which in (0, 0, 1, 1)]

    expected = [0, 0, 0xC000, 0xC000] if policy == "refuse" else [0, 0, 0, 0]
    assert asyncio.run(talk()) == expected
    found = sorted((tmp_path / "out").iterdir(), key=lambda path: len(path.name))
    assert found[0].name == f"{uid_of(1)}.dcm"
    kept = {"beside": versions, "replace": versions[1:], "refuse": versions[:1]}[policy]
    assert [data_set_of(path) for path in found] == kept
    assert [one.is_new for one in told] == [True, False, True, False][: len(told)]
    assert {one.path for one in told} == {str(path) for path in found}


@pytest.mark.parametrize("layout", ["flat", "study"])
def test_no_text_of_a_peer_becomes_a_path(tmp_path: Path, layout: str) -> None:
    names = ["../../../etc/x", "..", "/etc/x", "C:\\x", "1.2.3/../../x", "NUL", "1.2.3 ", "con.dcm", "1." + "2" * 62]

    async def talk() -> list[int]:
        options = FolderOptions(layout=layout)  # type: ignore[arg-type]
        async with sender(folder(tmp_path / "deep" / "out", options=options)) as (peer, _):
            statuses = []
            for name in names:
                ds = read(make(1))
                ds.StudyInstanceUID = ds.SeriesInstanceUID = uid_of(0)
                data = behind_meta(make(1))
                for uid in (uid_of(1), uid_of(0, level=1)):
                    data = _renamed(data, uid, name)
                statuses.append((await store(peer, data, name))["Status"])
            return statuses

    statuses = asyncio.run(talk())
    outside = [
        path for path in tmp_path.rglob("*") if path.is_file() and (tmp_path / "deep" / "out") not in path.parents
    ]
    assert outside == []
    files = [path for path in (tmp_path / "deep" / "out").rglob("*") if path.is_file()]
    assert len(files) == statuses.count(0)
    assert all(set(path.stem) <= set("0123456789abcdef.") for path in files)
    assert not any(path.suffix == ".part" for path in files)


def _renamed(data: bytes, old: str, new: str) -> bytes:
    """Put another UID into an element, whatever it is."""
    value = new.encode() + b"\0" * (len(new) % 2)
    before = len(old.encode()) + len(old) % 2
    at = data.index(old.encode())
    return data[: at - 2] + len(value).to_bytes(2, "little") + value + data[at + before :]


def test_permissions(tmp_path: Path) -> None:
    from filmless.security import Principal

    def may(roles: set[str], patients: set[str] | None) -> int:
        async def talk(archive: Archive) -> int:
            service = storage(archive)
            handler = service.handlers["C-STORE"]

            async def known(request) -> None:
                request.association.principal = Principal(
                    "x", frozenset(roles), None if patients is None else frozenset(patients)
                )
                await handler(request)

            async with sender(Service(service.accepted, {"C-STORE": known})) as (peer, _):
                status: int = (await store(peer, behind_meta(make(1)), uid_of(1)))["Status"]
                return status

        with Archive(tmp_path / "archive") as archive:
            return asyncio.run(talk(archive))

    assert may({"read"}, None) == 0x0124
    assert may({"write"}, {"somebody else"}) == 0x0124
    assert may({"write"}, {"1CT1"}) == 0
    assert may({"admin"}, None) == 0


def test_the_audit_tells_what_was_stored(tmp_path: Path) -> None:
    import json

    from filmless.dimse import connect
    from filmless.security import Audit

    async def talk(archive: Archive, audit: Audit) -> None:
        async with (
            Scp("FILMLESS", [storage(archive)], audit=audit).listen() as port,
            connect(f"FILMLESS@127.0.0.1:{port}", contexts=[(CT, (EXPLICIT,))]) as peer,
        ):
            for variant in (0, 1):
                await store(peer, behind_meta(make(1, variant=variant)), uid_of(1))

    with Archive(tmp_path / "archive") as archive, Audit(tmp_path / "audit.jsonl") as audit:
        asyncio.run(talk(archive, audit))
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    stored = [line for line in lines if line["operation"] == "C-STORE"]
    assert [line["uids"]["studies"] for line in stored] == [[uid_of(0, level=1)]] * 2
    assert [line.get("set_aside") for line in stored] == [None, 1]
    assert "1CT1" not in (tmp_path / "audit.jsonl").read_text(), "a Patient ID"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StorageFullError("the disk is full"), 0xA700),
        (LimitError("too large"), 0xC001),
        (ValueError("of a patient: Doe^Jane"), 0xC002),
    ],
)
def test_what_fails_has_a_status_and_tells_nothing_of_a_patient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def talk(archive: Archive) -> list[dict]:
        async with sender(storage(archive)) as (peer, _):
            with monkeypatch.context() as patch:
                patch.setattr("filmless.archive.incoming.Incoming.submit", _raising(error))
                first = await store(peer, behind_meta(make(1)), uid_of(1))
            return [first, await store(peer, behind_meta(make(1)), uid_of(1))]

    with Archive(tmp_path / "archive") as archive:
        first, second = asyncio.run(talk(archive))
    assert first["Status"] == status
    assert "Doe" not in first["ErrorComment"]
    assert second["Status"] == 0


def _raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_storage_classes() -> None:
    """The table has all of the dictionary, and nothing else."""
    from pydicom._uid_dict import UID_dictionary

    named = {
        uid
        for uid, (name, kind, _, _, _) in UID_dictionary.items()
        if kind == "SOP Class" and "Storage" in name and "Commitment" not in name and "Directory" not in name
    }
    assert set(STORAGE_CLASSES) == named - {"1.2.840.10008.5.1.1.27"}  # prints are stored in another way
    assert len(set(STORAGE_CLASSES)) == len(STORAGE_CLASSES)
    assert not is_storage("1.2.840.10008.5.1.4.31")


@pytest.mark.parametrize("fails", ["refused", "not stored"])
def test_what_is_lost_has_a_bound(service: Service, fails: str) -> None:
    """What follows an instance that is not stored is dropped, and then the association: it may have no end."""
    # What comes with one read of the socket is not counted: the long one has far more than that above the bound.
    short, long = bytes(100_000), bytes(4_000_000)
    # Of another class than its context, or nothing that can be read.
    asked = {"sop_class": "1.2.3"} if fails == "refused" else {}

    async def talk() -> None:
        limits = ScpLimits(lost_bytes=200_000, waiting_bytes=10_000, piece_bytes=1000)
        async with sender(service, (CT, EXPLICIT), limits=limits) as (peer, ids):
            for _ in range(2):
                answer = await store(peer, short, uid_of(1), context=ids[CT], **asked)
                assert answer["Status"] in {0x0122, 0xC000}
            with suppress(NetworkError):  # a refusal may be told before the data set is at its end
                await store(peer, long, uid_of(1), context=ids[CT], **asked)
            async with asyncio.timeout(20):
                await peer.association.link.closed()
            assert isinstance(peer.association.link.error, AssociationAborted)

    asyncio.run(talk())


def test_what_is_of_no_patient_is_not_accepted_by_an_archive(service: Service, tmp_path: Path) -> None:
    """A folder takes a hanging protocol; an archive has no place for it, and says so when it is proposed."""
    from filmless.dimse.services.get import get

    services = [service]
    if (tmp_path / "archive").is_dir():
        services.append(get(Archive(tmp_path / "archive", read_only=True)))

    async def talk() -> set[str]:
        proposed = [(name, (EXPLICIT,)) for name in (CT, *WITHOUT_PATIENT)]
        async with (
            Scp("FILMLESS", services).listen() as port,
            connect(f"FILMLESS@127.0.0.1:{port}", contexts=proposed) as peer,
        ):
            return {context.abstract_syntax for context in peer.association.contexts}

    expected = {CT} if (tmp_path / "archive").is_dir() else {CT, *WITHOUT_PATIENT}
    assert asyncio.run(talk()) == expected
    for name in WITHOUT_PATIENT:
        assert is_storage(name)
        assert _core.uid_entry(name) is not None
