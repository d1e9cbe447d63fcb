"""The file of API keys: JSON, for its owner alone, replaced as a whole."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filmless.errors import SecurityError
from filmless.security.keys import ApiKey, stamp_of

__all__ = ["changing", "fields_of", "read_keys"]

_LARGEST = 16 << 20
_OTHERS_WRITE = 0o022


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """Read the keys of a file.

    Raises
    ------
    SecurityError
        It cannot be read, is not a file of keys, or others than its owner may write to it.
    """
    try:
        with path.open("rb") as file:
            if sys.platform != "win32" and os.fstat(file.fileno()).st_mode & _OTHERS_WRITE:
                raise SecurityError("others may write to the file of keys", path=path, hint=f"chmod 600 {path}")
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise SecurityError(f"the file of keys cannot be read, {(error.strerror or '').lower()}", path=path) from None
    if len(content) > _LARGEST:
        raise SecurityError(f"the file of keys is larger than {_LARGEST} bytes", path=path)
    try:
        rows = json.loads(content)["keys"]
        keys = tuple(_key(row) for row in rows)
    except SecurityError as error:
        error.path = str(path)
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise SecurityError("this is no file of keys: JSON as `filmless key` writes was expected", path=path) from None
    if len({key.name for key in keys}) != len(keys):
        raise SecurityError("two keys have the same name", path=path)
    return keys


@contextmanager
def changing(path: Path) -> Iterator[tuple[tuple[ApiKey, ...], Callable[[Iterable[ApiKey]], None]]]:
    """Change the file of keys alone: gives the keys there are, and a function that writes others in their place.

    The new file is the lock as well, as that of git's index: it exists once, and becomes the file in one step.
    """
    aside = path.with_name(f"{path.name}.new")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        hint = "when there is none, remove this file"
        raise SecurityError("another program is changing the keys", path=aside, hint=hint) from None
    written = False

    def write(keys: Iterable[ApiKey]) -> None:
        nonlocal written
        text = json.dumps({"version": 1, "keys": [fields_of(key) for key in keys]}, indent=1)
        file.write(f"{text}\n".encode())
        file.flush()
        os.fsync(file.fileno())
        written = True

    try:
        with os.fdopen(descriptor, "wb") as file:
            yield () if stamp_of(path) is None else read_keys(path), write
        if written:
            aside.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            aside.unlink()
        raise
    if written:
        _sync(path.parent)
    else:
        aside.unlink()


def fields_of(key: ApiKey) -> dict[str, Any]:
    """Return a key as JSON and TOML have it, without what it leaves open."""
    fields: dict[str, Any] = {"name": key.name, "sha256": key.sha256, "roles": sorted(key.roles)}
    for name in ("patients", "studies"):
        if (values := getattr(key, name)) is not None:
            fields[name] = sorted(values)
    for name in ("created", "expires"):
        if (time := getattr(key, name)) is not None:
            fields[name] = time.isoformat()
    return fields


def _key(row: dict[str, Any]) -> ApiKey:
    if unknown := row.keys() - {"name", "sha256", "roles", "patients", "studies", "created", "expires"}:
        # What a newer version restricts by must not be passed over.
        raise SecurityError(f"a key has `{min(unknown)[:64]}`, which is not known")
    values = dict(row)
    for name in ("roles", "patients", "studies"):
        if name in row:
            if not isinstance(row[name], list) or not all(isinstance(value, str) for value in row[name]):
                raise SecurityError(f"{name}: a list of texts was expected")
            values[name] = frozenset(row[name])
    for name in ("created", "expires"):
        if name in row:
            values[name] = datetime.fromisoformat(row[name])
    return ApiKey(**values)


def _sync(folder: Path) -> None:
    """Make the new name durable, where a folder can be opened for that."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
