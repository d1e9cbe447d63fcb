"""From settings to TOML, with what each option is in a comment: what ``--show-config`` and the example file are."""

import dataclasses
import json
import textwrap
import typing
from pathlib import Path
from typing import Any

from filmless.server.settings.options import OPTIONS, TABLES, default_of, sections, words
from filmless.server.settings.tree import Settings

__all__ = ["as_toml"]


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
    for section, owner in sections().items():
        if section:
            title = _summary(owner)
            lines += ["", f"# {title}" if comments else "", f"[{section}]"]
        holder = getattr(settings, section) if section else settings
        for option in OPTIONS:
            if option.section == section:
                twin = option.flag or "FOLDER ..."
                lines += _explained(option.help, twin) if comments else []
                lines.append(_line(option.name, _shown(option.key, getattr(holder, option.name))))
    for name, peer in settings.peers.items():
        lines += ["", f"[peers.{_key(name)}]", *_fields(peer)]
    for rule in settings.forward:
        lines += ["", "[[forward]]", *_fields(rule)]
    if comments:
        lines += _examples(settings)
    return "\n".join(line for place, line in enumerate(lines) if line or (place and lines[place - 1])) + "\n"


def _summary(owner: type) -> str:
    """Return the first line of a docstring."""
    return (owner.__doc__ or "").strip().partition("\n")[0]


def _explained(text: str, twin: str) -> list[str]:
    return [
        "",
        *textwrap.wrap(f"{text} ({twin})", 118, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False),
    ]


def _line(name: str, value: Any) -> str:
    return f"# {name} =" if value is None else f"{name} = {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_text(one)}" for name, one in value.items()) + " }" if value else "{}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, str | Path):
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007F")
    return json.dumps(value)


def _key(name: str) -> str:
    is_bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if is_bare else _text(name)


def _fields(row: Any) -> list[str]:
    return [_line(field.name, getattr(row, field.name)) for field in dataclasses.fields(row)]


def _shown(key: str, value: Any) -> Any:
    if key == "index" and value is not None:
        import sqlalchemy as sa

        try:
            return sa.make_url(value).render_as_string(hide_password=True)
        except sa.exc.ArgumentError:
            return value
    return value


def _examples(settings: Settings) -> list[str]:
    """Show the tables that there are none of, in comments."""
    lines: list[str] = []
    heads = {"peers": "[peers.NAME]", "forward": "[[forward]]"}
    for table in TABLES:
        if getattr(settings, table.key):
            continue
        lines += ["", f"# {_summary(table.type)} ({table.flag} '{table.metavar}')", f"# {heads[table.key]}"]
        hints = typing.get_type_hints(table.type)
        for field in dataclasses.fields(table.type):
            lines += [f"#   {line}" for line in _explained(words(table.type)[field.name], field.name)[1:]]
            default = default_of(field)
            sample = _SAMPLES.get(field.name) if default is dataclasses.MISSING else default
            sample = _SAMPLES.get(field.name, sample) if typing.get_origin(hints[field.name]) is dict else sample
            lines.append(f"# {_line(field.name, sample).removeprefix('# ')}")
    return lines


_SAMPLES: dict[str, Any] = {
    "url": "https://archive.example.org/dicom-web",
    "to": ("NAME",),
    "match": {"Modality": "CT"},
}
