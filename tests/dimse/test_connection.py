"""`filmless._core.Connection`: two ends that talk without sockets, and what Python may do to one of them."""

import gc
import itertools
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from filmless import _core
from filmless._core import (
    Acceptable,
    AssociateRequest,
    Connection,
    Event,
    Policy,
    ProposedContext,
    Reject,
    UpperLayerLimits,
    UserIdentity,
    UserInformation,
)
from filmless.errors import LocalProtocolError

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
ECHO = {"AffectedSOPClassUID": VERIFICATION, "CommandField": 0x0030, "MessageID": 1}
STORE = {
    "AffectedSOPClassUID": CT,
    "CommandField": 0x0001,
    "MessageID": 2,
    "Priority": 0,
    "AffectedSOPInstanceUID": "1.2.3",
}
POLICY = Policy([Acceptable(VERIFICATION), Acceptable(CT, (IMPLICIT, EXPLICIT))])


def request(**user) -> AssociateRequest:
    contexts = [ProposedContext(1, VERIFICATION, [IMPLICIT]), ProposedContext(3, CT, [EXPLICIT, IMPLICIT])]
    return AssociateRequest(
        called_ae_title="SCP", calling_ae_title="SCU", contexts=contexts, user=UserInformation(**user)
    )


def events(connection: Connection) -> list[Event]:
    return list(iter(connection.next_event, None))


def kinds(told: list[Event]) -> list[str]:
    return [type(event).__name__.removeprefix("Event_") for event in told]


def exchange(*ends: Connection) -> list[list[Event]]:
    """Moves what the ends have to write to each other until there is no more; what each told."""
    told: list[list[Event]] = [[], []]
    while any(end.has_output for end in ends):
        for index in (0, 1):
            ends[1 - index].receive(ends[index].take_output())
            told[1 - index] += events(ends[1 - index])
    return told


def established(limits: UpperLayerLimits | None = None, maximum_length: int = 16384) -> tuple[Connection, Connection]:
    scu, scp = Connection.requestor(request(), limits), Connection.acceptor(limits)
    scu.connected()
    exchange(scu, scp)
    scp.accept(scp.answer(POLICY, UserInformation(maximum_length=maximum_length)))
    exchange(scu, scp)
    assert (scu.state, scp.state) == (6, 6)
    return scu, scp


def data_set(scu: Connection, data: bytes, step: int) -> bytes:
    """What is written for a data set that is given in parts of `step` bytes, an even number."""
    written = bytearray()
    for start in range(0, max(len(data), 1), step):
        part = data[start : start + step]
        headers = scu.data_headers(3, len(part), start + step >= len(data))
        for index, header in enumerate(headers):
            piece = part[index * scu.payload_limit : (index + 1) * scu.payload_limit]
            assert int.from_bytes(header[6:10], "big") == len(piece) + 2
            written += header + piece
    return bytes(written)


def described(event: Event) -> object:
    """An event as something that compares by value."""
    match event:
        case Event.DataSet(context, piece, last):
            return context, bytes(piece), last
        case Event.Command(context, command, has_data_set):
            return context, command, has_data_set
    return kinds([event])


def test_two_ends_talk() -> None:
    scu, scp = Connection.requestor(request(maximum_length=0)), Connection.acceptor()
    assert (scu.is_requestor, scp.is_requestor) == (True, False)
    assert not scu.has_output
    scu.connected()
    scp.receive(scu.take_output())
    match events(scp):
        case [Event.Requested(asked)]:
            assert asked == scp.request == request(maximum_length=0)
    answer = scp.answer(POLICY, UserInformation(maximum_length=1001))
    assert [(context.id, context.result, context.transfer_syntax) for context in answer.contexts] == [
        (1, 0, IMPLICIT),
        (3, 0, EXPLICIT),
    ]
    scp.accept(answer)
    scu.receive(scp.take_output())
    match events(scu):
        case [Event.Accepted(accept)]:
            assert accept == scu.acceptance == scp.acceptance == answer
    assert (scu.payload_limit, scp.payload_limit) == (994, 131066)
    assert scu.contexts == scp.contexts
    assert [context.id for context in scu.contexts] == [1, 3]
    assert scu.context(3) == _core.NegotiatedContext(3, CT, EXPLICIT)
    assert scu.context(5) is None

    scu.send_command(1, ECHO, has_data_set=False)
    (echo,) = exchange(scu, scp)[1]
    assert isinstance(echo, Event.Command)
    assert (echo.context, echo.command, echo.has_data_set) == (1, ECHO, False)
    response = {"CommandField": 0x8030, "MessageIDBeingRespondedTo": 1, "Status": 0, "ErrorComment": None}
    scp.send_command(1, response, has_data_set=False)
    (answer_event,) = exchange(scu, scp)[0]
    assert answer_event.command == {key: value for key, value in response.items() if value is not None}

    scu.release()
    assert kinds(exchange(scu, scp)[1]) == ["ReleaseRequested"]
    scp.confirm_release()
    assert kinds(exchange(scu, scp)[0]) == ["Released"]
    assert (scu.closed, scp.closed) == (True, False)
    scp.disconnected()
    assert events(scp) == []
    assert scp.closed


@pytest.mark.parametrize("step", [1 << 20, 4098])
def test_a_data_set_comes_in_pieces_of_the_size_asked_for(step: int) -> None:
    scu, scp = established(UpperLayerLimits(chunk=1_000_001))
    data = bytes(range(251)) * 12_535  # 3 MB, an odd number
    scu.send_command(3, STORE, has_data_set=True)
    scp.receive(scu.take_output())
    assert scp.is_idle
    assert kinds(events(scp)) == ["Command"]
    assert not scp.is_idle
    scp.receive(data_set(scu, data, step))
    pieces = events(scp)
    pieces = [event for event in pieces if isinstance(event, Event.DataSet)]
    assert [(len(event.piece), event.last) for event in pieces] == [
        (1_000_001, False),
        (1_000_001, False),
        (1_000_001, False),
        (len(data) - 3_000_003, True),
    ]
    assert b"".join(event.piece for event in pieces) == data
    assert scp.is_idle


def test_a_data_set_that_ends_with_an_empty_fragment_ends() -> None:
    scu, scp = established(UpperLayerLimits(chunk=4))
    for data, expected in [(b"", [(b"", True)]), (b"abcd", [(b"abcd", False), (b"", True)])]:
        scu.send_command(3, STORE, has_data_set=True)
        written = scu.take_output()
        for header in scu.data_headers(3, len(data), last=False):
            written += header + data
        scp.receive(written + b"".join(scu.data_headers(3, 0, last=True)))
        assert [(bytes(event.piece), event.last) for event in events(scp)[1:]] == expected
        assert scp.is_idle
    assert scu.data_headers(3, 0, last=False) == []


def test_a_chunk_outlives_its_connection_and_is_read_only() -> None:
    scu, scp = established()
    scu.send_command(3, STORE, has_data_set=True)
    scp.receive(scu.take_output() + data_set(scu, b"abcdef", 100))
    piece = events(scp)[-1].piece
    del scp, scu
    view = memoryview(piece)
    del piece
    gc.collect()
    assert (view, view.readonly, view[1:3].tobytes()) == (b"abcdef", True, b"bc")


def test_a_release_that_meets_one() -> None:
    scu, scp = established()
    scu.release()
    scp.release()
    told = exchange(scu, scp)
    assert [kinds(each) for each in told] == [["ReleaseCollision"], ["ReleaseCollision"]]
    assert (scu.state, scp.state) == (9, 10)
    scu.confirm_release()
    assert [kinds(each) for each in exchange(scu, scp)] == [[], ["Released"]]
    scp.confirm_release()
    assert [kinds(each) for each in exchange(scu, scp)] == [["Released"], []]


def test_who_aborts_is_told_apart() -> None:
    scu, scp = established()
    scu.abort()
    assert kinds(exchange(scu, scp)[1]) == ["Aborted"]
    assert scp.closed

    scu, scp = established()
    scp.receive(b"".join(scu.data_headers(3, 0, last=True)))
    (violated,) = events(scp)
    assert isinstance(violated, Event.Violated)
    assert (violated.reason, violated.message) == (6, "a data set that no command announced")
    assert scp.state == 13
    assert scp.deadline(5.0) == 35.0
    (told,) = exchange(scp, scu)[1]
    assert isinstance(told, Event.ProviderAborted)
    assert told.reason == 6

    scu, scp = established()
    scu.disconnected()
    assert kinds(events(scu)) == ["Lost"]


def test_nothing_of_a_data_set_comes_after_our_abort() -> None:
    scu, scp = established(UpperLayerLimits(chunk=4))
    scu.send_command(3, STORE, has_data_set=True)
    scp.receive(scu.take_output() + data_set(scu, bytes(20), 100))
    assert [kinds([scp.next_event()]) for _ in range(2)] == [["Command"], ["DataSet"]]
    scp.abort()
    assert events(scp) == []


def test_a_rejection_says_why() -> None:
    scu, scp = Connection.requestor(request()), Connection.acceptor()
    scu.connected()
    exchange(scu, scp)
    scp.reject(Reject(1, 1, 7))
    ((rejected,), _) = exchange(scu, scp)
    assert rejected.reject == Reject(result=1, source=1, reason=7)
    assert rejected.reject.message == "rejected permanent by the user: called AE title not recognized"
    messages = {Reject(*numbers).message for numbers in itertools.product((1, 2), (1, 2, 3), range(1, 8))}
    assert len(messages) == 42
    assert scu.closed


def test_time_that_was_told_comes_back() -> None:
    for now in (0.0, 12.5, 1e7 + 1 / 3, 3e9 + 0.1):
        scp = Connection.acceptor(UpperLayerLimits(artim_s=0.7))
        deadline = scp.deadline(now)
        assert deadline == pytest.approx(now + 0.7)
        assert not scp.expire(now)
        assert scp.expire(deadline)
        assert scp.closed
        assert scp.deadline(deadline) is None
    for now in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="seconds"):
            scp.deadline(now)
    for wrong in ({"chunk": 0}, {"payload": 1}, {"buffer": 1 << 40}, {"artim_s": -1.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            UpperLayerLimits(**wrong)


def conversation() -> tuple[bytes, bytes]:
    """What a requestor writes before and after it was accepted: an echo, two data sets, a release."""
    scu, scp = Connection.requestor(request()), Connection.acceptor()
    scu.connected()
    asked = scu.take_output()
    scp.receive(asked)
    events(scp)
    scp.accept(scp.answer(POLICY, UserInformation(maximum_length=300)))
    exchange(scu, scp)
    scu.send_command(1, ECHO, has_data_set=False)
    written = scu.take_output()
    for data in (bytes(range(256)) * 9, b"ab"):
        scu.send_command(3, STORE, has_data_set=True)
        written += scu.take_output() + data_set(scu, data, 1 << 20)
    scu.release()
    return asked, written + scu.take_output()


def feed_copy(connection: Connection, data: bytes) -> None:
    connection.receive(data)


def feed_view(connection: Connection, data: bytes) -> None:
    """As asyncio does: the view is alive while the bytes are noted, and may be longer than they are."""
    while data:
        view = memoryview(connection)
        count = min(len(view), len(data))
        assert count > 0
        view[:count] = data[:count]
        connection.received(count)
        data = data[count:]
        view.release()


@pytest.mark.parametrize("feed", [feed_copy, feed_view])
@given(data=st.data())
def test_where_the_bytes_are_cut_means_nothing(feed, data) -> None:
    asked, written = conversation()

    def told(cuts: list[int], feed) -> tuple[list[object], bytes]:
        scp = Connection.acceptor(UpperLayerLimits(chunk=1000))
        all_told = []
        for start, end in itertools.pairwise([0, *sorted(set(cuts)), len(asked) + len(written)]):
            if start < len(asked) < end:
                raise AssertionError("the request is answered before anything else is sent")
            feed(scp, (asked + written)[start:end])
            all_told += events(scp)
            if scp.state == 3:
                scp.accept(scp.answer(POLICY, UserInformation(maximum_length=300)))
        return [described(event) for event in all_told], scp.take_output()

    cuts = data.draw(st.lists(st.integers(1, len(asked) + len(written) - 1), max_size=40))
    expected = told([len(asked)], feed_copy)
    assert [kind for kind in expected[0] if isinstance(kind, list)] == [["Requested"], ["ReleaseRequested"]]
    assert told([*cuts, len(asked)], feed) == expected
    every = list(range(1, len(asked) + len(written)))
    assert told(every, feed) == expected


def test_nothing_moves_under_a_view() -> None:
    scu, scp = established()
    scu.send_command(1, ECHO, has_data_set=False)
    written = scu.take_output()
    view = memoryview(scp)
    assert not view.readonly
    assert view.nbytes == len(scp)
    for data in (written, view[:4], scp):
        with pytest.raises(BufferError):
            scp.receive(data)
    view[: len(written)] = written
    free = len(scp)
    scp.received(len(written))
    assert len(scp) == free - len(written)
    assert scp
    with pytest.raises(LocalProtocolError):
        scp.received(len(scp) + 1)
    part = view[:10]
    assert kinds(events(scp)) == ["Command"]
    scp.send_command(1, ECHO, has_data_set=False)
    view.release()
    with pytest.raises(BufferError):
        scp.receive(written)
    part.release()
    scp.receive(written)
    assert kinds(events(scp)) == ["Command"]


def test_a_view_inside_a_view_is_of_what_is_left() -> None:
    scu, scp = established(UpperLayerLimits(buffer=16384))
    scu.send_command(1, ECHO, has_data_set=False)
    written = scu.take_output()
    outer = memoryview(scp)
    outer[: len(written)] = written
    scp.received(len(written))
    with memoryview(scp) as inner:
        assert len(inner) == len(outer) - len(written)
        inner[: len(written)] = written
        assert outer[len(written) : 2 * len(written)] == written
        scp.received(len(written))
    assert kinds(events(scp)) == ["Command", "Command"]
    scp.received(len(scp))
    with pytest.raises(BufferError):
        memoryview(scp)
    assert len(scp) == 0
    outer.release()
    assert len(scp) > 0


def test_a_view_keeps_its_connection() -> None:
    view = memoryview(Connection.acceptor())
    gc.collect()
    assert bytes(view) == bytes(len(view))
    view[:] = bytes(len(view))
    assert len(view) >= 4096


def test_a_view_is_what_sockets_receive_into() -> None:
    import socket

    scu, scp = established()
    scu.send_command(3, STORE, has_data_set=True)
    data = bytes(range(256)) * 2000
    written = scu.take_output() + data_set(scu, data, 1 << 20)
    left, right = socket.socketpair()
    with left, right:
        writer = threading.Thread(target=left.sendall, args=(written,))
        writer.start()
        told = []
        while not (told and isinstance(told[-1], Event.DataSet) and told[-1].last):
            scp.received(right.recv_into(scp))
            told += events(scp)
        writer.join()
    assert b"".join(event.piece for event in told[1:]) == data


def test_calls_from_many_threads_are_errors_at_the_worst() -> None:
    scu, scp = established()
    scu.send_command(3, STORE, has_data_set=True)
    written = scu.take_output() + data_set(scu, bytes(20_000), 1 << 20)
    wrong: list[Exception] = []

    def work() -> None:
        for _ in range(300):
            try:
                with memoryview(scp) as view:
                    count = min(len(view), len(written))
                    view[:count] = written[:count]
                    scp.received(count)
                events(scp)
            except (LocalProtocolError, BufferError, RuntimeError):
                pass
            except Exception as error:  # noqa: BLE001 - whatever else it is
                wrong.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


WRONG_REQUESTS = {
    "AE title of 17": request().replace(called_ae_title="X" * 17),
    "no AE title": request().replace(calling_ae_title=" "),
    "even identifier": request().replace(contexts=[ProposedContext(2, CT, [IMPLICIT])]),
    "no transfer syntax": request().replace(contexts=[ProposedContext(1, CT, [])]),
    "no UID": request().replace(contexts=[ProposedContext(1, "../x", [IMPLICIT])]),
    "maximum length": request(maximum_length=7),
    "identity of 64 KiB": request(identity=UserIdentity(5, bytes(1 << 16))),
    "version name of 17": request(implementation_version_name="X" * 17),
}


@pytest.mark.parametrize("name", WRONG_REQUESTS)
def test_a_request_that_cannot_be_encoded_is_refused(name: str) -> None:
    with pytest.raises(LocalProtocolError):
        Connection.requestor(WRONG_REQUESTS[name])


def test_what_the_local_side_does_wrong_changes_nothing() -> None:
    scu, scp = established()
    accept = scp.acceptance
    calls = [
        lambda: scp.send_command(5, ECHO, False),
        lambda: scp.data_headers(5, 2, True),
        lambda: scp.data_headers(3, 3, False),
        lambda: scp.data_headers(3, 1 << 50, True),
        lambda: scp.send_command(1, {}, False),
        lambda: scp.send_command(1, ECHO | {"PatientName": "x"}, False),
        lambda: scp.answer(POLICY, UserInformation()),
        lambda: scp.accept(accept),
        lambda: scp.reject(Reject(1, 1, 1)),
        scp.confirm_release,
        scp.connected,
        lambda: scp.received(1 << 40),
    ]
    for call in calls:
        with pytest.raises(LocalProtocolError):
            call()
    assert (scp.state, scp.take_output()) == (6, b"")
    fresh = Connection.acceptor()
    fresh.receive(scu.take_output())
    wrong = accept.replace(contexts=[_core.AnsweredContext(1, 9)])
    with pytest.raises(LocalProtocolError, match="0 to 4"):
        fresh.accept(wrong)


def test_values_compare_print_and_change() -> None:
    one = request(identity=UserIdentity(2, b"somebody", b"passcode", response_requested=True))
    assert one == one.replace()
    assert hash(one) == hash(one.replace())
    assert one != one.replace(calling_ae_title="OTHER")
    assert one.replace(calling_ae_title="OTHER").calling_ae_title == "OTHER"
    assert "UserIdentity(kind=2, primary=..., secondary=..., response_requested=True)" in repr(one)
    assert "somebody" not in repr(one)
    assert "b'ticket'" not in repr(UserInformation(identity_response=b"ticket"))
    assert repr(Reject(1, 2, 2)) == "Reject(result=1, source=2, reason=2)"
    assert eval(repr(request()), vars(_core)) == request()
    with pytest.raises(AttributeError):
        one.user = UserInformation()
    with pytest.raises(TypeError):
        one.replace(who="me")
    assert Policy([Acceptable(CT)]) == Policy([Acceptable(CT)]) != POLICY
    assert UpperLayerLimits() == UpperLayerLimits(chunk=1 << 20, command=64 << 10)


BYTES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([*conversation(), bytes.fromhex("05000000000400000000"), bytes.fromhex("07000000000400000000")]),
)


class AnyOrder(RuleBasedStateMachine):
    """Two ends, of which Python calls anything at any time."""

    def __init__(self) -> None:
        super().__init__()
        limits = UpperLayerLimits(chunk=100, buffer=4096)
        self.ends = [Connection.requestor(request(), limits), Connection.acceptor(limits)]
        self.views: list[memoryview] = []
        self.now = 0.0

    def call(self, index: int, name: str, *arguments: object) -> object:
        try:
            return getattr(self.ends[index], name)(*arguments)
        except LocalProtocolError:
            return None
        except BufferError:
            assert self.views
            return None

    END = st.integers(0, 1)

    @initialize(ready=st.booleans())
    def start(self, ready: bool) -> None:
        if ready:
            self.ends[0].connected()
            exchange(*self.ends)
            self.ends[1].accept(self.ends[1].answer(POLICY, UserInformation(maximum_length=64)))
            exchange(*self.ends)

    @rule(index=END, name=st.sampled_from(["connected", "disconnected", "release", "confirm_release", "abort"]))
    def simple(self, index: int, name: str) -> None:
        self.call(index, name)

    @rule(index=END, answer=st.booleans())
    def answered(self, index: int, answer: bool) -> None:
        accept = self.call(index, "answer", POLICY, UserInformation(maximum_length=64))
        if accept is not None:
            self.call(index, *(("accept", accept) if answer else ("reject", Reject(1, 1, 1))))

    @rule(index=END)
    def accept_again(self, index: int) -> None:
        accept = self.ends[index].acceptance
        if accept is not None:
            self.call(index, "accept", accept)

    @rule(index=END, context=st.sampled_from([1, 3, 5]), has_data_set=st.booleans())
    def command(self, index: int, context: int, has_data_set: bool) -> None:
        self.call(index, "send_command", context, STORE, has_data_set)

    @rule(index=END, length=st.integers(0, 500), last=st.booleans())
    def data(self, index: int, length: int, last: bool) -> None:
        headers = self.call(index, "data_headers", 3, length, last)
        output = self.ends[index].take_output()
        for header in headers or []:
            output += header + bytes(int.from_bytes(header[6:10], "big") - 2)
        self.call(1 - index, "receive", output)

    @rule(index=END)
    def move(self, index: int) -> None:
        self.call(1 - index, "receive", self.ends[index].take_output())

    @rule(index=END, data=BYTES)
    def receive(self, index: int, data: bytes) -> None:
        self.call(index, "receive", data)

    @rule(index=END, data=BYTES, keep=st.booleans())
    def view(self, index: int, data: bytes, keep: bool) -> None:
        try:
            view = memoryview(self.ends[index])
        except BufferError:
            assert self.views
            return
        count = min(len(data), len(view))
        view[:count] = data[:count]
        self.call(index, "received", count)
        if keep:
            self.views.append(view)
        else:
            view.release()

    @rule()
    def write_and_release_views(self) -> None:
        for view in self.views:
            view[:] = b"\xff" * len(view)
            view.release()
        self.views.clear()

    @rule(index=END, count=st.integers(0, 1 << 20))
    def received(self, index: int, count: int) -> None:
        self.call(index, "received", count)

    @rule(index=END)
    def told(self, index: int) -> None:
        for _ in range(1000):
            event = self.ends[index].next_event()
            if event is None:
                return
            assert isinstance(event, Event)
        raise AssertionError("events without end")

    @rule(index=END, step=st.floats(0, 20))
    def wait(self, index: int, step: float) -> None:
        self.now += step
        self.ends[index].deadline(self.now)
        self.ends[index].expire(self.now)

    @invariant()
    def can_be_asked(self) -> None:
        for end in self.ends:
            assert 1 <= end.state <= 13
            assert end.closed == (end.state == 1)
            assert end.payload_limit >= 2
            assert len(end) >= 0
            assert (end.request, end.contexts, end.acceptance, end.is_idle) is not None

    def teardown(self) -> None:
        self.write_and_release_views()


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
