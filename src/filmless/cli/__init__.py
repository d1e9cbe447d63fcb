"""The command line: `filmless dump`, `show`, `check`, `convert`, `edit`, `scan`.

Each command is a file; data goes to stdout, everything else to stderr. It serves PS3.10 files and PS3.3 A.8 images.
"""

from filmless.cli.program import main

__all__ = ["main"]
