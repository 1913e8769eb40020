"""`agentdeck completion SHELL`: a script that completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from sessions.cli.output import CONTEXT
from sessions.errors import UsageError

_WHERE = {
    "bash": "~/.local/share/bash-completion/completions/agentdeck",
    "zsh": "a folder of your $fpath, as _agentdeck",
    "fish": "~/.config/fish/completions/agentdeck.fish",
}


@click.command(context_settings=CONTEXT)
@click.argument("shell", type=click.Choice(sorted(_WHERE)))
def completion(shell: str) -> None:
    """Print the completion script for SHELL.

    Save it to ~/.local/share/bash-completion/completions/agentdeck (bash), as _agentdeck in a
    folder of $fpath (zsh), or to ~/.config/fish/completions/agentdeck.fish (fish).
    """
    from sessions.cli.commands import cli

    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"There is no completion for {shell}.")
    click.echo(found(cli, {}, "agentdeck", "_AGENTDECK_COMPLETE").source())
