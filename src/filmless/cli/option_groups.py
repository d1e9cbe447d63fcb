"""Options under headings, for commands that have many."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["GroupedCommand", "in_group"]

Command = TypeVar("Command", bound=Callable[..., Any])
_OTHERS = "Others"


class GroupedCommand(click.Command):
    """A command whose help has a heading for each group of options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group, in the order in which these are first used; those in none come last."""
        groups: dict[str, list[tuple[str, str]]] = {}
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        for parameter in sorted(options, key=lambda one: getattr(one, "group", _OTHERS) == _OTHERS):
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(parameter, "group", _OTHERS), []).append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records, col_max=26)


def in_group(title: str, *options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Put options of a command, as decorators, under a heading."""

    def decorate(command: Command) -> Command:
        before = list(getattr(command, "__click_params__", []))
        for option in reversed(options):
            command = option(command)
        for parameter in command.__click_params__:  # type: ignore[attr-defined]
            if all(parameter is not known for known in before):
                parameter.group = title
        return command

    return decorate
