"""What a peer may send at the most."""

from dataclasses import dataclass

__all__ = ["Limits"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what comes over a network. None of them sizes an allocation.

    Attributes
    ----------
    body_bytes
        A whole request. By default as much as there is room for.
    part_bytes
        One part of a multipart request, one instance.
    part_header_bytes
        The headers of a part.
    parts
        How many parts a request may have.
    json_bytes
        A JSON or XML document, after a gzip body was inflated.
    search_rows
        Rows of a search at the most; behind them a warning says that there are more.
    search_s
        How long a search may take, in seconds: what only the headers that are kept can answer looks at each of them.
    url_bytes
        A request's target.
    header_bytes
        All headers of a request.
    idle_s
        How long a peer may be silent in the middle of a request, in seconds.
    """

    body_bytes: int | None = None
    part_bytes: int = 16 << 30
    part_header_bytes: int = 16 << 10
    parts: int = 100_000
    json_bytes: int = 64 * _MIB
    search_rows: int = 10_000
    search_s: float = 10.0
    url_bytes: int = 16 << 10
    header_bytes: int = 64 << 10
    idle_s: float = 60.0
