"""An SCP of one's own: its handlers, what it negotiates, and how it is stopped."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pydicom
import pynetdicom
import pytest

from filmless import Dataset, read
from filmless._core import Event, ExtendedNegotiation, OperationsWindow, RoleSelection
from filmless.dimse import Scp, connect
from filmless.dimse.scp.limits import ScpLimits
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.storing import storing
from filmless.dimse.steps import Buffer
from filmless.errors import AssociationRejected, DimseStatusError, NetworkError, SecurityError, StorageFullError

from .talking import CT, EXPLICIT, IMPLICIT, STUDY_FIND, VERIFICATION, Raw, echo_bytes, talk, with_pynetdicom

JPEG = "1.2.840.10008.1.2.4.50"
JPEG_LS = "1.2.840.10008.1.2.4.80"
COMMITMENT = "1.2.840.10008.1.20.1"
STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PRIVATE = "1.2.276.0.7230010.3.1.0.99"
MPPS = "1.2.840.10008.3.1.2.3.3"


def ct() -> Any:
    ds = pydicom.dcmread(Path(pydicom.data.get_testdata_file("CT_small.dcm")))  # type: ignore[arg-type]
    ds.file_meta.TransferSyntaxUID = EXPLICIT
    return ds


def query() -> Any:
    ds = pydicom.Dataset()
    ds.QueryRetrieveLevel, ds.PatientName = "STUDY", "*"
    return ds


# -- handlers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["coroutine", "function"])
def test_what_is_stored_comes_to_a_handler(kind: str) -> None:
    got: list[Any] = []
    scp = Scp("FILMLESS")
    if kind == "coroutine":

        @scp.on_store
        async def store(request: Request) -> None:
            got.append((request.sop_instance_uid, await request.dataset(), threading.current_thread()))
    else:

        @scp.on_store(CT)
        def store_in_thread(request: Any) -> int:
            got.append((request.sop_instance_uid, request.dataset(), threading.current_thread()))
            return 0xB000

    async def main() -> Any:
        async with scp.listen() as port:
            return await with_pynetdicom(port, lambda one: one.send_c_store(ct()), (CT, [EXPLICIT]))

    answer = talk(main())
    assert answer.Status == (0 if kind == "coroutine" else 0xB000)
    assert got[0][0] == ct().SOPInstanceUID == got[0][1].SOPInstanceUID
    assert (got[0][2] is threading.main_thread()) == (kind == "coroutine")


class Counting:
    size = 0

    def write(self, piece: Buffer) -> None:
        self.size += len(piece)

    def finish(self) -> int:
        return self.size

    def discard(self) -> None:
        pass


def test_a_function_that_has_a_sink_take_a_data_set_does_not_wait_for_its_own_thread() -> None:
    scp, sizes = Scp("FILMLESS", limits=ScpLimits(threads=1)), list[int]()

    @scp.on_store(CT)
    def store(request: Any) -> None:
        sizes.append(request.into(lambda _: Counting()))

    async def main() -> Any:
        async with scp.listen() as port:
            return await with_pynetdicom(port, lambda one: one.send_c_store(ct()), (CT, [EXPLICIT]))

    assert talk(main(), limit_s=10).Status == 0
    assert sizes[0] > 0


def test_handlers_that_take_long_do_not_hold_up_what_is_stored() -> None:
    scp = Scp("FILMLESS", [storing(lambda *_: Counting(), unknown=False)], limits=ScpLimits(threads=1))
    began, goes_on = threading.Event(), threading.Event()

    @scp.on_find
    def find(_: Any) -> None:
        began.set()
        goes_on.wait(30)

    async def main() -> Any:
        async with scp.listen() as port:
            seeking = asyncio.create_task(
                with_pynetdicom(port, lambda one: list(one.send_c_find(query(), STUDY_FIND)), (STUDY_FIND, [IMPLICIT]))
            )
            await asyncio.to_thread(began.wait, 30)
            try:
                return await with_pynetdicom(port, lambda one: one.send_c_store(ct()), (CT, [EXPLICIT]))
            finally:
                goes_on.set()
                await seeking

    assert talk(main(), limit_s=20).Status == 0


def match(number: int) -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel, ds.StudyInstanceUID = "STUDY", f"1.2.{number}"
    return ds


async def find_async(request: Request) -> AsyncIterator[Any]:
    assert (await request.dataset()).PatientName == "*"  # type: ignore[union-attr]
    yield match(1)
    yield 0xFF01, match(2)


def find_in_thread(request: Any) -> Iterator[Any]:
    assert request.dataset().PatientName == "*"
    yield match(1)
    yield 0xFF01, match(2)


async def find_list(_: Request) -> list[Any]:
    return [match(1), (0xFF01, match(2))]


@pytest.mark.parametrize("handler", [find_async, find_in_thread, find_list])
def test_matches_are_yielded(handler: Callable[..., Any]) -> None:
    scp = Scp("FILMLESS")
    scp.on_find(handler)

    async def main() -> Any:
        async with scp.listen() as port:
            return await with_pynetdicom(
                port, lambda one: list(one.send_c_find(query(), STUDY_FIND)), (STUDY_FIND, [IMPLICIT])
            )

    answers = talk(main())
    assert [status.Status for status, _ in answers] == [0xFF00, 0xFF01, 0]
    assert [ds.StudyInstanceUID for _, ds in answers[:2]] == ["1.2.1", "1.2.2"]


def test_a_find_ends_when_it_is_cancelled() -> None:
    is_closed = threading.Event()
    scp = Scp("FILMLESS")

    @scp.on_find
    async def find(request: Request) -> AsyncIterator[Dataset]:
        try:
            yield match(0)
            while not request.is_cancelled:
                await asyncio.sleep(0.005)  # the peer runs in a thread of this process
            yield match(1)
        finally:
            is_closed.set()

    def use(association: Any) -> list[int]:
        statuses = []
        for status, _ in association.send_c_find(query(), STUDY_FIND, msg_id=7):
            statuses.append(status.Status)
            if len(statuses) == 1:
                association.send_c_cancel(7, query_model=STUDY_FIND)
        return statuses

    async def main() -> Any:
        async with scp.listen() as port:
            return await with_pynetdicom(port, use, (STUDY_FIND, [IMPLICIT]))

    assert talk(main()) == [0xFF00, 0xFE00]
    assert is_closed.is_set()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (lambda: DimseStatusError("no", status=0xC123), 0xC123),
        (lambda: DimseStatusError("success is no error", status=0), 0x0110),
        (lambda: StorageFullError("full"), 0xA700),
        (lambda: NetworkError("another association"), 0x0110),
        (lambda: ZeroDivisionError("DOE^JOHN"), 0x0110),
        (None, 0x0110),
    ],
)
def test_an_error_of_a_handler_becomes_a_status(error: Any, status: int, caplog: pytest.LogCaptureFixture) -> None:
    scp = Scp("FILMLESS")

    @scp.on_store
    async def store(_: Request) -> Any:
        if error is None:
            return "no status"
        raise error()

    async def main() -> Any:
        async with scp.listen() as port:
            return await with_pynetdicom(
                port,
                lambda one: (one.send_c_store(ct()).Status, one.send_c_echo().Status),
                (CT, [EXPLICIT]),
                (VERIFICATION, [IMPLICIT]),
            )

    assert talk(main()) == (status, 0)  # and the association goes on
    assert "DOE" not in caplog.text


def test_normalized_services() -> None:
    scp = Scp("FILMLESS")
    seen: list[Any] = []

    @scp.on_n_create(MPPS)
    async def create(request: Request) -> Dataset:
        ds = await request.dataset()
        assert ds is not None
        seen.append(("create", request.sop_instance_uid))
        return ds

    @scp.on_n_set(MPPS)
    def change(request: Any) -> tuple[int, Any]:
        seen.append(("set", request.sop_instance_uid))
        return 0x0116, request.dataset()

    @scp.on_n_event_report(COMMITMENT)
    async def report(request: Request) -> None:
        seen.append(("report", request.command["EventTypeID"]))

    def use(association: Any) -> list[int]:
        ds = pydicom.Dataset()
        ds.PerformedProcedureStepStatus = "IN PROGRESS"
        created, back = association.send_n_create(ds, MPPS, "1.2.3")
        assert back.PerformedProcedureStepStatus == "IN PROGRESS"
        changed, _ = association.send_n_set(ds, MPPS, "1.2.3")
        deleted = association.send_n_delete(MPPS, "1.2.3")
        reported, _ = association.send_n_event_report(pydicom.Dataset(), 1, COMMITMENT, "1.2.840.10008.1.20.1.1")
        return [created.Status, changed.Status, deleted.Status, reported.Status]

    async def main() -> Any:
        async with scp.listen() as port:
            role = pynetdicom.build_role(COMMITMENT, scp_role=True)
            return await with_pynetdicom(port, use, (MPPS, [IMPLICIT]), (COMMITMENT, [IMPLICIT]), ext_neg=[role])

    assert talk(main()) == [0, 0x0116, 0x0211, 0]
    assert seen == [("create", "1.2.3"), ("set", "1.2.3"), ("report", 1)]


def test_handlers_name_sop_classes_where_all_would_mean_nothing() -> None:
    with pytest.raises(TypeError, match="N-SET"):
        Scp("FILMLESS").on_n_set()
    with pytest.raises(TypeError, match="N-GET"):
        Scp("FILMLESS").on_n_get(lambda _: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["coroutine", "function"])
def test_what_a_handler_of_c_get_yields_is_sent(kind: str) -> None:
    scp, path = Scp("FILMLESS"), Path(str(pydicom.data.get_testdata_file("CT_small.dcm")))
    mr = Path(str(pydicom.data.get_testdata_file("MR_small.dcm")))

    async def get(request: Request) -> AsyncIterator[Any]:
        assert await request.dataset() is not None
        yield read(path)
        yield read(mr)  # for which the peer has no context
        yield read(path)

    def get_in_thread(_: Any) -> Iterator[Any]:
        yield from (read(path), read(mr), read(path))

    scp.on_get(get if kind == "coroutine" else get_in_thread)
    got: list[Any] = []

    def take(event: Any) -> int:
        got.append(event.dataset)
        return 0 if len(got) == 1 else 0xB007

    def use(association: Any) -> list[Any]:
        return list(association.send_c_get(query(), STUDY_GET))

    async def main() -> Any:
        async with scp.listen() as port:
            return await with_pynetdicom(
                port,
                use,
                (STUDY_GET, [IMPLICIT]),
                (CT, [EXPLICIT]),
                ext_neg=[pynetdicom.build_role(CT, scp_role=True)],
                evt_handlers=[(pynetdicom.evt.EVT_C_STORE, take)],
            )

    statuses = talk(main())
    assert [one.SOPInstanceUID for one in got] == [ct().SOPInstanceUID] * 2
    assert [status.Status for status, _ in statuses] == [0xFF00, 0xFF00, 0xFF00, 0xB000]
    last, identifier = statuses[-1]
    assert last.NumberOfCompletedSuboperations == last.NumberOfWarningSuboperations == 1
    assert last.NumberOfFailedSuboperations == 1
    assert identifier.FailedSOPInstanceUIDList == read(mr).SOPInstanceUID


def test_a_handler_of_c_move_sends_itself() -> None:
    scp = Scp("FILMLESS")

    @scp.on_move
    async def move(request: Request) -> int:
        assert request.move_destination == "THERE"
        await request.respond(0xFF00, NumberOfCompletedSuboperations=1)
        return 0

    def use(association: Any) -> list[int]:
        return [status.Status for status, _ in association.send_c_move(query(), "THERE", STUDY_MOVE)]

    async def main() -> Any:
        async with scp.listen() as port:
            return await with_pynetdicom(port, use, (STUDY_MOVE, [IMPLICIT]))

    assert talk(main()) == [0xFF00, 0]


# -- negotiation ---------------------------------------------------------------------------------------------------


async def negotiated(scp: Scp, *contexts: tuple[str, list[str]], **user: Any) -> Any:
    async with scp.listen() as port:
        raw = await Raw.at(port)
        event = await raw.associate(*contexts, **user)
        await raw.close()
    assert isinstance(event, Event.Accepted)
    return event.accept


def store_scp(*sop_classes: str, **options: Any) -> Scp:
    scp = Scp("FILMLESS")

    @scp.on_store(*sop_classes, **options)
    async def store(_: Request) -> None: ...

    return scp


def test_the_senders_transfer_syntax_is_kept() -> None:
    accept = talk(negotiated(store_scp(), (CT, [JPEG_LS, EXPLICIT]), (CT, [IMPLICIT, JPEG]), (CT, [EXPLICIT])))
    assert [one.transfer_syntax for one in accept.contexts] == [JPEG_LS, IMPLICIT, EXPLICIT]
    accept = talk(negotiated(store_scp(transfer_syntaxes=[EXPLICIT, JPEG]), (CT, [JPEG, EXPLICIT]), (CT, [JPEG_LS])))
    assert [(one.result, one.transfer_syntax) for one in accept.contexts] == [(0, JPEG), (4, "")]


def test_sop_classes_that_nobody_knows_are_stored_and_others_are_not() -> None:
    contexts = [(name, [IMPLICIT]) for name in (CT, PRIVATE, STUDY_FIND, COMMITMENT, VERIFICATION)]
    accept = talk(negotiated(store_scp(), *contexts))
    assert [one.result for one in accept.contexts] == [0, 0, 3, 3, 0]
    accept = talk(negotiated(store_scp(CT), *contexts))
    assert [one.result for one in accept.contexts] == [0, 3, 3, 3, 0]


def test_roles_are_negotiated_over_all_services() -> None:
    scp, asked = store_scp(CT), [RoleSelection(CT, True, True), RoleSelection(VERIFICATION, True, True)]
    contexts = ((CT, [IMPLICIT]), (VERIFICATION, [IMPLICIT]))
    accept = talk(negotiated(scp, *contexts, roles=asked))
    assert accept.user.roles == [RoleSelection(CT, True, False), RoleSelection(VERIFICATION, True, False)]

    @scp.on_get
    async def get(_: Request) -> None: ...

    accept = talk(negotiated(scp, *contexts, roles=asked))
    assert accept.user.roles == [RoleSelection(CT, True, True), RoleSelection(VERIFICATION, True, False)]
    # Who has the role of SCP alone may not ask.
    accept = talk(negotiated(scp, *contexts, roles=[RoleSelection(CT, False, True)]))
    assert accept.user.roles == [RoleSelection(CT, False, True)]


def test_extended_negotiation_is_answered_by_the_service() -> None:
    from filmless._core import Acceptable

    def extended(sop_class: str, information: bytes) -> bytes:
        assert sop_class == STUDY_FIND
        return bytes(one & 1 for one in information[:2])

    service = Service((Acceptable(STUDY_FIND),), {}, extended=extended)
    asked = [ExtendedNegotiation(STUDY_FIND, b"\1\1\1\1"), ExtendedNegotiation(CT, b"\1")]
    accept = talk(negotiated(Scp("FILMLESS", [service]), (STUDY_FIND, [IMPLICIT]), extended=asked))
    assert accept.user.extended == [ExtendedNegotiation(STUDY_FIND, b"\1\1")]


@pytest.mark.parametrize(("asked", "answered"), [(None, None), ((1, 1), (1, 1)), ((0, 0), (4, 4)), ((3, 9), (3, 4))])
def test_the_operations_window(asked: tuple[int, int] | None, answered: tuple[int, int] | None) -> None:
    scp = Scp("FILMLESS", limits=ScpLimits(operations=4))
    accept = talk(negotiated(scp, operations_window=asked and OperationsWindow(*asked)))
    assert accept.user.operations_window == (answered and OperationsWindow(*answered))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"called": "OTHER"}, (1, 1, 7)),
        ({"protocol_version": 2}, (1, 2, 2)),
        ({"application_context": "1.2.3"}, (1, 1, 2)),
    ],
)
def test_what_is_rejected(change: dict[str, Any], expected: tuple[int, int, int]) -> None:
    from filmless._core import Connection

    from .talking import request

    async def main() -> Any:
        async with Scp("FILMLESS").listen() as port:
            raw = await Raw.at(port)
            called = change.pop("called", "FILMLESS")
            connection = Connection.requestor(request(called=called).replace(**change))
            connection.connected()
            raw.send(connection.take_output())
            connection.receive(await raw.reader.read(1000))
            event = connection.next_event()
            assert await raw.ended() == b""
            await raw.close()
            return event

    event = talk(main())
    assert isinstance(event, Event.Rejected)
    assert (event.reject.result, event.reject.source, event.reject.reason) == expected


# -- operations ----------------------------------------------------------------------------------------------------


def test_operations_go_on_at_the_same_time_where_that_was_negotiated() -> None:
    async def answers(window: OperationsWindow | None) -> list[Any]:
        scp, first, arrived = Scp("FILMLESS"), asyncio.Event(), []

        @scp.on_echo
        async def echo(request: Request) -> None:
            arrived.append(request.command["MessageID"])
            if request.command["MessageID"] == 1:
                await first.wait()

        async with scp.listen() as port:
            raw = await Raw.at(port)
            await raw.associate(operations_window=window)
            raw.send(echo_bytes(1) + echo_bytes(2) + echo_bytes(1))
            if window is None:
                while not arrived:
                    await asyncio.sleep(0)
                first.set()
            events = [await raw.event() for _ in range(2)]
            first.set()
            events.append(await raw.event())
            await raw.close()
        return [(one.command["MessageIDBeingRespondedTo"], one.command["Status"]) for one in events]  # type: ignore[union-attr]

    # A Message ID that is in use is told so.
    assert sorted(talk(answers(OperationsWindow(4, 1)))[:2]) == [(1, 0x0210), (2, 0)]
    assert talk(answers(None)) == [(1, 0), (2, 0), (1, 0x0210)]


@pytest.mark.parametrize("window", [None, OperationsWindow(4, 1)])
def test_what_is_being_answered_is_finished_before_the_end(window: OperationsWindow | None) -> None:
    scp = Scp("FILMLESS")
    begun, go_on = asyncio.Event(), asyncio.Event()

    @scp.on_echo
    async def echo(_: Request) -> None:
        begun.set()
        await go_on.wait()

    async def main() -> None:
        idle = busy = None
        async with scp.listen(grace_s=30) as port:
            idle, busy = await Raw.at(port), await Raw.at(port)
            await idle.associate()
            await busy.associate(operations_window=window)
            busy.send(echo_bytes())
            await begun.wait()
            asyncio.get_running_loop().call_later(0.05, go_on.set)
        event = await busy.event()
        assert isinstance(event, Event.Command)
        assert event.command["Status"] == 0
        assert isinstance(await busy.event(), Event.Aborted)
        assert isinstance(await idle.event(), Event.Aborted)
        with pytest.raises(OSError):  # noqa: PT011 - the system's
            await Raw.at(port)
        await idle.close()
        await busy.close()

    talk(main())


def test_what_does_not_finish_is_aborted() -> None:
    scp = Scp("FILMLESS")
    begun = asyncio.Event()

    @scp.on_echo
    async def echo(_: Request) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def main() -> None:
        async with scp.listen(grace_s=0.05) as port:
            raw = await Raw.at(port)
            await raw.associate()
            raw.send(echo_bytes())
            await begun.wait()
        assert isinstance(await raw.event(), Event.Aborted)
        await raw.close()

    talk(main())


@pytest.mark.parametrize("hangs", [False, True])
def test_threads_of_handlers_are_waited_for_a_while(hangs: bool) -> None:
    scp = Scp("FILMLESS", limits=ScpLimits(threads_s=0.05 if hangs else 30))
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    @scp.on_echo
    def echo(_: Request) -> None:
        begun.set()
        assert go_on.wait(30)
        done.set()

    async def main() -> None:
        async with scp.listen(grace_s=0) as port:
            raw = await Raw.at(port)
            await raw.associate()
            raw.send(echo_bytes())
            await asyncio.to_thread(begun.wait)
            if not hangs:
                asyncio.get_running_loop().call_later(0.05, go_on.set)
        names = {one.name for one in threading.enumerate() if one.name.startswith("scp-FILMLESS")}
        assert bool(names) == hangs
        assert done.is_set() != hangs
        go_on.set()
        await raw.close()

    talk(main())


@pytest.mark.parametrize("operations", [1, 2, 8])
def test_a_handler_ends_when_its_peer_has_gone(operations: int) -> None:
    """It holds a place of those that there are: without an end, peers that come and go would fill all."""
    scp = Scp("FILMLESS", limits=ScpLimits(associations=1, stall_s=0.05, operations=operations))
    begun, ended = asyncio.Semaphore(0), asyncio.Semaphore(0)

    @scp.on_echo
    async def echo(request: Request) -> None:
        begun.release()
        if request.association.calling_ae_title == "PATIENT":
            return
        try:
            await asyncio.Event().wait()
        finally:
            ended.release()

    async def main() -> None:
        async with scp.listen() as port:
            async with connect(f"FILMLESS@127.0.0.1:{port}", operations=operations) as peer:
                tasks = [asyncio.create_task(peer.echo()) for _ in range(operations)]
                for _ in tasks:
                    await begun.acquire()
                peer.association.link.abort(NetworkError("gone"))
                for error in await asyncio.gather(*tasks, return_exceptions=True):
                    assert isinstance(error, NetworkError)
            for _ in tasks:
                await ended.acquire()
            is_let_in = False
            while not is_let_in:
                with suppress(AssociationRejected):  # until it is over
                    async with connect(f"FILMLESS@127.0.0.1:{port}", calling_ae_title="PATIENT") as peer:
                        await peer.echo()
                        is_let_in = True

    talk(main(), limit_s=10)


def test_a_handler_has_time_to_finish_when_its_peer_has_gone() -> None:
    scp = Scp("FILMLESS", limits=ScpLimits(stall_s=30))
    begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @scp.on_echo
    async def echo(request: Request) -> None:
        begun.set()
        await go_on.wait()
        done.set()

    async def main() -> None:
        async with scp.listen() as port:
            raw = await Raw.at(port)
            await raw.associate()
            raw.send(echo_bytes())
            await begun.wait()
            await raw.close()
            go_on.set()
            await done.wait()

    talk(main(), limit_s=10)


def test_a_handler_that_fails_is_told_of_by_place_and_not_by_words(caplog: pytest.LogCaptureFixture) -> None:
    scp = Scp("FILMLESS")

    @scp.on_echo
    def echo(_: Request) -> None:
        raise KeyError("Doe^Jane")

    async def main() -> None:
        async with scp.listen() as port, connect(f"FILMLESS@127.0.0.1:{port}") as peer:
            with pytest.raises(DimseStatusError, match="0x0110"):
                await peer.echo()

    with caplog.at_level("INFO", "filmless.dimse"):
        talk(main())
    line = echo.__code__.co_firstlineno + 2
    assert "C-ECHO failed: KeyError at " in caplog.text
    assert f"test_scp.py:{line}" in caplog.text
    assert "Doe" not in caplog.text


def test_sockets_that_are_given() -> None:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [one.getsockname()[1] for one in sockets]

    async def main() -> None:
        async with Scp("FILMLESS").listen(sockets=sockets) as port:
            assert port == ports[0]
            for one in ports:
                async with connect(f"FILMLESS@127.0.0.1:{one}") as peer:
                    await peer.echo()

    talk(main())


def test_others_than_this_machine_need_to_be_known() -> None:
    async def main() -> None:
        async with Scp("FILMLESS").listen("0.0.0.0"):
            pass

    with pytest.raises(SecurityError, match=r"0\.0\.0\.0"):
        talk(main())


@pytest.mark.parametrize("title", ["", " ", "x" * 17, "A\\B", "Ä"])
def test_ae_titles_that_are_none(title: str) -> None:
    with pytest.raises(ValueError, match="AE title"):
        Scp(title)


def test_limits_that_are_none() -> None:
    with pytest.raises(ValueError, match="stall_s"):
        ScpLimits(stall_s=float("nan"))
    with pytest.raises(ValueError, match="maximum_length"):
        ScpLimits(maximum_length=7)


def test_a_port_that_is_taken() -> None:
    async def main() -> None:
        async with Scp("FILMLESS").listen() as port, Scp("OTHER").listen(port=port):
            pass

    with pytest.raises(NetworkError, match="cannot listen"):
        talk(main())


def test_a_plain_program(tmp_path: Path) -> None:
    program = tmp_path / "scp.py"
    program.write_text(
        "from filmless.dimse import Scp\n"
        "scp = Scp('FILMLESS')\n"
        "scp.on_echo(lambda request: None)\n"
        "scp.run(port=0, started=lambda port: print(port, flush=True))\n"
        "print('stopped')\n"
    )
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())

            async def main() -> None:
                async with connect(f"FILMLESS@127.0.0.1:{port}") as peer:
                    await peer.echo()

            talk(main())
            process.terminate()
            assert process.communicate(timeout=20)[0] == ("stopped\n" if sys.platform != "win32" else "")
        finally:
            process.kill()


# -- peers ---------------------------------------------------------------------------------------------------------


def test_storescu(peer: Callable[[str], str]) -> None:
    path = pydicom.data.get_testdata_file("CT_small.dcm")
    scp, got = Scp("FILMLESS"), []

    @scp.on_store
    async def store(request: Request) -> None:
        got.append(await request.dataset())

    async def main() -> int:
        async with scp.listen() as port:
            storescu = str(Path(peer("dcmsend")).with_name("storescu"))  # pynetdicom has one of the same name
            process = await asyncio.create_subprocess_exec(
                storescu, "-aec", "FILMLESS", "--repeat", "3", "127.0.0.1", str(port), str(path)
            )
            return await process.wait()

    assert talk(main()) == 0
    assert [one.SOPInstanceUID for one in got] == [read(path).SOPInstanceUID] * 3  # type: ignore[arg-type]
