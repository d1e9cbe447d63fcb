"""Which service a SOP class belongs to, by its name in the Standard."""

from filmless._core import uid_entry

__all__ = ["is_known", "is_query_retrieve", "is_storage"]


def _name(sop_class: str) -> str | None:
    """Return the name of a SOP class; None of what the Standard does not know, and nothing of what is another UID."""
    entry = uid_entry(sop_class)
    if entry is None:
        return None
    return entry[1] if "SOP Class" in entry[2] else ""


def is_known(sop_class: str) -> bool:
    """Whether the Standard has this UID."""
    return uid_entry(sop_class) is not None


def is_storage(sop_class: str) -> bool:
    """Whether instances of a SOP class may be stored; those of classes that the Standard does not know may be.

    Examples
    --------
    >>> is_storage("1.2.840.10008.5.1.4.1.1.2"), is_storage("1.2.840.10008.1.1"), is_storage("1.2.840.10008.1.20.1")
    (True, False, False)
    >>> is_storage("1.2.276.0.7230010.3.1.0.1")
    True
    """
    name = _name(sop_class)
    return name is None or ("Storage" in name and "Commitment" not in name and "Directory" not in name)


def is_query_retrieve(sop_class: str, kind: str) -> bool:
    """Whether a SOP class is one of queries: kind is ``"FIND"``, ``"GET"`` or ``"MOVE"``.

    Examples
    --------
    >>> is_query_retrieve("1.2.840.10008.5.1.4.31", "FIND")
    True
    """
    return (_name(sop_class) or "").upper().removesuffix(" (RETIRED)").endswith(f"- {kind}")
