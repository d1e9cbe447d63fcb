"""The network every hospital speaks: associations and DIMSE messages, as SCU and as SCP.

PS3.7 (messages), PS3.8 (upper layer), PS3.4 (services).
"""

from filmless.dimse.blocking_peer import BlockingPeer
from filmless.dimse.connecting import connect, connect_blocking
from filmless.dimse.contexts import plan
from filmless.dimse.operations.store import Stored, StoreReport
from filmless.dimse.peer import Peer
from filmless.dimse.scp.scp import Scp
from filmless.dimse.timeouts import Timeouts

__all__ = [
    "BlockingPeer",
    "Peer",
    "Scp",
    "StoreReport",
    "Stored",
    "Timeouts",
    "connect",
    "connect_blocking",
    "plan",
]
