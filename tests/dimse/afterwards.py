"""What waits until an answer of pynetdicom has gone out."""

import queue
from collections.abc import Callable
from typing import Any

from pynetdicom import evt
from pynetdicom.pdu import P_DATA_TF

__all__ = ["Afterwards"]


class Afterwards:
    """Does what handlers of pynetdicom ask for once their answer is sent, where its association may end then.

    An association that ends, by whoever, before it has sent an answer makes its thread fail: it asks for what its state
    does not allow.
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]]] = queue.SimpleQueue()
        self.handler = (evt.EVT_PDU_SENT, self._sent)

    def do(self, call: Callable[..., Any], *args: Any) -> None:
        """Have something called after the answer to what is being handled."""
        self._waiting.put((call, args))

    def _sent(self, event: evt.Event) -> None:
        if isinstance(event.pdu, P_DATA_TF):
            while not self._waiting.empty():
                call, args = self._waiting.get()
                call(*args)
