"""Commands whose modules are imported when they are used: the others start fast."""

from importlib import import_module
from typing import Any

import click

__all__ = ["Later"]


class Later(click.Command):
    """Stands for a command until it is called.

    Parameters
    ----------
    name
        Of the command, and of its module in `filmless.cli` and what that has it under.
    short_help
        What the list of commands says of it.
    """

    def __init__(self, name: str, *, short_help: str) -> None:
        super().__init__(name, short_help=short_help)

    def command(self) -> click.Command:
        """Return the command."""
        found: click.Command = getattr(import_module(f"filmless.cli.{self.name}"), str(self.name))
        return found

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Make the context of the command itself."""
        return self.command().make_context(info_name, args, parent, **extra)
