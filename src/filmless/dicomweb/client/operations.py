"""What clients do, an operation each: URLs and arguments checked, in one place for both clients."""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from filmless import _core
from filmless.dataset import Dataset
from filmless.dicomweb.client import converting, pictures, retrieving, searching, storing
from filmless.dicomweb.client.peer import BulkData, Peer, ask
from filmless.dicomweb.client.steps import Give, Operation
from filmless.file._short_names import keyword_of
from filmless.file.uid_grammar import is_uid

__all__ = ["Operations", "syntax_named"]


class Operations:
    """The operations on one service. Each gives what the method of the same name of a client gives."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def search(
        self,
        level: str,
        study: str | None,
        series: str | None,
        *,
        include: str | Sequence[str],
        fuzzy: bool,
        limit: int | None,
        offset: int,
        values: Mapping[str, Any],
    ) -> Operation[Dataset]:
        """Search at a level, below a study or series."""
        path = ["studies", _uid(study), "series", _uid(series)] if series else ["studies", _uid(study)] if study else []
        return searching.search(
            self.peer, *path, level, values=values, include=include, fuzzy=fuzzy, limit=limit, offset=offset
        )

    def retrieve(
        self, study: str, series: str | None, instance: str | None, *, transfer_syntax: str
    ) -> Operation[Dataset]:
        """Retrieve data sets."""
        return retrieving.retrieve(
            self.peer, self._resource(study, series, instance), transfer_syntax=syntax_named(transfer_syntax)
        )

    def retrieve_to(
        self,
        folder: str | PathLike[str],
        study: str,
        series: str | None,
        instance: str | None,
        *,
        transfer_syntax: str,
    ) -> Operation[Path]:
        """Retrieve files."""
        url = self._resource(study, series, instance)
        return retrieving.retrieve_to(self.peer, url, Path(folder), transfer_syntax=syntax_named(transfer_syntax))

    def retrieve_zip(
        self, path: str | PathLike[str], study: str, series: str | None, instance: str | None
    ) -> Operation[Path]:
        """Retrieve files as a ZIP."""
        return retrieving.retrieve_zip(self.peer, self._resource(study, series, instance), Path(path))

    def retrieve_metadata(
        self, study: str, series: str | None, instance: str | None, *, bulk_data: BulkData | None
    ) -> Operation[Dataset]:
        """Retrieve headers."""
        url = f"{self._resource(study, series, instance)}/metadata"
        return retrieving.retrieve_metadata(self.peer, url, bulk_data=bulk_data)

    def retrieve_frames(
        self,
        study: str,
        series: str,
        instance: str,
        frames: int | Sequence[int],
        *,
        media_type: str,
        transfer_syntax: str | None,
    ) -> Operation[bytes]:
        """Retrieve frames, numbered from 1."""
        url = f"{self._resource(study, series, instance)}/frames/{_frames(frames)}"
        syntax = None if transfer_syntax is None else syntax_named(transfer_syntax)
        return retrieving.retrieve_frames(self.peer, url, media_type=media_type, transfer_syntax=syntax)

    def retrieve_bulk_data(self, url: str) -> Operation[bytes]:
        """Retrieve bulk data."""
        return retrieving.retrieve_bulk_data(self.peer, url)

    def picture(
        self,
        kind: str,
        study: str,
        series: str | None,
        instance: str | None,
        frames: int | Sequence[int] | None,
        *,
        media_type: str | None,
        parameters: Mapping[str, Any],
    ) -> Operation[bytes]:
        """Retrieve a rendered resource."""
        url = self._rendered(kind, study, series, instance, frames, media_type, parameters)
        return pictures.picture(self.peer, url, media_type=media_type)

    def pictures(
        self,
        study: str,
        series: str | None,
        instance: str | None,
        frames: int | Sequence[int] | None,
        *,
        media_type: str | None,
        parameters: Mapping[str, Any],
    ) -> Operation[pictures.Rendered]:
        """Retrieve each picture of a rendered resource."""
        url = self._rendered("rendered", study, series, instance, frames, media_type, parameters)
        return pictures.pictures(self.peer, url, media_type=media_type)

    def _rendered(
        self,
        kind: str,
        study: str,
        series: str | None,
        instance: str | None,
        frames: int | Sequence[int] | None,
        media_type: str | None,
        parameters: Mapping[str, Any],
    ) -> str:
        if media_type is not None and "/" not in media_type:
            raise ValueError("`media_type` is one as image/png")
        url = self._resource(study, series, instance)
        if frames is not None:
            if instance is None:
                raise ValueError("`frames` are of an instance")
            url += f"/frames/{_frames(frames)}"
        return pictures.address(f"{url}/{kind}", parameters)

    def store(self, sources: storing.Source | Iterable[storing.Source], study: str | None) -> Operation[storing.Stored]:
        """Store sources."""
        if isinstance(sources, str | PathLike | bytes | Dataset):
            sources = [sources]
        return storing.store(self.peer, sources, study=None if study is None else _uid(study))

    def convert(
        self,
        sources: converting.File | Iterable[converting.File],
        template: Dataset | None,
        values: Mapping[str, Any],
    ) -> Operation[storing.Stored]:
        """Have instances made of files."""
        return converting.convert(self.peer, sources, template=template, values=values)

    def delete(self, study: str, series: str | None, instance: str | None) -> Operation[None]:
        """Delete a study, series or instance."""
        yield from ask(self.peer, "DELETE", self._resource(study, series, instance))
        yield Give(None)

    def _resource(self, study: str, series: str | None, instance: str | None) -> str:
        parts = ["studies", _uid(study)]
        if series is not None:
            parts += ["series", _uid(series)]
        if instance is not None:
            if series is None:
                raise ValueError("`instance` needs its `series`")
            parts += ["instances", _uid(instance)]
        return self.peer.at(*parts)


def _uid(uid: str | None) -> str:
    if not is_uid(uid):
        raise ValueError("a UID is numbers with dots between them")
    return str(uid)


def syntax_named(syntax: str) -> str:
    """Return the UID of a transfer syntax by UID, keyword or short name; a service may know more UIDs than we do.

    Raises
    ------
    ValueError
        It is none.
    """
    if syntax == "*" or is_uid(syntax):
        return str(syntax)
    row = _core.transfer_syntax(keyword_of(syntax))
    if row is None:
        what = "a UID, a keyword or a short name as jpeg-ls"
        raise ValueError(f"`transfer_syntax` is {what}, or `*` for the one that is stored")
    return str(row["uid"])


def _frames(frames: int | Sequence[int]) -> str:
    numbers = [frames] if isinstance(frames, int) else frames
    if not numbers or any(number < 1 for number in numbers):
        raise ValueError("`frames` are numbers from 1")
    return ",".join(str(int(number)) for number in numbers)
