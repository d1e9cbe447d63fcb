"""What is exported is what the documentation describes, and nothing else (the convention is in CONTRIBUTING.md)."""

import importlib
import re
from pathlib import Path

import pytest

import filmless

SOURCE = Path(filmless.__file__).parent
DOCS = SOURCE.parent.parent / "docs"
ROOMS = sorted(init.parent.name for init in SOURCE.glob("[!_]*/__init__.py"))


def exported(module: str) -> list[str]:
    """The names a module declares as its own."""
    names = importlib.import_module(module).__all__
    assert len(names) == len(set(names)), f"{module}.__all__ names something twice"
    return list(names)


def described(page: str, module: str) -> list[str]:
    """The names a page describes: each stands as ``::: module.name`` on a line of its own."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^::: {re.escape(module)}\.(\w+)$", text, re.MULTILINE)


@pytest.mark.parametrize("module", [*ROOMS, "errors"])
def test_a_room_exports_what_its_page_describes(module: str) -> None:
    name = f"filmless.{module}"
    assert sorted(described(f"{module}.md", name)) == sorted(exported(name))


def test_the_package_exports_what_the_front_page_lists() -> None:
    listed = re.findall(r"^\| \[`filmless\.(\w+)`\]", (DOCS / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(exported("filmless"))


@pytest.mark.parametrize("module", ["filmless", *(f"filmless.{room}" for room in ROOMS), "filmless.errors"])
def test_every_export_exists(module: str) -> None:
    loaded = importlib.import_module(module)
    assert [name for name in exported(module) if not hasattr(loaded, name)] == []
