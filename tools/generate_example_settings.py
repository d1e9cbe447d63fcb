"""Write deploy/filmless.toml: every setting of the server with its default, explained.

python tools/generate_example_settings.py            write the file
python tools/generate_example_settings.py --check    exit with 1 when the committed file is not what would be written
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from filmless.server.settings import as_toml, read_settings

FILE = Path(__file__).resolve().parent.parent / "deploy" / "filmless.toml"


def main(arguments: Sequence[str]) -> int:
    """Write the file, or compare it."""
    text = as_toml(read_settings(given={"data": "/var/lib/filmless"}))
    if "--check" not in arguments:
        FILE.write_text(text, encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != text:
        print(f"{FILE} is old: python tools/{Path(__file__).name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
