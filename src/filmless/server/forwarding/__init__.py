"""Sending on: what arrives and matches a rule waits in a queue in the index, until its peer has it.

PS3.18 10.5.
"""

from filmless.server.forwarding.by_hand import SentByHand
from filmless.server.forwarding.forwarder import Forwarder
from filmless.server.forwarding.queue import Queue, Waiting, enqueue
from filmless.server.forwarding.rules import Rules

__all__ = ["Forwarder", "Queue", "Rules", "SentByHand", "Waiting", "enqueue"]
