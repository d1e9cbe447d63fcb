"""The network every hospital speaks: associations and DIMSE messages, as SCU and as SCP.

PS3.7 (messages), PS3.8 (upper layer), PS3.4 (services).
"""

from filmless.dimse.connecting import connect
from filmless.dimse.peer import Peer
from filmless.dimse.scp.scp import Scp
from filmless.dimse.timeouts import Timeouts

__all__ = ["Peer", "Scp", "Timeouts", "connect"]
