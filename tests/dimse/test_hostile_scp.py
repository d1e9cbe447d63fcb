"""What an SCP answers to hurt who asks: each ends with an error within its limits; awaited and blocking."""

import itertools
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from filmless._core import (
    AnsweredContext,
    AssociateAccept,
    Connection,
    Event,
    OperationsWindow,
    RoleSelection,
    UserInformation,
    encode_command,
)
from filmless.dimse import Timeouts
from filmless.dimse.asking import Limits
from filmless.dimse.contexts import uncompressed
from filmless.errors import DicomError, NetworkError

from .asked import Way, both_ways, opened
from .talking import CT, IMPLICIT, STUDY_FIND, VERIFICATION, p_data
from .test_blocking_hostile import answering

STUDY_MOVE, STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.2", "1.2.840.10008.5.1.4.1.2.2.3"
CLASSES = [VERIFICATION, STUDY_FIND, STUDY_MOVE, STUDY_GET, CT]
ECHO, FIND, MOVE, GET, STORE = 1, 3, 5, 7, 9
"""Presentation contexts, as they are proposed."""

LIMITS = Timeouts(connect_s=5, association_s=0.4, response_s=0.4, stall_s=0.2, idle_s=0.4, linger_s=0.1)
AT_ONCE_S, ATTEMPTS = 1.0, 3
"""What is quick is quick at least once, also where the machine is busy with other things."""

Bytes = bytes | Iterable[bytes]


def accepting(request: Any, **changed: Any) -> AssociateAccept:
    contexts = [AnsweredContext(one.id, 0, one.transfer_syntaxes[0]) for one in request.contexts]
    fields = {"contexts": contexts, "user": UserInformation(roles=request.user.roles)} | changed
    return AssociateAccept(called_ae_title="THERE", calling_ae_title="FILMLESS", **fields)


def then(data: Bytes, accept: Callable[[Any], AssociateAccept] = accepting) -> Callable[[socket.socket], None]:
    """Return a peer that accepts, and sends bytes once it is asked something; then it waits to be left."""

    def first(sock: socket.socket) -> None:
        connection, is_asked = Connection.acceptor(), False
        while not is_asked:
            count = sock.recv_into(connection)
            if not count:
                return
            connection.received(count)
            while (event := connection.next_event()) is not None:
                match event:
                    case Event.Requested(request):
                        connection.accept(accept(request))
                    case Event.Command():
                        is_asked = True
                    case Event.ReleaseRequested():
                        connection.confirm_release()
            sock.sendall(connection.take_output())
        send(sock, data)

    return first


def send(sock: socket.socket, data: Bytes) -> None:
    with suppress(OSError):
        for one in [data] if isinstance(data, bytes) else data:
            sock.sendall(one)
        while sock.recv(1 << 16):
            pass


def message(context: int, field: int, *, data: bool = False, **more: Any) -> bytes:
    fields = {"CommandField": field, "MessageIDBeingRespondedTo": 1, "Status": 0xFF00} | more
    return p_data(context, encode_command({k: v for k, v in fields.items() if v is not None}, data), command=True)


def element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, number, len(value)) + value


def by_hand(context: int, *elements: bytes) -> bytes:
    body = b"".join(elements)
    return p_data(context, element(0, struct.pack("<I", len(body))) + body, command=True)


FIELD, ID, NO_DATA = element(0x0100, b"\x30\x80"), element(0x0120, b"\1\0"), element(0x0800, b"\1\1")
NOTHING = p_data(FIND, b"", command=False, last=False)
DRIP = [b"\0"] * 10_000


def slowly(data: Iterable[bytes]) -> Iterator[bytes]:
    """Give bytes one after the other, a few in the time in which many are to come."""
    pause = threading.Event()
    for one in data:
        yield one
        pause.wait(0.02)


ENDLESS_FIND = itertools.repeat(message(FIND, 0x8020, data=True) + p_data(FIND, b"", command=False))

ANSWERS: dict[str, tuple[str, Callable[[], Bytes]]] = {
    "nothing": ("echo", lambda: b""),
    "status of two values": ("echo", lambda: by_hand(ECHO, FIELD, ID, NO_DATA, element(0x0900, bytes(4)))),
    "status of no value": ("echo", lambda: by_hand(ECHO, FIELD, ID, NO_DATA, element(0x0900, b""))),
    "status of one byte": ("echo", lambda: by_hand(ECHO, FIELD, ID, NO_DATA, element(0x0900, b"\0"))),
    "message id of two values": (
        "echo", lambda: by_hand(ECHO, FIELD, element(0x0120, b"\1\0\1\0"), NO_DATA, element(0x0900, b"\0\0")),
    ),
    "message id of no value": (
        "echo", lambda: by_hand(ECHO, FIELD, element(0x0120, b""), NO_DATA, element(0x0900, b"\0\0")),
    ),
    "field of two values": (
        "echo", lambda: by_hand(ECHO, element(0x0100, b"\x30\x80\x30\x80"), ID, NO_DATA, element(0x0900, b"\0\0")),
    ),
    "another message id, for ever": (
        "echo", lambda: slowly(itertools.repeat(message(ECHO, 0x8030, MessageIDBeingRespondedTo=9))),
    ),
    "pending, of a message without": ("echo", lambda: slowly([message(ECHO, 0x8030)])),
    "a context never accepted": ("echo", lambda: message(99, 0x8030, Status=0)),
    "an even context": ("echo", lambda: message(2, 0x8030, Status=0)),
    "a request without message id": (
        "get", lambda: by_hand(STORE, element(0x0100, b"\1\0"), element(0x0800, b"\0\0")),
    ),
    "a store without message id": (
        "get", lambda: by_hand(STORE, element(0x0100, b"\1\0"), NO_DATA),
    ),
    "a store with two message ids": (
        "get", lambda: by_hand(STORE, element(0x0100, b"\1\0"), element(0x0110, b"\1\0\2\0"), NO_DATA),
    ),
    "stores without data": (
        "get", lambda: itertools.repeat(message(STORE, 1, MessageID=1, MessageIDBeingRespondedTo=None, Status=None)),
    ),
    "stores in the context of the query": (
        "get", lambda: message(GET, 1, data=True, MessageID=1, MessageIDBeingRespondedTo=None, Status=None)
        + p_data(GET, bytes(100), command=False),
    ),
    "stores that are refused, for ever": (
        "get",
        lambda: itertools.repeat(
            message(STORE, 1, data=True, MessageID=1, MessageIDBeingRespondedTo=None, Status=None,
                    AffectedSOPClassUID=CT, AffectedSOPInstanceUID="none")
            + p_data(STORE, b"", command=False)
        ),
    ),
    "requests that nobody waits for": (
        "echo", lambda: itertools.repeat(message(ECHO, 0x30, MessageID=1, Status=None, MessageIDBeingRespondedTo=None)),
    ),
    "pending for ever": ("get", lambda: itertools.repeat(message(GET, 0x8010))),
    "moves for ever": ("move", lambda: itertools.repeat(message(MOVE, 0x8021))),
    "matches for ever": ("find", lambda: ENDLESS_FIND),
    "matches without identifier": ("find", lambda: itertools.repeat(message(FIND, 0x8020))),
    "an identifier that is none": (
        "find", lambda: message(FIND, 0x8020, data=True) + p_data(FIND, b"\xff" * 100, command=False),
    ),
    "an identifier of 1 GB": (
        "find",
        lambda: itertools.chain(
            [message(FIND, 0x8020, data=True)],
            itertools.repeat(p_data(FIND, bytes(1 << 17), command=False, last=False), 8192),
        ),
    ),
    "an instance without end": (
        "get",
        lambda: itertools.chain(
            [message(STORE, 1, data=True, MessageID=1, MessageIDBeingRespondedTo=None, Status=None,
                     AffectedSOPClassUID=CT, AffectedSOPInstanceUID="1.2.3")],
            itertools.repeat(p_data(STORE, bytes(1 << 17), command=False, last=False)),
        ),
    ),
    "a data set in empty fragments": (
        "find", lambda: itertools.chain([message(FIND, 0x8020, data=True)], itertools.repeat(NOTHING * 100)),
    ),
    "a command in empty fragments": (
        "find", lambda: itertools.repeat(p_data(FIND, b"", command=True, last=False) * 100),
    ),
    "a command without end": (
        "find", lambda: itertools.repeat(p_data(FIND, bytes(1 << 14), command=True, last=False)),
    ),
    "a command in a data set": (
        "find", lambda: message(FIND, 0x8020, data=True) + message(FIND, 0x8020, data=True),
    ),
    "a byte at a time": ("find", lambda: slowly([message(FIND, 0x8020, data=True)[:8], *DRIP])),
    "a data set of a byte at a time": (
        "find",
        lambda: slowly([message(FIND, 0x8020, data=True), b"\4\0\0\1\0\0\0\0\xff\xfc\3\0", *DRIP]),
    ),
    "half a data set": (
        "find", lambda: message(FIND, 0x8020, data=True) + p_data(FIND, bytes(100), command=False, last=False),
    ),
    "a PDU of 4 GiB": ("echo", lambda: b"\4\0\xff\xff\xff\xff" + bytes(1000)),
    "a value of no length": ("echo", lambda: b"\4\0\0\0\0\4\0\0\0\0"),
    "another acceptance": ("echo", lambda: b"\2\0\0\0\0\4\0\0\0\0"),
    "a request": ("echo", lambda: b"\1\0\0\0\0\4\0\0\0\0"),
    "an unknown PDU": ("echo", lambda: b"\x42\0\0\0\0\4\0\0\0\0"),
    "a release instead of an answer": ("echo", lambda: b"\5\0\0\0\0\4\0\0\0\0"),
    "a release that nobody asked for": ("echo", lambda: b"\6\0\0\0\0\4\0\0\0\0"),
    "http": ("echo", lambda: b"HTTP/1.1 200 OK\r\n\r\n"),
}  # fmt: skip


def at_once(attack: Callable[[], float]) -> None:
    """Make an attack, which returns the seconds until it was over; it has to be within one."""
    took = []
    for _ in range(ATTEMPTS):
        took.append(attack())
        if took[-1] < AT_ONCE_S:
            return
    raise AssertionError(f"over after {took} seconds")


ASK: dict[str, Callable[[Any, Path], Any]] = {
    "echo": lambda peer, _: peer.echo(),
    "find": lambda peer, _: list(peer.find()),
    "move": lambda peer, _: list(peer.move("1.2", destination="X")),
    "get": lambda peer, folder: list(peer.get("1.2", into=folder)),
}


@both_ways
@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_answered(way: Way, name: str, tmp_path: Path) -> None:
    ask, data = ANSWERS[name]
    limits = Limits(identifier_bytes=1 << 20, instance_bytes=4 << 20, answers=1000)
    threads = set(threading.enumerate())

    def one() -> float:
        error, took = None, 0.0
        with answering(first=then(data())) as address:
            began = time.monotonic()
            try:
                with opened(way, address, contexts=uncompressed(CLASSES), timeouts=LIMITS, limits=limits) as peer:
                    ASK[ask](peer, tmp_path)
            except DicomError as caught:
                error, took = caught, time.monotonic() - began
        assert error is not None
        assert str(tmp_path) not in error.message
        assert list(tmp_path.iterdir()) == []
        return took

    at_once(one)
    assert {one for one in threading.enumerate() if not one.daemon} <= threads


def pdu(kind: int, body: bytes, *, length: int | None = None) -> bytes:
    return struct.pack(">BBI", kind, 0, len(body) if length is None else length) + body


FIRST: dict[str, Callable[[], Bytes]] = {
    "an acceptance of 4 GiB": lambda: pdu(2, bytes(1000), length=0xFFFFFFFF),
    "an acceptance without end": lambda: itertools.chain(
        [pdu(2, b"", length=1 << 24)], itertools.repeat(bytes(1 << 16))
    ),
    "an acceptance a byte at a time": lambda: slowly([b"\2\0\0\0\x10\0", *DRIP]),
    "an acceptance of nothing": lambda: pdu(2, b""),
    "data": lambda: message(ECHO, 0x8030),
    "a release": lambda: b"\6\0\0\0\0\4\0\0\0\0",
    "http": lambda: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "tls": lambda: bytes.fromhex("15030300020228"),
    "zeros": lambda: itertools.repeat(bytes(1 << 16)),
    "silence": lambda: b"",
}


@both_ways
@pytest.mark.parametrize("name", FIRST)
def test_what_is_said_first(way: Way, name: str) -> None:
    def first(sock: socket.socket) -> None:
        sock.recv(1 << 16)
        send(sock, FIRST[name]())

    def one() -> float:
        error, took = None, 0.0
        with answering(first=first) as address:
            began = time.monotonic()
            try:
                with opened(way, address, contexts=uncompressed(CLASSES), timeouts=LIMITS):
                    pass
            except NetworkError as caught:
                error, took = caught, time.monotonic() - began
        assert error is not None
        assert error.message
        return took

    at_once(one)


def never_proposed(request: Any) -> AssociateAccept:
    return accepting(request, contexts=[AnsweredContext(number, 0, IMPLICIT) for number in range(201, 255, 2)])


def other_syntaxes(request: Any) -> AssociateAccept:
    return accepting(
        request, contexts=[AnsweredContext(one.id, 0, "1.2.840.10008.1.2.4.50") for one in request.contexts]
    )


def other_roles(request: Any) -> AssociateAccept:
    roles = [RoleSelection(name, scu=False, scp=True) for name in (VERIFICATION, CT, "1.2.3")]
    return accepting(request, user=UserInformation(roles=roles))


def more_operations(request: Any) -> AssociateAccept:
    return accepting(request, user=UserInformation(operations_window=OperationsWindow(0xFFFF, 0xFFFF)))


def short_values(request: Any) -> AssociateAccept:
    return accepting(request, user=UserInformation(maximum_length=8))


@both_ways
@pytest.mark.parametrize("accept", [never_proposed, other_syntaxes, other_roles, more_operations, short_values])
def test_what_is_negotiated(way: Way, accept: Callable[[Any], AssociateAccept]) -> None:
    """Either there is no such association, or an honest answer is an answer."""
    with answering(first=then(message(ECHO, 0x8030, Status=0), accept)) as address:
        try:
            with opened(way, address, contexts=uncompressed(CLASSES), roles=(), timeouts=LIMITS) as peer:
                peer.echo()
        except NetworkError:
            pass
        else:
            assert accept in {other_roles, more_operations, short_values}
