"""What the event loop does itself as long as it is quick, and threads after that: the same, either way."""

import asyncio
import threading
from typing import Any

import pytest

from filmless._core import NegotiatedContext
from filmless.dimse.incoming import Incoming
from filmless.dimse.pace import Pace
from filmless.dimse.steps import Buffer, Message, Sink
from filmless.errors import AssociationAborted

_PIECES = [b"ab", b"cd", b"e"]


class _Trace:
    """Sinks that note what is done to them; one step may fail."""

    def __init__(self, fails: str = "") -> None:
        self.steps: list[object] = []
        self.threads: set[int] = set()
        self._fails = fails

    def open(self, _message: Message) -> Sink:
        self._note("open")
        return self

    def write(self, piece: Buffer) -> None:
        self._note("write", bytes(piece))

    def finish(self) -> str:
        self._note("finish")
        return "made"

    def discard(self) -> None:
        self._note("discard")

    def _note(self, step: str, *more: object) -> None:
        self.steps.append((step, *more))
        self.threads.add(threading.get_ident())
        if step == self._fails:
            raise ValueError(step)


def _incoming(pieces: list[bytes], *, ends: bool = True) -> Incoming:
    incoming = Incoming(Message(NegotiatedContext(1, "1.2", "1.2.840.10008.1.2"), {}), has_data_set=True, taken=id)
    for number, piece in enumerate(pieces):
        incoming.pieces.put((piece, ends and number == len(pieces) - 1))
    return incoming


def _taken(trace: _Trace, pace: Pace | None, pieces: list[bytes]) -> Any:
    message = asyncio.run(_incoming(pieces).into(trace.open, pace=pace))
    result = message.result
    return (type(result), str(result)), trace.steps


@pytest.mark.parametrize("fails", ["", "open", "write", "finish"])
@pytest.mark.parametrize("pieces", [_PIECES, _PIECES[:1]])
def test_the_loop_does_what_threads_do(fails: str, pieces: list[bytes]) -> None:
    plain = _taken(_Trace(fails), None, pieces)
    assert _taken(_Trace(fails), Pace(quick_s=60), pieces) == plain
    # Nothing is quick enough: the first step is done by the loop, the rest by threads.
    assert _taken(_Trace(fails), Pace(quick_s=-1, rest_s=60), pieces) == plain


def test_nothing_leaves_the_loop_while_it_is_quick() -> None:
    trace = _Trace()
    _taken(trace, Pace(quick_s=60), _PIECES)
    assert trace.threads == {threading.get_ident()}


def test_a_slow_step_sends_the_next_ones_to_threads() -> None:
    trace = _Trace()
    pace = Pace(quick_s=-1, rest_s=60)
    _taken(trace, pace, _PIECES)
    assert not pace.is_quick
    assert len(trace.threads - {threading.get_ident()}) >= 1


def test_it_is_tried_again_after_a_rest() -> None:
    pace = Pace(quick_s=-1, rest_s=-1)
    pace.do(id, 1)
    assert pace.is_quick


def test_a_failure_that_took_long_counts() -> None:
    pace = Pace(quick_s=-1, rest_s=60)
    with pytest.raises(ZeroDivisionError):
        pace.do(divmod, 1, 0)
    assert not pace.is_quick


@pytest.mark.parametrize("pace", [None, Pace(quick_s=60)])
def test_an_association_that_ends_discards_the_sink(pace: Pace | None) -> None:
    trace = _Trace()
    incoming = _incoming(_PIECES, ends=False)
    incoming.pieces.end(AssociationAborted("gone"))
    with pytest.raises(AssociationAborted):
        asyncio.run(incoming.into(trace.open, pace=pace))
    assert trace.steps[-1] == ("discard",)
