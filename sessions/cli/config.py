"""`agentdeck config`: where the configuration is, and what it says."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from sessions.cli.output import CONTEXT, say, say_json
from sessions.errors import UsageError
from sessions.paths import places, private_folder
from sessions.safety import secrets_filter
from skills import private_files


@click.group(context_settings=CONTEXT)
def config() -> None:
    """Where the configuration is, and what it says."""


@config.command()
def path() -> None:
    """Print the file's path, whether it is there or not."""
    click.echo(str(places().config_file))


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Print what is in force, built-in values included; secrets are not shown."""
    from sessions import config as configuration

    told = _redacted(asdict(configuration.load()))
    if as_json:
        say_json(told)
        return
    import tomlkit

    say(tomlkit.dumps(_without_empty(told)))


@config.command()
@click.option("--force", is_flag=True, help="Replace the file that is there.")
def init(force: bool) -> None:
    """Put the annotated example where the configuration is read from."""
    from sessions.config.example import example

    target = places().config_file
    if target.exists() and not force:
        raise UsageError(f"{target} is there already.", "Use --force to replace it.")
    private_folder(target.parent)
    private_files.write(target.resolve(), example())
    say(f"written to {target}")


@config.command()
@click.option("--remove", "gone", metavar="ID", help="Take a rule back.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rules(gone: str | None, as_json: bool) -> None:
    """The permissions that were given for good."""
    from sessions.tools.rules import FileRules

    store = FileRules(places().config_file)
    if gone:
        store.revoke(gone)
        say(f"rule {gone} is taken back")
        return
    found = store.rules()
    if as_json:
        say_json([asdict(rule) for rule in found])
        return
    for rule in found:
        say(f"{rule.id}  {rule.shown}  (given {rule.made})")


def _redacted(value: Any) -> Any:
    """The same without what may be a secret: keys, passwords, and the environment of others."""
    if isinstance(value, str):
        return secrets_filter.hide(secrets_filter.address(value))
    if isinstance(value, dict):
        return {
            k: ("…" if v else "") if k == "api_key" else _masked(v) if k == "env" else _redacted(v)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redacted(entry) for entry in value]
    return value


def _masked(value: Any) -> Any:
    return dict.fromkeys(value, "…") if isinstance(value, dict) else value


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        found = {k: _without_empty(v) for k, v in value.items()}
        return {k: v for k, v in found.items() if v not in ("", [], {})}
    return value
