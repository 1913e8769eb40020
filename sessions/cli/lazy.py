"""Groups whose commands stand in other modules, which are imported when they are called."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import ClassVar

import click


class LazyGroup(click.Group):
    """A group with commands of its own, and some that are imported when they are called."""

    ELSEWHERE: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Command → module, attribute. One whose module is not there is no command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands that are there."""
        there = [name for name, (module, _) in self.ELSEWHERE.items() if _there(module)]
        return [*super().list_commands(ctx), *there]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        found = self.ELSEWHERE.get(cmd_name)
        if found is None or not _there(found[0]):
            return super().get_command(ctx, cmd_name)
        command = getattr(importlib.import_module(found[0]), found[1])
        assert isinstance(command, click.Command)
        return command


def _there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
