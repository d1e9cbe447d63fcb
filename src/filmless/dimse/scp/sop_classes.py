"""Which service a SOP class belongs to."""

from filmless._core import uid_entry

__all__ = ["is_query_retrieve"]


def is_query_retrieve(sop_class: str, kind: str) -> bool:
    """Whether a SOP class is one of queries: kind is ``"FIND"``, ``"GET"`` or ``"MOVE"``.

    Examples
    --------
    >>> is_query_retrieve("1.2.840.10008.5.1.4.31", "FIND"), is_query_retrieve("1.2.840.10008.1.1", "FIND")
    (True, False)
    """
    entry = uid_entry(sop_class)
    return entry is not None and "SOP Class" in entry[2] and f"- {kind}" in entry[1].upper()
