"""Peers that are not there, speak something else, or break the protocol; awaited and blocking."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from filmless._core import Acceptable, Connection, Event, OperationsWindow, Policy, Reject, UserInformation
from filmless.dataset import Dataset
from filmless.dimse import Timeouts
from filmless.dimse.asking import Limits
from filmless.errors import AssociationRejected, LimitError, NetworkError, RemoteProtocolError

from .answering import our_tls, their_tls
from .asked import Way, both_ways, opened
from .talking import Authority

Answer = Callable[[Connection, int, dict[Any, Any]], None]
CT = "1.2.840.10008.5.1.4.1.1.2"
SLOW = Timeouts(stall_s=0.5, association_s=10, response_s=10, linger_s=0.1)
PATIENT = Timeouts(stall_s=8, response_s=8)
QUICK = Timeouts(connect_s=5, association_s=0.3, idle_s=0.5, response_s=0.3)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, peer: Callable[[str], str]) -> Authority:
    found = Authority(tmp_path_factory.mktemp("ca"), peer("openssl"))
    for name in ("ca", "server", "ct"):
        found.make(name, f"/CN={name}")
    return found


@contextmanager
def answering(
    answer: Answer | None = None, *, first: Callable[[socket.socket], None] | None = None, small: bool = False
) -> Iterator[str]:
    """Run a peer that answers commands as it likes, or does something else with the first bytes; gives its address."""

    def serve() -> None:
        sock, _ = server.accept()
        with sock:
            sock.settimeout(10)
            try:
                if first is not None:
                    first(sock)
                    return
                talk(sock)
            except OSError:
                return

    def talk(sock: socket.socket) -> None:
        connection = Connection.acceptor()
        while count := sock.recv_into(connection):
            connection.received(count)
            while (event := connection.next_event()) is not None:
                match event:
                    case Event.Requested():
                        policy = Policy([], otherwise=Acceptable(""))
                        connection.accept(connection.answer(policy, UserInformation()))
                    case Event.Command(context, command, _) if answer is not None:
                        answer(connection, context, command)
                    case Event.ReleaseRequested():
                        connection.confirm_release()
            sock.sendall(connection.take_output())

    with socket.create_server(("127.0.0.1", 0)) as server:
        if small:  # what is on its way is in nobody's program
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"THERE@127.0.0.1:{server.getsockname()[1]}"
        finally:
            thread.join(15)


def reply(command: dict[Any, Any], **changed: Any) -> dict[str | int, Any]:
    """Return an answer of success, or something like it."""
    return {
        "CommandField": command["CommandField"] | 0x8000,
        "MessageIDBeingRespondedTo": command["MessageID"],
        "Status": 0,
    } | changed


@both_ways
def test_nobody_there(way: Way) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and not listening
        address = f"X@127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NetworkError, match="nobody listens there"), opened(way, address):
            pass
    with pytest.raises(NetworkError, match="no such host"), opened(way, "X@no-such-host.invalid:104"):
        pass


@both_ways
def test_silence_has_a_limit(way: Way) -> None:
    def silent(sock: socket.socket) -> None:
        while sock.recv(1 << 16):
            pass

    with (
        answering(first=silent) as address,
        pytest.raises(NetworkError, match="did not answer the request"),
        opened(way, address, timeouts=QUICK),
    ):
        pass
    with (
        answering(lambda *_: None) as address,
        opened(way, address, timeouts=QUICK) as peer,
        pytest.raises(NetworkError, match=r"did not answer within 0\.3 seconds"),
    ):
        peer.echo()


@both_ways
def test_a_port_of_something_else(way: Way) -> None:
    def web(sock: socket.socket) -> None:
        sock.recv(1 << 16)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with (
        answering(first=web) as address,
        pytest.raises(RemoteProtocolError, match=r"(?s)hint: .*TLS"),
        opened(way, address),
    ):
        pass
    with (
        answering(first=web) as address,
        pytest.raises(NetworkError, match="TLS failed"),
        opened(way, address, tls=ssl.create_default_context()),
    ):
        pass


@both_ways
def test_a_rejection_has_the_words_of_the_standard(way: Way) -> None:
    def reject(sock: socket.socket) -> None:
        connection = Connection.acceptor()
        connection.receive(sock.recv(1 << 16))
        assert isinstance(connection.next_event(), Event.Requested)
        connection.reject(Reject(1, 1, 3))
        sock.sendall(connection.take_output())
        sock.recv(1)

    with (
        answering(first=reject) as address,
        pytest.raises(AssociationRejected, match="calling AE title"),
        opened(way, address),
    ):
        pass


def _another(connection: Connection, context: int, command: dict[Any, Any]) -> None:
    connection.send_command(context, reply(command, CommandField=0x8001), False)


def _without_status(connection: Connection, context: int, command: dict[Any, Any]) -> None:
    answer = reply(command)
    del answer["Status"]
    connection.send_command(context, answer, False)


@both_ways
@pytest.mark.parametrize(("answer", "message"), [(_another, "another message"), (_without_status, "without Status")])
def test_wrong_answers_end_the_association(way: Way, answer: Answer, message: str) -> None:
    with answering(answer) as address, pytest.raises(RemoteProtocolError, match=message), opened(way, address) as peer:
        peer.echo()


@both_ways
def test_answers_to_what_nobody_asked_are_dropped(way: Way) -> None:
    def answer(connection: Connection, context: int, command: dict[Any, Any]) -> None:
        for message_id in (command["MessageID"] + 1, 0, 65535):
            connection.send_command(context, reply(command, MessageIDBeingRespondedTo=message_id), False)
        connection.send_command(context, reply(command), False)

    with answering(answer) as address, opened(way, address) as peer:
        peer.echo()
        peer.echo()


@both_ways
def test_an_identifier_that_is_too_long_is_given_up(way: Way) -> None:
    def answer(connection: Connection, context: int, command: dict[Any, Any]) -> None:
        if command["CommandField"] == 0x0020:
            connection.send_command(context, reply(command, Status=0xFF00), True)

    endless = threading.Event()

    def first(sock: socket.socket) -> None:
        connection = Connection.acceptor()
        context = 0
        while not context:
            connection.received(sock.recv_into(connection))
            while (event := connection.next_event()) is not None:
                match event:
                    case Event.Requested():
                        policy = Policy([], otherwise=Acceptable(""))
                        connection.accept(connection.answer(policy, UserInformation()))
                    case Event.Command(context, command, _):
                        answer(connection, context, command)
            sock.sendall(connection.take_output())
        piece = bytes(connection.payload_limit)
        try:
            while True:
                [header] = connection.data_headers(context, len(piece), False)
                sock.sendall(header + piece)
        finally:
            endless.set()

    limits = Limits(identifier_bytes=1 << 20)
    with (
        answering(first=first) as address,
        pytest.raises(NetworkError, match="longer than"),
        opened(way, address, limits=limits) as peer,
    ):
        list(peer.find())
    assert endless.wait(10)


@both_ways
def test_answers_without_end_to_a_query_that_was_cancelled(way: Way) -> None:
    def first(sock: socket.socket) -> None:
        connection = Connection.acceptor()
        context, command = 0, {}
        while not context:
            connection.received(sock.recv_into(connection))
            while (event := connection.next_event()) is not None:
                match event:
                    case Event.Requested():
                        connection.accept(connection.answer(Policy([], otherwise=Acceptable("")), UserInformation()))
                    case Event.Command(context, command, _):
                        pass
            sock.sendall(connection.take_output())
        while True:
            connection.send_command(context, reply(command, Status=0xFF00), True)
            [header] = connection.data_headers(context, len(UID), True)
            sock.sendall(connection.take_output() + header + UID)

    with (
        answering(first=first) as address,
        pytest.raises(RemoteProtocolError, match="was cancelled"),
        opened(way, address) as peer,
    ):
        list(peer.find(limit=1))


UID = bytes.fromhex("20000d00") + b"UI\x04\0" + b"1.2\0"


class Stopping:
    """Stops a peer at the end of a block."""

    def __init__(self, stop: threading.Event) -> None:
        self.close = stop.set


def accepted(sock: socket.socket) -> Connection:
    """Accept an association that may have several operations under way."""
    connection = Connection.acceptor()
    while connection.acceptance is None:
        connection.received(sock.recv_into(connection))
        while (event := connection.next_event()) is not None:
            if isinstance(event, Event.Requested):
                user = UserInformation(operations_window=OperationsWindow(4, 1))
                connection.accept(connection.answer(Policy([], otherwise=Acceptable("")), user))
        sock.sendall(connection.take_output())
    return connection


def events(sock: socket.socket, connection: Connection) -> Iterator[Event]:
    """Give what comes, to the release or the end."""
    while count := sock.recv_into(connection):
        connection.received(count)
        while (event := connection.next_event()) is not None:
            if isinstance(event, Event.ReleaseRequested):
                connection.confirm_release()
                sock.sendall(connection.take_output())
            yield event


def matches(connection: Connection, context: int, command: dict[Any, Any], count: int, *, size: int) -> bytes:
    """Return answers to C-FIND, each with an identifier of a size."""
    made: list[bytes] = []
    data = UID + bytes.fromhex("e07f1000") + b"OB\0\0" + size.to_bytes(4, "little") + bytes(size)
    for _ in range(count):
        connection.send_command(context, reply(command, Status=0xFF00), True)
        made.append(connection.take_output())
        step = connection.payload_limit
        for number, header in enumerate(connection.data_headers(context, len(data), True)):
            made += [header, data[number * step : (number + 1) * step]]
    return b"".join(made)


@both_ways
def test_a_peer_that_reads_nothing_before_it_is_read(way: Way) -> None:
    def first(sock: socket.socket) -> None:
        connection = accepted(sock)
        query: tuple[int, dict[Any, Any]] | None = None
        for event in events(sock, connection):
            match event:
                case Event.Command(context, command, _) if command["CommandField"] == 0x0020:
                    query = context, command
                case Event.DataSet(_, _, True) if query is not None:
                    sock.sendall(matches(connection, *query, 1, size=0))
                case Event.Command(context, command, _):
                    break
        assert query is not None
        sock.sendall(matches(connection, *query, 100, size=30_000))  # and only now it reads on
        for more in events(sock, connection):
            if isinstance(more, Event.DataSet) and more.last:
                connection.send_command(context, reply(command), False)
                connection.send_command(query[0], reply(query[1]), False)
                sock.sendall(connection.take_output())

    ds = Dataset({"SOPClassUID": CT, "SOPInstanceUID": "1.2.3"})
    ds.PixelData = bytes(16 << 20)
    with answering(first=first, small=True) as address, opened(way, address, timeouts=PATIENT) as peer:
        found = peer.find()
        next(found)
        assert [one.error for one in peer.store(ds).stored] == [None]
        assert len(list(found)) == 100


@both_ways
@pytest.mark.parametrize("amid", ["an answer", "a PDU of the acceptance"])
def test_a_byte_at_a_time_is_too_slow(way: Way, amid: str) -> None:
    stop = threading.Event()

    def first(sock: socket.socket) -> None:
        if amid == "an answer":
            connection = accepted(sock)
            command = next(one for one in events(sock, connection) if isinstance(one, Event.Command))
            connection.send_command(command.context, reply(command.command), False)
            slow = connection.take_output()
        else:
            slow = bytes.fromhex("020000000400") + bytes(400)
        for byte in slow:
            sock.sendall(bytes([byte]))
            if stop.wait(0.05):
                return

    with (
        answering(first=first) as address,
        contextlib.closing(Stopping(stop)),
        pytest.raises(NetworkError, match="too slow in the middle"),
        opened(way, address, timeouts=SLOW) as peer,
    ):
        peer.echo()


@both_ways
@pytest.mark.parametrize("secure", [False, True])
def test_a_peer_that_never_reads_is_given_up(way: Way, secure: bool, authority: Authority) -> None:
    stop = threading.Event()

    def first(sock: socket.socket) -> None:
        if secure:
            context = their_tls(authority)
            assert context is not None
            sock = context.wrap_socket(sock, server_side=True)
        with sock:
            accepted(sock)
            stop.wait(20)

    ds = Dataset({"SOPClassUID": CT, "SOPInstanceUID": "1.2.3"})
    ds.PixelData = bytes(24 << 20)
    with answering(first=first, small=True) as address:
        options: Any = {"tls": our_tls(authority)} if secure else {}
        with contextlib.closing(Stopping(stop)), opened(way, address, timeouts=SLOW, **options) as peer:
            [failed] = peer.store(ds).failed
            assert failed.error == "the peer did not read what it was sent"
            with pytest.raises(NetworkError):
                peer.echo()


def test_answers_that_nobody_goes_through_are_bounded() -> None:
    def first(sock: socket.socket) -> None:
        connection = accepted(sock)
        query: tuple[int, dict[Any, Any]] | None = None
        for event in events(sock, connection):
            match event:
                case Event.Command(context, command, _) if command["CommandField"] == 0x0020:
                    query = context, command
                case Event.DataSet(_, _, True) if query is not None:
                    sock.sendall(matches(connection, *query, 1, size=0))
                case Event.Command(context, command, _) if command["CommandField"] == 0x0030:
                    assert query is not None
                    for _ in range(20):
                        sock.sendall(matches(connection, *query, 1, size=1 << 20))
                    connection.send_command(context, reply(command), False)
                    sock.sendall(connection.take_output())
                case Event.Command(context, command, _) if command["CommandField"] == 0x0FFF:
                    assert query is not None
                    connection.send_command(context, reply(query[1], Status=0xFE00), False)
                    sock.sendall(connection.take_output())

    with answering(first=first) as address, opened("blocking", address) as peer:
        found = peer.find()
        next(found)
        peer.echo()
        with pytest.raises(LimitError, match="waited to be gone through"):
            list(found)
        peer.echo()
