"""Pictures, videos and documents that a service makes instances of."""

import secrets
from collections.abc import Iterable, Mapping
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final

from filmless.archive.keywords import paths_of, text_of
from filmless.dataset import Dataset
from filmless.dicomweb.client.peer import Peer, ask, document, refused
from filmless.dicomweb.client.steps import Give, Operation
from filmless.dicomweb.client.storing import ANSWERS, Item, Stored, multipart, told

__all__ = ["File", "convert"]

_JSON: Final = ("application/dicom+json", "application/json")

File = str | PathLike[str] | bytes
"""A path, or the bytes of a file."""


def convert(
    peer: Peer, sources: File | Iterable[File], *, template: Dataset | None, values: Mapping[str, Any]
) -> Operation[Stored]:
    """Post files with their header values, in one request: they become one series. Arguments are checked at once."""
    paths_of(values)
    files = [sources] if isinstance(sources, str | PathLike | bytes) else list(sources)
    if not files:
        raise ValueError("there is nothing to convert")
    parts = [_field(name, text_of(value)) for name, value in values.items()]
    if template is not None:
        parts.append(_part('form-data; name="header"', template.to_json().encode(), _JSON[0]))
    for number, source in enumerate(files, start=1):
        shown = f'form-data; name="file"; filename="{number}"'
        if isinstance(source, bytes):
            parts.append(_part(shown, source))
        else:
            parts.append((_head(shown), Item(fspath(source), "", Path(source).stat().st_size, fspath(source))))
    name = "" if len(files) > 1 else "source 1" if isinstance(files[0], bytes) else fspath(files[0])
    return _sent(peer, parts, name)


_Part = tuple[bytes, Item]


def _head(disposition: str, media_type: str = "application/octet-stream") -> bytes:
    return f"Content-Disposition: {disposition}\r\nContent-Type: {media_type}\r\n\r\n".encode()


def _part(disposition: str, data: bytes, media_type: str = "application/octet-stream") -> _Part:
    return _head(disposition, media_type), Item("", "", len(data), data)


def _field(name: str, text: str) -> _Part:
    return _part(f'form-data; name="{name}"', text.encode(), "text/plain")


def _sent(peer: Peer, parts: list[_Part], name: str) -> Operation[Stored]:
    boundary = secrets.token_hex(16).encode()
    size = sum(len(boundary) + 4 + len(head) + item.size + 2 for head, item in parts) + len(boundary) + 6
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary.decode()}",
        "Content-Length": str(size),
        "Accept": _JSON[0],
    }
    url = peer.at("convert")
    # Not again: each time it would make other instances.
    opened = [(b"--" + boundary + b"\r\n" + head, item) for head, item in parts]
    body = partial(multipart, opened, b"--" + boundary + b"--\r\n")
    head = yield from ask(peer, "POST", url, headers=headers, body=body, accepted=ANSWERS, retries=0)
    if not head.headers.get("content-type", "").startswith(_JSON[0]):
        raise (yield from refused(peer, "POST", url, head))
    data = yield from document(head, peer.json_bytes, kinds=_JSON)
    for one in told(data, head.status):
        yield Give(Stored(name, one.instance_uid, one.error, one.failure_reason, one.warning_reason))
