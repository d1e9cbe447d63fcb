"""Options under headings, for commands that have many."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["GroupedCommand", "OwnFirstCommand", "in_group"]

Command = TypeVar("Command", bound=Callable[..., Any])
_OTHERS = "Others"


class GroupedCommand(click.Command):
    """A command whose help has a heading for each group of options."""

    others, are_others_last = _OTHERS, True

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group, in the order in which these are first used."""
        groups: dict[str, list[tuple[str, str]]] = {}
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        for parameter in sorted(options, key=lambda one: hasattr(one, "group") != self.are_others_last):
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(parameter, "group", self.others), []).append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records, col_max=26)


class OwnFirstCommand(GroupedCommand):
    """One whose own options come before those that it shares with others, which are in groups."""

    others, are_others_last = "Options", False


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
