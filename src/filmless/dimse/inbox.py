"""Messages of a peer on their way to who takes them, and how much of them may wait."""

from collections.abc import Callable
from typing import Any, Final

from filmless._core import NegotiatedContext
from filmless.dimse.incoming import Incoming
from filmless.dimse.mailbox import Mailbox
from filmless.dimse.messages import CANCEL, RESPONSE
from filmless.dimse.steps import Message
from filmless.errors import NetworkError

__all__ = ["Inbox"]

_MOST_REQUESTS: Final = 64
"""Requests of the peer that wait to be taken: with more, nothing is read until some are."""
_MOST_ANSWERS: Final = 4096
"""Answers that do, while other operations on the association go on."""


class Inbox:
    """Answers by Message ID, requests in their order, and the pieces of the data set that is coming.

    Parameters
    ----------
    high
        Bytes of data sets that may wait; a quarter of them has to be left before more is read.
    changed
        Called when there is no more room (True), and when there is again.

    Attributes
    ----------
    requests
        Messages of the peer that are no answers, as long as nobody has them put elsewhere.
    performing
        Requests of the peer that are not answered yet, by Message ID.
    held, queued
        Bytes of data sets, and messages, that wait.
    lost
        Bytes of the data set that is coming which nobody takes.
    is_full
        Whether nothing more is to be read.
    """

    def __init__(self, high: int, changed: Callable[[bool], None]) -> None:
        self._high, self._changed = high, changed
        self.requests: Mailbox[Incoming] = Mailbox()
        self.requests.taken = self._messages_taken
        self.performing: dict[int, Incoming] = {}
        self.held = self.queued = self.lost = 0
        self.is_full = False
        self._answers: dict[int, Mailbox[Incoming]] = {}
        self._request_box: Mailbox[Incoming] | None = None
        self._current: Incoming | None = None

    # -- what comes ----------------------------------------------------------------------------------------------

    def arrived(self, context: NegotiatedContext, command: dict[str | int, Any], *, has_data_set: bool) -> None:
        """Take a command."""
        incoming = Incoming(Message(context, command), has_data_set=has_data_set, taken=self._bytes_taken)
        self._current, self.lost = incoming if has_data_set else None, 0
        field, answered = command["CommandField"], command.get("MessageIDBeingRespondedTo")
        if field == CANCEL:
            if answered in self.performing:
                self.performing[answered].cancelled.set()
        elif field & RESPONSE:
            # An answer to what nobody asked, or no longer waits for, is dropped as it comes.
            if answered in self._answers:
                self._put(self._answers[answered], incoming)
            else:
                self._current = None
        else:
            message_id = command.get("MessageID", 0)
            incoming.is_duplicate = message_id in self.performing
            self.performing.setdefault(message_id, incoming)
            self._put(self.requests if self._request_box is None else self._request_box, incoming)

    def data(self, piece: memoryview, *, is_last: bool) -> None:
        """Take a piece of the data set that the last command announced."""
        current = self._current
        if is_last:
            self._current = None
        if current is None or current.is_abandoned:
            self.lost += len(piece)
            return
        self.held += len(piece)
        current.pieces.put((piece, is_last))
        self._look()

    def end(self, error: NetworkError) -> None:
        """Tell everyone who waits that nothing more will come."""
        boxes: list[Mailbox[Any]] = [self.requests, *self._answers.values()]
        if self._request_box is not None:
            boxes.append(self._request_box)
        boxes += [incoming.pieces for incoming in self.performing.values()]
        if self._current is not None:
            boxes.append(self._current.pieces)
        for box in boxes:
            box.end(error)

    # -- who takes it --------------------------------------------------------------------------------------------

    def is_awaited(self, message_id: int) -> bool:
        """Whether an answer to a request of ours is waited for."""
        return message_id in self._answers

    @property
    def awaits(self) -> bool:
        """Whether any is."""
        return bool(self._answers)

    @property
    def is_unwanted(self) -> bool:
        """Whether requests wait that nobody said to take."""
        return self._request_box is None and len(self.requests) > 0

    def answers_to(self, message_id: int, box: Mailbox[Incoming]) -> None:
        """Have answers to a request put into a box."""
        self._answers[message_id] = box
        box.taken = self._messages_taken

    def requests_to(self, box: Mailbox[Incoming] | None) -> None:
        """Have requests of the peer put into a box; None for `requests` again, and what is in the box is dropped."""
        before, self._request_box = self._request_box, box
        if before is not None and before is not box:
            _abandon(before)
        if box is not None:
            box.taken = self._messages_taken
            for incoming in self.requests.drain():  # what came before someone asked for it
                self._put(box, incoming)

    def settled(self, message_id: int) -> None:
        """Note that a request of ours has its last answer, which may still be waiting to be taken."""
        self._answers.pop(message_id, None)

    def forget(self, message_id: int) -> None:
        """Have what came, and still comes, in answer to a request dropped."""
        box = self._answers.pop(message_id, None)
        if box is not None:
            _abandon(box)
        current = self._current
        if current is not None and current.message.command.get("MessageIDBeingRespondedTo") == message_id:
            current.abandon()

    # -- room ----------------------------------------------------------------------------------------------------

    def _put(self, box: Mailbox[Incoming], incoming: Incoming) -> None:
        self.queued += 1
        box.put(incoming)
        self._look()

    @property
    def _most(self) -> int:
        return _MOST_ANSWERS if self._answers and not self.requests else _MOST_REQUESTS

    def _look(self) -> None:
        if not self.is_full and (self.held > self._high or self.queued > self._most):
            self.is_full = True
            self._changed(True)

    def _bytes_taken(self, count: int) -> None:
        self.held -= count
        self._look_again()

    def _messages_taken(self, count: int) -> None:
        self.queued -= count
        self._look_again()

    def _look_again(self) -> None:
        if self.is_full and self.held <= self._high // 4 and self.queued <= self._most // 2:
            self.is_full = False
            self._changed(False)


def _abandon(box: Mailbox[Incoming]) -> None:
    for incoming in box.drain():
        incoming.abandon()
