"""How often an address may guess."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Final

__all__ = ["Throttle"]

#: Addresses that are remembered; the one that failed longest ago is forgotten first.
_MOST: Final = 10_000
_SECONDS_A_GUESS: Final = 3.0


class Throttle:
    """A bucket of guesses for each address: a wrong key or token takes one out, time puts one back.

    Parameters
    ----------
    guesses
        How many are in a bucket.
    clock
        Seconds that only grow.

    Notes
    -----
    No key can be guessed at any speed. This keeps those who try from filling the audit, and from having signatures
    checked all day. Of IPv6 a network of 64 bits counts as one address: whoever has one has all of it.
    """

    def __init__(self, guesses: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._guesses = guesses
        self._clock = clock
        self._lock = threading.Lock()
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Return for how many seconds an address may not try again; 0 when it may."""
        with self._lock:
            used = self._now(_network(address))
        return max(0.0, (used - self._guesses + 1) * _SECONDS_A_GUESS) if used > self._guesses - 1 else 0.0

    def failed(self, address: str) -> None:
        """Note a wrong key or token."""
        network = _network(address)
        with self._lock:
            self._used[network] = (self._now(network) + 1, self._clock())
            self._used.move_to_end(network)
            while len(self._used) > _MOST:
                self._used.popitem(last=False)

    def __len__(self) -> int:
        return len(self._used)

    def _now(self, network: str) -> float:
        used, since = self._used.get(network, (0.0, 0.0))
        return max(0.0, used - (self._clock() - since) / _SECONDS_A_GUESS)


@lru_cache(maxsize=1024)
def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)
