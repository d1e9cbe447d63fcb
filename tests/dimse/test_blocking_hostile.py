"""Peers that are not there, speak something else, or break the protocol; awaited and blocking."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from filmless._core import Acceptable, Connection, Event, Policy, Reject, UserInformation
from filmless.dimse import Timeouts
from filmless.dimse.asking import Limits
from filmless.errors import AssociationRejected, NetworkError, RemoteProtocolError

from .asked import Way, both_ways, opened

Answer = Callable[[Connection, int, dict[Any, Any]], None]
QUICK = Timeouts(connect_s=5, association_s=0.3, idle_s=0.5, response_s=0.3)


@contextmanager
def answering(answer: Answer | None = None, *, first: Callable[[socket.socket], None] | None = None) -> Iterator[str]:
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
