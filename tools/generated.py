"""Files of the repository that a program writes: written, or compared with what would be written."""

import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def settle(files: Mapping[str, str]) -> int:
    """Write files, named from the repository's root; with `--check`, say which are stale and return 1."""
    if "--check" not in sys.argv[1:]:
        for name, text in files.items():
            (ROOT / name).write_text(text, encoding="utf-8", newline="\n")
        return 0
    stale = [name for name, text in files.items() if not _is(ROOT / name, text)]
    for name in stale:
        print(f"`{name}` is stale\nhint: run python tools/{Path(sys.argv[0]).name}", file=sys.stderr)
    return 1 if stale else 0


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
