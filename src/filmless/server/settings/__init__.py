"""What a server is told: a tree of frozen dataclasses, read from TOML and from the command line by one table."""

from filmless.server.settings.options import OPTIONS, TABLES, Option, TableOption
from filmless.server.settings.reading import read_settings
from filmless.server.settings.tree import Settings
from filmless.server.settings.writing import as_toml

__all__ = ["OPTIONS", "TABLES", "Option", "Settings", "TableOption", "as_toml", "read_settings"]
