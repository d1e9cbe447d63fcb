"""Where C-MOVE sends to: peers that are known by their AE titles."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from filmless.dimse.timeouts import Timeouts

__all__ = ["Destination", "Destinations"]


@dataclass(frozen=True, slots=True)
class Destination:
    """A peer that instances may be sent to.

    Attributes
    ----------
    host, port
        Where it listens.
    tls
        What the connection is secured with; None for one that is not.
    timeouts
        How long it is waited for; None for the defaults.
    calling_ae_title
        Who we are to it; None for the AE title by which we were asked.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    timeouts: Timeouts | None = None
    calling_ae_title: str | None = None


Destinations: TypeAlias = Mapping[str, Destination]
"""Destinations by AE title. It is looked up for each C-MOVE, and may change meanwhile."""
