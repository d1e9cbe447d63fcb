"""A document of headings, paragraphs and tables."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Statement", "Table"]


class Table(NamedTuple):
    """A table of text."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(slots=True)
class Statement:
    """A document of headings, paragraphs and tables, which reads the same as Markdown and as HTML."""

    title: str
    parts: list[tuple[str, list[str | Table]]] = field(default_factory=list)

    def add(self, heading: str, *content: str | Table) -> None:
        """Add a section."""
        self.parts.append((heading, list(content)))

    def markdown(self) -> str:
        """Return it as Markdown."""
        lines = [f"# {_plain(self.title)}"]
        for heading, content in self.parts:
            lines += ["", f"## {_plain(heading)}"]
            for part in content:
                if isinstance(part, str):
                    lines += ["", _plain(part)]
                    continue
                lines += ["", _row(part.head), "|" + "---|" * len(part.head), *map(_row, part.rows)]
        return "\n".join(lines) + "\n"

    def html(self) -> str:
        """Return it as the body of a page."""
        out = [f"<h1>{html.escape(self.title)}</h1>"]
        for heading, content in self.parts:
            out.append(f"<h2>{html.escape(heading)}</h2>")
            for part in content:
                if isinstance(part, str):
                    out.append(f"<p>{html.escape(part)}</p>")
                    continue
                rows = ["".join(f"<th>{html.escape(cell)}</th>" for cell in part.head)]
                rows += ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in part.rows]
                out.append("<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>")
        return "".join(out)


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("<", "\\<")


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_plain(cell).replace("|", "\\|") for cell in cells) + " |"
