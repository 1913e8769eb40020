"""A command's function called in this process, as the command line calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from click.testing import CliRunner, Result

from sessions.cli.output import CONTEXT


def invoke(command: click.Command, words: Sequence[str], **more: Any) -> Result:
    """What `command` prints and how it ends.

    click keeps a command's option for help as it was made first: without what the group above says
    of it, who calls the command next would find no `-h`.
    """
    context: dict[str, Any] = {**CONTEXT, **more}
    return CliRunner().invoke(command, words, **context)
