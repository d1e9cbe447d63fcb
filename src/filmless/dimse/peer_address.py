"""Peers, as people write them: ``AE@host:port``."""

import re
from typing import Final, NamedTuple, Self

__all__ = ["DEFAULT_PORT", "PeerAddress"]

DEFAULT_PORT: Final = 104

_ADDRESS = re.compile(r"(?:(?P<ae>[^@]{1,16})@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^@:\[\]/\s]+)(?::(?P<port>\d{1,5}))?")


class PeerAddress(NamedTuple):
    """Where a peer is, and who.

    Examples
    --------
    >>> PeerAddress.of("ORTHANC@pacs:4242")
    PeerAddress(ae_title='ORTHANC', host='pacs', port=4242)
    >>> PeerAddress.of("pacs")
    PeerAddress(ae_title='ANY-SCP', host='pacs', port=104)
    """

    ae_title: str
    host: str
    port: int

    @classmethod
    def of(cls, text: str, ae_title: str | None = None) -> Self:
        """Return the address that a text is.

        Raises
        ------
        ValueError
            It is none.
        """
        match = _ADDRESS.fullmatch(text)
        port = int(match["port"] or DEFAULT_PORT) if match else 0
        if match is None or not 0 < port < 1 << 16:
            raise ValueError(f"a peer is written `AE@host:port`, or `host:port`, and not `{text[:80]}`")
        return cls(ae_title or match["ae"] or "ANY-SCP", match["host"].strip("[]"), port)
