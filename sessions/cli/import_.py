"""`agentdeck sessions import`: conversations of other harnesses."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from sessions.cli.output import CONTEXT, say, say_line
from sessions.errors import AgentdeckError
from sessions.paths import places
from sessions.safety.sanitise import clean


@click.command("import", context_settings=CONTEXT)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per conversation.")
def import_(paths: tuple[Path, ...], as_json: bool) -> None:
    """Import conversations of Claude Code, Codex, OpenCode, Gemini, Qwen Code, Copilot CLI, Kimi,
    Vibe, Goose, Crush, Cursor or aider, exports of ChatGPT and Claude (conversations.json),
    Markdown or JSON.

    PATHs are files and folders (of Crush and aider, a project's); without one, the places where
    the other harnesses keep theirs, also where CODEX_HOME, CLAUDE_CONFIG_DIR, XDG_DATA_HOME and
    their like say so.
    Their files are only read, and nothing is taken twice. What can't be read is told, a named file
    with the kind that it looks like, and ends the command with 1.
    """
    from sessions.importers.homes import default_paths
    from sessions.importers.run import import_paths

    wanted = list(paths) or default_paths()
    if not wanted:
        raise AgentdeckError("No other harness has conversations here.", "Name a file or folder.")
    counts: dict[str, int] = {}
    refused = False
    for done in import_paths(wanted, places(), None if as_json else _progress):
        counts[done.status] = counts.get(done.status, 0) + 1
        refused = refused or done.status == "failed"
        if as_json:
            say_line(asdict(done))
        elif done.status in ("new", "grown"):
            say(f"{done.session}  {done.status}  {done.harness}  {done.path}")
        elif done.status == "failed":
            click.echo(clean(f"not imported: {done.path}: {done.message}"), err=True)
    if not as_json:
        say(", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "nothing new")
    if refused:
        sys.exit(1)


def _progress(done: int, total: int) -> None:
    if total > 20 * 2**20 and sys.stderr.isatty():
        click.echo(f"\r{done // 2**20}/{total // 2**20} MiB", nl=done >= total, err=True)
