"""The shape of the package, as ARCHITECTURE.md draws it."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import filmless

SOURCE = Path(filmless.__file__).parent
TREE = SOURCE.parent.parent

#: Rooms by floor. A module imports its own room and lower floors, never a neighbour.
FLOORS = [
    ["file"],
    ["pixels"],
    ["series"],
    ["objects"],
    ["convert", "tables", "deid", "validate"],
    ["archive", "security"],
    ["dimse", "dicomweb"],
    ["viewer"],
    ["server"],
    ["cli"],
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS, start=1) for room in rooms}
#: Modules directly in the package (errors, dataset, _core): shared by all, below all rooms.
GROUND = 0
#: The package itself composes the rooms: it stands above all of them but the command line, which is one of its users.
TOP = len(FLOORS) - 0.5

#: The only imports that go up: a convenience of `Dataset`, imported in the body of the method.
UPWARD = {
    ("dataset.py", "Dataset.pixel_array", "pixels"),
    ("dataset.py", "Dataset.save_as", "file"),
    ("dataset.py", "Dataset._repr_png_", "pixels"),
}


class Arrow(NamedTuple):
    """An import: from where in which file, to which module or name of the package."""

    file: str
    scope: str
    target: str


def place(module: str) -> tuple[str, float]:
    """Room and floor of a dotted name inside the package: ``file._read``, ``errors`` or nothing for the package."""
    room = module.partition(".")[0]
    if room in FLOOR:
        return room, FLOOR[room]
    if room in {"", "__init__", "__main__"}:
        return "", TOP
    is_module = any((SOURCE / f"{room}{suffix}").exists() for suffix in (".py", ".pyi"))
    assert is_module or not (SOURCE / room).is_dir(), f"room {room} has no floor: add it to FLOORS"
    # A name the package re-exports is the package's, not a module's.
    return (room, GROUND) if is_module else ("", TOP)


def targets(node: ast.AST, package: list[str]) -> Iterator[str]:
    """What an import statement, or a call of `import_module`, names inside filmless, without that prefix."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) + 1 - node.level] if node.level else []
        start = ".".join([*base, *filter(None, [node.module])])
        names = [f"{start}.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        names = [str(node.args[0].value)] if function in {"import_module", "__import__"} else []
    for name in names:
        if name == "filmless" or name.startswith("filmless."):
            yield name.removeprefix("filmless").removeprefix(".")


def walk(node: ast.AST, scope: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Every node below this one, with the qualified name of the definition it lies in."""
    for child in ast.iter_child_nodes(node):
        yield scope, child
        named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        yield from walk(child, f"{scope}.{child.name}".strip(".") if named else scope)


def arrows(path: Path) -> Iterator[Arrow]:
    """All imports of one file that stay inside filmless."""
    relative = path.relative_to(SOURCE)
    package = ["filmless", *relative.parent.parts]
    for scope, node in walk(ast.parse(path.read_text(encoding="utf-8"))):
        for target in targets(node, package):
            yield Arrow(relative.as_posix(), scope, target)


def upward(path: Path) -> set[tuple[str, str, str]]:
    """The imports of a file that go to a higher floor or to a neighbour on the same."""
    room, floor = place(".".join(path.relative_to(SOURCE).with_suffix("").parts))
    found = set()
    for arrow in arrows(path):
        to_room, to_floor = place(arrow.target)
        if to_floor > floor or (to_floor == floor != GROUND and to_room != room):
            found.add((arrow.file, arrow.scope, to_room or "filmless"))
    return found


def modules() -> list[Path]:
    """Every Python file of the package."""
    return sorted(SOURCE.rglob("*.py"))


def hand_written() -> list[Path]:
    """Every source file that a person wrote; generated ones say `@generated` on their first line."""
    folders = ["src", "build_backend", "crates", "tests", "benchmarks", "examples", "tools"]
    files = [path for folder in folders for kind in ("*.py", "*.pyi", "*.rs") for path in (TREE / folder).rglob(kind)]
    return [path for path in files if "target" not in path.parts and "@generated" not in first_line(path)]


def first_line(path: Path) -> str:
    """The first line of a text file."""
    with path.open(encoding="utf-8") as text:
        return text.readline()


def test_rooms_import_downward_only() -> None:
    found = set().union(*(upward(path) for path in modules()))
    assert found - UPWARD == set()


def test_an_upward_import_is_seen(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").mkdir()
    (tmp_path / "errors.py").write_text("")
    (tmp_path / "dataset.py").write_text(
        "from .errors import X\nclass Dataset:\n def save_as(self):\n  from .file import w"
    )
    (tmp_path / "file/_read.py").write_text(
        "from ..errors import X\nfrom . import y\nimport filmless.dataset\nfrom filmless import read, errors\n"
        "def f():\n from ..pixels import z\n importlib.import_module('filmless.cli')\n"
    )
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    assert upward(tmp_path / "dataset.py") == {("dataset.py", "Dataset.save_as", "file")}
    assert upward(tmp_path / "file/_read.py") == {
        ("file/_read.py", "", "filmless"),
        ("file/_read.py", "f", "pixels"),
        ("file/_read.py", "f", "cli"),
    }


def test_files_are_short() -> None:
    lengths = {path.relative_to(TREE).as_posix(): len(path.read_text().splitlines()) for path in hand_written()}
    for name, lines in lengths.items():
        if lines > 400:
            print(f"{name} has {lines} lines: 400 are the rule")
    assert {name: lines for name, lines in lengths.items() if lines > 800} == {}


def test_modules_are_named_for_what_they_do() -> None:
    idle = {"utils", "util", "common", "helpers", "helper", "misc"}
    assert [path for path in hand_written() if path.stem.strip("_") in idle or path.parent.name in idle] == []


def test_a_room_re_exports_at_most_12_names() -> None:
    for room in FLOOR:
        init = SOURCE / room / "__init__.py"
        if init.exists():
            names = vars(__import__(f"filmless.{room}", fromlist=["__all__"]))["__all__"]
            assert len(names) <= 12, f"filmless.{room} re-exports {len(names)} names"


def test_dataset_has_at_most_25_public_methods() -> None:
    names = [name for name in dir(filmless.Dataset) if not name.startswith("_")]
    methods = [name for name in names if inspect.isroutine(inspect.getattr_static(filmless.Dataset, name))]
    assert len(methods) <= 25, methods
