"""`agentdeck hosts`: the machines whose sessions are in this deck."""

from __future__ import annotations

import click

from sessions.cli.asking import answered
from sessions.cli.output import CONTEXT, say, say_json, table


@click.command(context_settings=CONTEXT)
@click.option("--again", is_flag=True, help="Try those at once that can't be reached.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def hosts(again: bool, as_json: bool) -> None:
    """List the machines of [hosts]: whether each is reached, and how many sessions it has."""
    found = answered(lambda client: client.call("deck.hosts", again=again))
    if as_json:
        say_json(found)
        return
    if not found:
        say('There are no hosts. [hosts.NAME] ssh = "…" in the configuration names one.')
        return
    rows = [
        (host["name"], host["version"] or "-", str(host["sessions"]), host["why"] or "reached")
        for host in found
    ]
    table(rows, ("host", "version", "sessions", "state"))
