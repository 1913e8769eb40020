"""`agentdeck cluster`: the Ray cluster on which plans may run their tasks."""

from __future__ import annotations

import click

from sessions.api.cluster import ClusterNode
from sessions.cli.asking import answered
from sessions.cli.output import CONTEXT, say, say_json


@click.group(context_settings=CONTEXT)
def cluster() -> None:
    """The Ray cluster on which plans may run their tasks."""


@cluster.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(as_json: bool) -> None:
    """Say what each node has: agentdeck, agents, models, memory. Exit code 1 if one lacks it."""
    found = answered(lambda client: client.call("cluster.nodes"))
    if as_json:
        say_json(found)
    else:
        for node in found:
            _say(node)
    if not found or any(node["fault"] for node in found):
        raise click.exceptions.Exit(1)


def _say(node: ClusterNode) -> None:
    labels = ", ".join(f"{k}={v}" for k, v in sorted(node["labels"].items()))
    say(f"{node['address']}  {node['host']}" + (f"  ({labels})" if labels else ""))
    has = ", ".join(_amount(name, value) for name, value in sorted(node["resources"].items()))
    say(f"  gives {has or 'nothing'}")
    if node["fault"]:
        say(f"  FAIL  {node['fault']}")
        return
    free = f"{node['memory'] / 2**30:.1f} GB free" if node["memory"] else "free memory unknown"
    say(f"  agentdeck {node['version']}, Python {node['python']}, {free}")
    for backend in [b for b in node["backends"] if b["ok"]]:
        model = f" {backend['model']}" if backend["model"] else ""
        say(f"  ok    {backend['name']}{model}")
    lacking = ", ".join(b["name"] for b in node["backends"] if not b["ok"])
    if lacking:
        say(f"  -     not there: {lacking}")


def _amount(name: str, value: float) -> str:
    return f"{name} {value / 2**30:.1f} GB" if name == "memory" else f"{name} {value:g}"
