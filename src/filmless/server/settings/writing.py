"""From settings to TOML, with what each option is in a comment: what ``--show-config`` and the example file are."""

import dataclasses
import json
import textwrap
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from filmless.server.settings.options import OPTIONS, SECTIONS, TABLES, TableOption, default_of, words
from filmless.server.settings.tree import Settings

__all__ = ["as_toml"]

_SAMPLES: Final[dict[str, Any]] = {
    "ae_titles": ("CT-1",),
    "passcode": "scrypt$...",
    "url": "https://archive.example.org/dicom-web",
    "to": ("NAME",),
    "match": {"Modality": "CT"},
    "max_age_days": 3650.0,
    "name": "ct-1",
    "sha256": "",
}


def as_toml(settings: Settings, *, comments: bool = True) -> str:
    """Write settings as TOML that `read_settings` reads; what is not set stands in a comment.

    Parameters
    ----------
    settings
        What is written; a password in the URL of the index is not.
    comments
        Whether each option is explained.
    """
    lines: list[str] = []
    for key, owner, _ in SECTIONS:
        holder = _at(settings, key)
        mark = "# " if holder is None else ""
        if key:
            lines += ["", *([f"# {_summary(owner)}"] if comments else []), f"{mark}[{key}]"]
        for option in OPTIONS:
            if option.section == key:
                lines += _explained(option.help, option.flag or "FOLDER ...") if comments else []
                value = option.default if holder is None else getattr(holder, option.name)
                line = _line(option.name, _shown(option.key, None if value is dataclasses.MISSING else value))
                lines.append(line if line.startswith("#") else mark + line)
    for table in TABLES:
        lines += _rows(settings, table, comments=comments)
    return "\n".join(line for place, line in enumerate(lines) if line or (place and lines[place - 1])) + "\n"


def _at(settings: Settings, key: str) -> Any:
    found: Any = settings
    for name in filter(None, key.split(".")):
        found = getattr(found, name)
    return found


def _summary(owner: type) -> str:
    return (owner.__doc__ or "").strip().partition("\n")[0]


def _explained(text: str, twin: str) -> list[str]:
    text = f"{text} ({twin})"
    return ["", *textwrap.wrap(text, 118, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)]


def _line(name: str, value: Any) -> str:
    return f"# {name} =" if value is None else f"{name} = {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_text(one)}" for name, one in value.items()) + " }" if value else "{}"
    if isinstance(value, frozenset):
        return _text(tuple(sorted(value)))
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str | Path):
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007F")
    return json.dumps(value)


def _key(name: str) -> str:
    is_bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if is_bare else _text(name)


def _rows(settings: Settings, table: TableOption, *, comments: bool) -> list[str]:
    """Write the tables of a kind; where there are none, an example in comments."""
    rows = _at(settings, table.key)
    named = rows.items() if table.is_named else (("", row) for row in rows)
    lines: list[str] = []
    for name, row in named:
        lines += ["", f"[{table.key}.{_key(name)}]" if table.is_named else f"[[{table.key}]]"]
        lines += [_line(field.name, getattr(row, field.name)) for field in dataclasses.fields(row)]
    if lines or not comments:
        return lines
    head = f"[{table.key}.NAME]" if table.is_named else f"[[{table.key}]]"
    lines = ["", f"# {_summary(table.owner)} ({table.flag} '{table.metavar}')", f"# {head}"]
    for field in dataclasses.fields(table.owner):
        lines += [f"#   {line}" for line in _explained(words(table.owner)[field.name], field.name)[1:]]
        default = default_of(field)
        sample = _SAMPLES.get(field.name, default) if not default or default is dataclasses.MISSING else default
        lines.append(f"# {_line(field.name, sample).removeprefix('# ')}")
    return lines


def _shown(key: str, value: Any) -> Any:
    if key == "index" and value is not None:
        import sqlalchemy as sa

        try:
            return sa.make_url(value).render_as_string(hide_password=True)
        except sa.exc.ArgumentError:
            return value
    return value
