"""Messages that are sent together are those that are sent one by one."""

import asyncio

import pytest

from filmless._core import Acceptable, Connection, Event, Policy, UserInformation
from filmless.dimse.link import Link
from filmless.dimse.timeouts import Timeouts
from filmless.errors import NetworkError

from .talking import IMPLICIT, STUDY_FIND, request

ANSWER = {"CommandField": 0x8020, "MessageIDBeingRespondedTo": 7, "AffectedSOPClassUID": STUDY_FIND, "Status": 0xFF00}


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Have none."""

    def get_write_buffer_size(self) -> int:
        """Return what waits: nothing does."""
        return 0

    def is_closing(self) -> bool:
        """It is not."""
        return False

    def close(self) -> None:
        """Need nothing."""

    abort = close


def answering(maximum_length: int) -> tuple[Link, Transport, Connection]:
    """Return a link that accepted an association, over a transport that keeps what is written, and its peer."""
    asking = Connection.requestor(request((STUDY_FIND, [IMPLICIT]), maximum_length=maximum_length))
    asking.connected()
    answered = Connection.acceptor()
    answered.receive(asking.take_output())
    assert isinstance(answered.next_event(), Event.Requested)
    answered.accept(answered.answer(Policy([Acceptable(STUDY_FIND)]), UserInformation()))
    link, transport = Link(answered, timeouts=Timeouts()), Transport()
    link.connection_made(transport)
    asking.receive(transport.written)
    assert isinstance(asking.next_event(), Event.Accepted)
    transport.written = b""
    return link, transport, asking


@pytest.mark.parametrize("maximum_length", [0, 16_384, 100])
@pytest.mark.parametrize("data_sets", [[], [b"ab"], [b"ab", b"c" * 300, b"de" * 44, b"f" * 40_000]])
def test_messages_together_are_the_same_bytes(maximum_length: int, data_sets: list[bytes]) -> None:
    async def both() -> tuple[bytes, bytes, list[int]]:
        plain, one_by_one, _ = answering(maximum_length)
        for data in data_sets:
            await plain.send(1, ANSWER, data)
        link, together, asking = answering(maximum_length)
        await link.send_all(1, [(ANSWER, data) for data in data_sets])
        asking.receive(together.written)
        sizes = []
        while (event := asking.next_event()) is not None:
            if isinstance(event, Event.DataSet):
                sizes.append(len(memoryview(event.piece)))
        for each in (plain, link):
            each.connection_lost(None)
        return one_by_one.written, together.written, sizes

    one_by_one, together, sizes = asyncio.run(both())
    assert together == one_by_one
    assert sizes == [len(data) for data in data_sets]


def test_they_are_not_sent_behind_the_end() -> None:
    async def send() -> None:
        link, _, _ = answering(0)
        link.connection_lost(None)
        with pytest.raises(NetworkError):
            await link.send_all(1, [(ANSWER, b"ab")])

    asyncio.run(send())
