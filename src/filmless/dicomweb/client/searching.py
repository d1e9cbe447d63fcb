"""QIDO-RS from the client's side: pages of a search, one after the other."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from filmless.archive.keywords import included, paths_of, text_of
from filmless.dataset import Dataset
from filmless.dicomweb.client.peer import Peer, ask, document, objects
from filmless.dicomweb.client.steps import Give, Operation

__all__ = ["search"]

_JSON: Final = ("application/dicom+json", "application/json")
_PAGE: Final = 1000
_LITERAL: Final = "*?,"
"""What a query may have as it is, and Orthanc takes for wildcards and lists only then."""


def search(
    peer: Peer,
    *path: str | None,
    values: Mapping[str, Any],
    include: str | Sequence[str],
    fuzzy: bool,
    limit: int | None,
    offset: int,
) -> Operation[Dataset]:
    """Search for what is below a path; page by page, as long as pages are full. Arguments are checked at once.

    DICOM
    -----
    PS3.18 10.6
    """
    paths_of(values)
    included(include)
    fixed = [(_named(keyword), text_of(value, between=",")) for keyword, value in values.items()]
    fields = [include] if isinstance(include, str) else include
    fixed += [("includefield", field if field == "all" else _named(field)) for field in fields]
    if fuzzy:
        fixed.append(("fuzzymatching", "true"))
    if offset < 0 or (limit is not None and limit < 0):
        raise ValueError("limit and offset are not below 0")
    return _pages(peer, peer.at(*path), fixed, limit, offset)


def _pages(peer: Peer, url: str, fixed: list[tuple[str, str]], limit: int | None, offset: int) -> Operation[Dataset]:
    given = 0
    seen: str | None = None
    while limit is None or given < limit:
        size = _PAGE if limit is None else min(_PAGE, limit - given)
        asked = [*fixed, ("limit", str(size)), ("offset", str(offset + given))]
        query = urlencode(asked, safe=_LITERAL, quote_via=quote)
        head = yield from ask(peer, "GET", f"{url}?{query}", headers={"Accept": _JSON[0]})
        found = (
            []
            if head.status == 204
            else objects((yield from document(head, peer.json_bytes, kinds=_JSON)), head.status)
        )
        first = found[0].to_json() if found else None
        if first == seen and given:
            return  # a service that knows no offset gives its first page for ever
        seen = first
        for one in found[: None if limit is None else limit - given]:
            yield Give(one)
        given += len(found)
        # A service may have a smaller page than is asked for; it says so, or the next one is empty.
        if len(found) < size and not (found and "warning" in head.headers):
            return


def _named(name: str) -> str:
    """Return an attribute as services know it: a keyword, or a number without its comma."""
    return name.translate({ord(sign): None for sign in "(,)"})
