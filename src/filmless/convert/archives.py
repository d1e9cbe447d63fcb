"""What ZIP files hold, read with bounds. Names in them are names only: they never lead anywhere."""

import lzma
import os
import re
import stat
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from filmless.errors import ConversionError, LimitError
from filmless.file._natural_order import natural_key

__all__ = ["Member", "ZipLimits", "is_zip", "members", "safe_relative"]

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1
#: Office documents, e-books and programs are ZIP files, too: what is in them is not for its user to see.
_DOCUMENT_SIGNS = frozenset({"[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF", "META-INF/manifest.xml"})
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")
_UNSAFE = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
_MAX_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipLimits:
    """How much of a ZIP file is read.

    Parameters
    ----------
    max_members
        The most members of one.
    max_member_bytes
        The largest member, unpacked.
    max_zip_bytes
        All members of one together, unpacked.
    """

    max_members: int = 100_000
    max_member_bytes: int = 1 << 30
    max_zip_bytes: int = 1 << 36


class Member:
    """A file in a ZIP file.

    Attributes
    ----------
    name
        Its name there, cleaned; to tell it by.
    relative
        The same as a path that leads nowhere else.
    size
        Bytes of it, unpacked, as the ZIP file says.
    error
        Why it cannot be read.
    reason
        Why it is passed over.
    """

    def __init__(self, archive: "_Archive", info: zipfile.ZipInfo) -> None:
        self._archive = archive
        self._info = info
        self.relative = safe_relative(info.filename)
        self.name = self.relative.as_posix()
        self.size = info.file_size
        self.error: Exception | None = None
        self.reason: str | None = None

    def head(self, size: int) -> bytes:
        """Unpack the first bytes."""
        return self._unpacked(size)

    def read(self) -> bytes:
        """Unpack it; never more than the ZIP file says that there is."""
        return b"".join(self.pieces())

    def identity(self) -> list[Any]:
        """Return what tells it from others and from what it was before."""
        name, *facts = self._archive.identity
        return [f"{name}!{self._info.orig_filename}", *facts, self._info.header_offset, self._info.CRC]

    def pieces(self) -> Iterator[bytes]:
        """Unpack it a MiB at a time; never more than the ZIP file says that there is."""
        left = self.size
        for part in self._parts(left):
            left -= len(part)
            yield part
        if left:
            raise ConversionError(f"the member of the ZIP ends after {self.size - left} of {self.size} bytes")

    def _unpacked(self, size: int) -> bytes:
        return b"".join(self._parts(size))

    def _parts(self, size: int) -> Iterator[bytes]:
        try:
            with self._archive.zip.open(self._info) as stream:
                while size > 0 and (part := stream.read(min(size, 1 << 20))):
                    yield part
                    size -= len(part)
        except NotImplementedError:
            raise ConversionError("the member is packed in a way that is not unpacked") from None
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError) as error:
            raise ConversionError("the member of the ZIP is damaged") from error


class _Archive:
    """An open ZIP file: it is closed when the last of its members is let go."""

    def __init__(self, source: str | bytes) -> None:
        self._source = source
        self.zip = zipfile.ZipFile(source if isinstance(source, str) else BytesIO(source))
        # Also where it is let go in a circle, as the traceback of an interrupt makes: before the file in it is.
        weakref.finalize(self, self.zip.close)

    @cached_property
    def identity(self) -> list[Any]:
        if not isinstance(self._source, str):
            return ["", self.zip.start_dir, len(self.zip.filelist)]
        status = os.stat(self._source)  # noqa: PTH116
        return [os.path.abspath(self._source), status.st_size, status.st_mtime_ns]  # noqa: PTH100


def is_zip(source: object) -> bool:
    """Tell whether a file or bytes begin as a ZIP does; what cannot be read is none."""
    if isinstance(source, bytes):
        return source.startswith(_MAGIC)
    if not isinstance(source, str):
        return False
    try:
        with Path(source).open("rb") as file:
            return file.read(4) in _MAGIC
    except OSError:
        return False


def members(source: str | bytes, limits: ZipLimits) -> Iterator[Member | Exception | str | None]:
    """Go through the files in a ZIP file, in natural order.

    Yields
    ------
    Member
        A file in it, with its error when it is not to be read.
    Exception
        Why the ZIP file cannot be read, or not on from there.
    str
        Why nothing comes of it.
    None
        It is no archive, but a document that is kept in a ZIP.
    """
    try:
        archive = _Archive(source)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, IndexError, OverflowError):
        yield ConversionError("the ZIP file is damaged")
        return
    except OSError as error:
        yield error
        return
    infos = [info for info in archive.zip.infolist() if not info.filename.endswith("/")]
    if not _DOCUMENT_SIGNS.isdisjoint(info.filename for info in infos):
        yield None
        return
    if not infos:
        yield "the ZIP file is empty"
        return
    if len(infos) > limits.max_members:
        yield _too_much(f"the ZIP file has {len(infos)} members", "max_members", limits.max_members, len(infos))
        return
    total = 0
    for info in sorted(infos, key=_order):
        member = Member(archive, info)
        total += info.file_size
        member.error = _trouble(info, total, limits)
        if stat.S_ISLNK(info.external_attr >> 16):
            member.reason = "a link in a ZIP"
        yield member


def _trouble(info: zipfile.ZipInfo, total: int, limits: ZipLimits) -> Exception | None:
    """Return why a member is not to be read."""
    if info.flag_bits & _ENCRYPTED:
        return ConversionError("the member is encrypted", hint="unpack the ZIP file with its password first")
    largest = limits.max_member_bytes
    if info.file_size > largest:
        return _too_much(f"the member has {info.file_size} bytes", "max_member_bytes", largest, info.file_size)
    if total > limits.max_zip_bytes:
        return _too_much("the members of the ZIP file are too large", "max_zip_bytes", limits.max_zip_bytes, total)
    return None


def _too_much(what: str, limit: str, bound: int, value: int) -> LimitError:
    hint = "unpack the ZIP file first, when it is one to trust"
    return LimitError(f"{what}, expected at most {limit}={bound}", limit=limit, value=value, hint=hint)


def _order(info: zipfile.ZipInfo) -> list[Any]:
    """Sort files before folders, each by natural order."""
    *folders, name = info.filename.replace("\\", "/").split("/")
    return [*((1, natural_key(folder)) for folder in folders), (0, natural_key(name))]


def safe_relative(name: str) -> PurePath:
    r"""Return a path for a name that somebody else made up: below any folder, and a name on every system.

    Examples
    --------
    >>> safe_relative("../../etc/passwd").as_posix()
    'etc/passwd'
    >>> safe_relative("C:\\scans\\a.png").as_posix()
    'C_/scans/a.png'
    """
    parts = [_safe_part(part) for part in name.replace("\\", "/").split("/") if part.strip(". ")]
    return PurePath(*(PurePosixPath(part) for part in parts[-8:])) if parts else PurePath("file")


def _safe_part(part: str) -> str:
    part = _UNSAFE.sub("_", part).strip(" ").rstrip(". ")
    if _RESERVED.fullmatch(part):
        part = f"_{part}"
    if len(part.encode()) > _MAX_NAME:
        stem, dot, suffix = part.rpartition(".")
        end = f"{dot}{suffix}" if stem and len(suffix) <= 8 else ""
        part = part.encode()[: _MAX_NAME - len(end.encode())].decode(errors="ignore") + end
    return part
