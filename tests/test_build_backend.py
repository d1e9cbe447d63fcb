"""The viewer is built when it is stale, and by nobody who installs from a source distribution."""

import importlib.util
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
HOOKS = ["build_wheel", "build_editable", "build_sdist"]


class Npm:
    """Stands for npm: notes what it is called with, and builds."""

    def __init__(self, built: Path) -> None:
        self.calls: list[list[str]] = []
        self._built, self.version = built, "v22.12.0\n"

    def run(self, command: list[str], **options: object) -> SimpleNamespace:
        if command[1:] == ["--version"]:
            return SimpleNamespace(stdout=self.version)
        self.calls.append(command[1:3])
        if command[1] == "run":
            shutil.rmtree(self._built, ignore_errors=True)  # as Vite does
            self._built.mkdir(parents=True)
            (self._built / "index.html").write_text("built")
        return SimpleNamespace(returncode=0)


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The backend, on a viewer of three files, with an npm and a maturin that only note that they were called."""
    specification = importlib.util.spec_from_file_location("backend_on_trial", ROOT / "build_backend/backend.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    viewer, built = tmp_path / "viewer", tmp_path / "static"
    (viewer / "src").mkdir(parents=True)
    (viewer / "src" / "main.ts").write_text("main")
    (viewer / "index.html").write_text("page")
    (viewer / "package-lock.json").write_text("{}")
    monkeypatch.setattr(module, "_VIEWER", viewer)
    monkeypatch.setattr(module, "_BUILT", built)
    module.npm = Npm(built)
    monkeypatch.setattr(subprocess, "run", module.npm.run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/somewhere/{name}")
    module.made = []
    for name in HOOKS:
        monkeypatch.setattr(module.maturin, name, lambda *arguments, name=name: module.made.append(name) or "file")
        require = f"get_requires_for_{name}"
        monkeypatch.setattr(module.maturin, require, lambda config_settings=None: ["maturin"])
    return module


@pytest.mark.parametrize("hook", HOOKS)
def test_it_is_built_once(backend: ModuleType, hook: str) -> None:
    assert getattr(backend, hook)("dist") == "file"
    assert backend.npm.calls == [["ci", "--no-audit"], ["run", "build"]]
    getattr(backend, hook)("dist")
    assert len(backend.npm.calls) == 2
    assert backend.made == [hook, hook]


def edit(viewer: Path) -> None:
    (viewer / "src" / "main.ts").write_text("other")


def add(viewer: Path) -> None:
    (viewer / "src" / "deep").mkdir()
    (viewer / "src" / "deep" / "new.css").write_text("")


def rename(viewer: Path) -> None:
    (viewer / "src" / "main.ts").rename(viewer / "src" / "start.ts")


def lock(viewer: Path) -> None:
    (viewer / "package-lock.json").write_text('{"other": 1}')


@pytest.mark.parametrize("change", [edit, add, rename, lock])
def test_it_is_built_anew_when_something_changed(backend: ModuleType, change) -> None:
    backend.build_wheel("dist")
    change(backend._VIEWER)
    assert backend._is_stale()
    backend.build_wheel("dist")
    assert backend.npm.calls[2:] == [["ci", "--no-audit"], ["run", "build"]]
    assert not backend._is_stale()


def test_what_is_no_source_does_not_count(backend: ModuleType) -> None:
    backend.build_wheel("dist")
    (backend._VIEWER / "node_modules").mkdir()
    (backend._VIEWER / "node_modules" / "package.json").write_text("{}")
    main = backend._VIEWER / "src" / "main.ts"
    main.write_bytes(b"main\r\n")
    before = backend._digest()
    main.write_bytes(b"main\n")
    assert backend._digest() == before  # a checkout of Windows
    main.write_text("main")
    assert not backend._is_stale()


def test_packages_that_are_installed_stay(backend: ModuleType) -> None:
    installed = backend._VIEWER / "node_modules" / ".package-lock.json"
    installed.parent.mkdir()
    installed.write_text("{}")
    backend.build_wheel("dist")
    assert backend.npm.calls == [["run", "build"]]


@pytest.mark.parametrize("hook", HOOKS)
def test_node_is_asked_for_only_where_it_is_missing_and_needed(
    backend: ModuleType, monkeypatch: pytest.MonkeyPatch, hook: str
) -> None:
    require = getattr(backend, f"get_requires_for_{hook}")
    assert require() == ["maturin"]  # the machine has it
    backend.npm.version = "v18.20.4\n"
    assert require() == ["maturin", backend._NODE]
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert require() == ["maturin", backend._NODE]
    with pytest.raises(RuntimeError, match=r"npm with Node 20\.19 or newer"):
        getattr(backend, hook)("dist")
    assert backend.made == []


def test_a_wheel_of_a_source_distribution_needs_no_node(
    backend: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What `pyproject.toml` puts into a source distribution is all that the digest is of, and what was built."""
    backend.build_sdist("dist")
    include = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["maturin"]["include"]
    of_viewer = {row["path"] for row in include if row["path"].startswith("viewer/")}
    assert of_viewer == {f"viewer/{pattern}" for pattern in backend._SOURCES}
    unpacked = tmp_path / "unpacked"
    for pattern in backend._SOURCES:
        for path in backend._VIEWER.glob(pattern):
            if path.is_file():
                target = unpacked / path.relative_to(backend._VIEWER)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    monkeypatch.setattr(backend, "_VIEWER", unpacked)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    calls = len(backend.npm.calls)
    assert backend.get_requires_for_build_wheel() == ["maturin"]
    assert backend.build_wheel("dist") == "file"
    assert len(backend.npm.calls) == calls
    assert {"sdist", "wheel"} == set(
        next(row["format"] for row in include if row["path"] == "src/filmless/viewer/static/**/*")
    )
