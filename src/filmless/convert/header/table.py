"""Header values of a CSV table: a row a file, a column a keyword."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from filmless.convert.header.given import Key, Layer, checked, key_named, text_as_value
from filmless.errors import ConversionError, LimitError

if TYPE_CHECKING:
    from filmless.convert.header.rules import Origin

__all__ = ["HeaderTable"]

_MAX_BYTES = 1 << 28
_MAX_COLUMNS = 2000
_DELIMITERS = ",;\t|"
_MAX_TOLD = 20  # of what is wrong
_IGNORED = re.compile(r"#.*|\[.*\]|\((?![0-9A-Fa-f]{4},?[0-9A-Fa-f]{4}\)$).*\)", re.DOTALL)
_KEYS = ("file", "path", "filename", "file name", "file_name")


class _Column(NamedTuple):
    title: str
    key: Key
    vr: str


class _Row(NamedTuple):
    number: int
    layer: Layer


class _Wrong:
    """What is wrong in a table, told together: who corrects it wants to know all."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._first: list[ConversionError] = []
        self._more = 0

    def add(self, error: ConversionError) -> None:
        if len(self._first) < _MAX_TOLD:
            self._first.append(error)
        else:
            self._more += 1

    def refuse(self) -> None:
        """Raise what was found, if anything was."""
        if not self._first:
            return
        if len(self._first) == 1:
            raise self._first[0]
        told = "; ".join(error.message.removesuffix(f" of {self._table}") for error in self._first)
        more = f"; and {self._more} more" if self._more else ""
        hints = dict.fromkeys(error.hint for error in self._first if error.hint)
        raise ConversionError(
            f"{len(self._first) + self._more} values or rows of {self._table} are wrong: {told}{more}",
            hint=next(iter(hints)) if len(hints) == 1 else None,
        )


class HeaderTable:
    """A table, read and checked as a whole.

    Parameters
    ----------
    path
        Of the CSV file: its first row has keywords (or ``gggg,eeee``, or paths into sequences). A column whose title
        begins with ``#`` or is in brackets is ignored: ``#note``, ``[note]``, ``(note)``.
    key
        The column that names the file; None for the first.
    encoding
        None for UTF-8, or UTF-16 with its mark.
    delimiter
        None for what the first row has: comma, semicolon, tab or bar.

    Raises
    ------
    ConversionError
        Something in it is wrong; row and column of each wrong cell are named, and no value.
    LimitError
        It is too large.
    OSError
        It cannot be read.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        key: str | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
    ) -> None:
        self.path = fspath(path)
        self.name = Path(self.path).name
        text = _decoded(Path(self.path), encoding)
        lines = _records(text, delimiter or _delimiter_of(text), self.name)
        _, titles = next(lines, (1, []))
        self._key_at, self._columns = self._head([title.strip() for title in titles], key)
        self._untitled = {at for at, title in enumerate(titles) if not title.strip()}
        self._rows: dict[str, _Row] = {}
        self._folded: dict[str, _Row] | None = None
        self._instances: dict[str, int] = {}
        self._patients: dict[str, tuple[str, int]] = {}
        checked_before: dict[tuple[int, str], Any] = {}
        wrong = _Wrong(self.name)
        for number, cells in lines:
            try:
                self._add(number, cells, checked_before, wrong)
            except ConversionError as error:
                wrong.add(error)
        wrong.refuse()

    def values_of(self, origin: "Origin") -> Layer:
        """Return the values of a file's row.

        Raises
        ------
        ConversionError
            It has none.
        """
        row = self._row_of(origin)
        if row is None:
            near = self._row_of(origin, self._in_any_case())
            if near is not None:
                raise ConversionError(
                    f"{self.name} has no row for the file: row {near.number} names it with other capital letters"
                )
            raise ConversionError(f"{self.name} has no row for the file", hint="a row names its file by name or path")
        return row.layer

    def rows_without_file(self, origins: Iterable["Origin"]) -> str | None:
        """Name the rows that no file has; refuse one that several files have by their name alone.

        Raises
        ------
        ConversionError
            Two files of one name in two folders have the same row: whose it is cannot be told.
        """
        found: dict[int, set[tuple[str | None, str, str]]] = {}
        for origin in origins:
            row = self._row_of(origin)
            if row is not None:
                found.setdefault(row.number, set()).add((origin.path, origin.folder, origin.name))
        for number, files in found.items():
            if len(files) > 1:
                raise ConversionError(
                    f"row {number} of {self.name} is that of {len(files)} files of the same name",
                    hint="give the path below the folder in place of the name",
                )
        numbers = [row.number for row in self._rows.values() if row.number not in found]
        if not numbers:
            return None
        named = ", ".join(map(str, numbers[:_MAX_TOLD]))
        more = f" and {len(numbers) - _MAX_TOLD} more" if len(numbers) > _MAX_TOLD else ""
        if len(numbers) == 1:
            return f"row {named} of {self.name} is of no file"
        return f"{len(numbers)} rows of {self.name} are of no file: rows {named}{more}"

    def check_study(self, study: str) -> None:
        """Check the rows that name no study of their own, when all of these are of one.

        Raises
        ------
        ConversionError
            They are of several patients.
        """
        for row in self._rows.values():
            if not row.layer.values.get("StudyInstanceUID"):
                self._check_patient(study, row.layer.values, row.number)

    def _check_patient(self, study: str, values: Mapping[Key, Any], number: int) -> None:
        """Refuse two patients in one study: an archive would take them for one."""
        patient = values.get("PatientID")
        if patient:
            before, row = self._patients.setdefault(study, (patient, number))
            if before != patient:
                raise ConversionError(f"rows {row} and {number} of {self.name} are two patients in one study")

    def _in_any_case(self) -> dict[str, _Row]:
        if self._folded is None:
            self._folded = {name.casefold(): row for name, row in self._rows.items()}
        return self._folded

    def _row_of(self, origin: "Origin", folded: Mapping[str, _Row] | None = None) -> _Row | None:
        path = _plain_path(origin.path or "")
        absolute = _plain_path(str(Path(origin.path).absolute())) if origin.path else ""
        # As it was named, else by as many of its folders as a row has, and at last by its name alone.
        parts = absolute.split("/")
        tails = ("/".join(parts[at:]) for at in range(len(parts)))
        if folded is not None:
            return next((folded[one] for one in (one.casefold() for one in (path, *tails)) if one in folded), None)
        return next((self._rows[one] for one in (path, *tails) if one in self._rows), None)

    def _head(self, titles: Sequence[str], key: str | None) -> tuple[int, list[_Column | None]]:
        """Find the elements of the columns; None for that of the files, and for empty ones that programs leave."""
        if not any(titles):
            raise ConversionError(f"{self.name} is empty, expected a first row with keywords")
        if len(titles) > _MAX_COLUMNS:
            raise LimitError(f"{self.name} has {len(titles)} columns, expected at most {_MAX_COLUMNS}")
        if key is None and titles[0].casefold() not in _KEYS:
            raise ConversionError(
                f"the first column of {self.name} is not file, path or filename", hint="table_key names it"
            )
        key_at = 0 if key is None else titles.index(key) if key in titles else -1
        if key_at < 0:
            raise ConversionError(f"{self.name} has no column `{str(key)[:100]}` that names files")
        columns: list[_Column | None] = []
        for at, title in enumerate(titles):
            if at == key_at or not title or _IGNORED.fullmatch(title):
                columns.append(None)
                continue
            element, vr = self._element(title, at)
            if any(column is not None and column.key == element for column in columns):
                raise ConversionError(f"column {title} is there twice: {self.name}")
            columns.append(_Column(title, element, vr))
        return key_at, columns

    def _element(self, title: str, at: int) -> tuple[Key, str]:
        try:
            return key_named(title, f"column {at + 1} of {self.name}")
        except ConversionError as error:
            near = f"{error.hint} A" if error.hint else "a"
            error.hint = f"{near} column is ignored when its title begins with #"
            raise

    def _add(self, number: int, cells: Sequence[str], before: dict[tuple[int, str], Any], wrong: "_Wrong") -> None:
        if len(cells) != len(self._columns):
            raise ConversionError(
                f"row {number} of {self.name} has {len(cells)} cells, expected {len(self._columns)} as in the first"
            )
        file = _plain_path(cells[self._key_at].strip())
        if not file:
            raise ConversionError(f"row {number} of {self.name} names no file")
        if file in self._rows:
            raise ConversionError(f"rows {self._rows[file].number} and {number} of {self.name} name the same file")
        values: dict[Key, Any] = {}
        is_whole = True
        for at, (column, cell) in enumerate(zip(self._columns, cells, strict=True)):
            text = cell.strip()
            if not text or at == self._key_at:
                continue
            if column is None:
                if at in self._untitled:
                    raise ConversionError(
                        f"row {number} of {self.name} has a value in column {at + 1}, which has no keyword",
                        hint="a column is ignored when its title begins with #",
                    )
                continue
            if (at, text) not in before:
                where = f"row {number}, column {column.title} of {self.name}"
                try:
                    value = text_as_value(column.key, column.vr, text, where)
                    before[at, text] = checked(column.key, column.vr, value, where)
                except ConversionError as error:
                    wrong.add(error)
                    is_whole = False
                    continue
            values[column.key] = before[at, text]
        if is_whole and ("WindowCenter" in values) != ("WindowWidth" in values):
            raise ConversionError(f"row {number} of {self.name} has WindowCenter or WindowWidth without the other")
        if values.get("StudyInstanceUID"):
            self._check_patient(values["StudyInstanceUID"], values, number)
        instance = values.get("SOPInstanceUID")
        if instance is not None and self._instances.setdefault(instance, number) != number:
            raise ConversionError(
                f"rows {self._instances[instance]} and {number} of {self.name} have the same SOPInstanceUID"
            )
        self._rows[file] = _Row(number, Layer(values, f"row {number} of {self.name}"))


def _plain_path(path: str) -> str:
    """Make paths of any system comparable; names are compared composed, as macOS has them decomposed."""
    plain = unicodedata.normalize("NFC", path.replace("\\", "/"))
    return "/".join(part for part in plain.split("/") if part not in ("", ".")) if plain else ""


def _decoded(path: Path, encoding: str | None) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise LimitError(f"the table has more than {_MAX_BYTES} bytes", path=path, value=_MAX_BYTES)
    if encoding is None:
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except (LookupError, ValueError) as error:
        if isinstance(error, UnicodeError):
            raise ConversionError(
                f"{path.name} is not in {encoding[:40].removesuffix('-sig').upper()}",
                hint="table_encoding names another, such as cp1252",
            ) from None
        raise ConversionError(f"table_encoding `{encoding[:40]}` is not known") from None


def _delimiter_of(text: str) -> str:
    """Take the one that parts the first row into the most cells."""
    line = text[: 1 << 16].lstrip("\r\n").partition("\n")[0].rstrip("\r")

    def cells(delimiter: str) -> int:
        try:
            return len(next(csv.reader([line], delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=cells)


def _records(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with their number as a spreadsheet shows it."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ConversionError("table_delimiter has to be one character, no quote and no end of line")
    number = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise ConversionError(
                f"row {number} of {name} is no CSV: quotes do not fit, or a cell is too long"
            ) from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield number, cells
