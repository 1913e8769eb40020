"""Branches of sessions: `sessions diff·land·discard`, `worktrees list·prune`."""

from __future__ import annotations

import click

from sessions.cli.output import CONTEXT, say, say_json
from sessions.places import places
from sessions.record.summary import Summary

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _summary(wanted: str) -> Summary:
    from sessions.archive.find import find
    from sessions.archive.index import Index

    here = places()
    index = Index.open(here.index, here.sessions)
    try:
        index.refresh()
        return find(index.summaries(), wanted)
    finally:
        index.close()


@click.command(context_settings=CONTEXT)
@click.argument("session")
@click.option("--stat", is_flag=True, help="The files alone, with how many lines changed.")
@click.option("-w", "--fold-space", is_flag=True, help="Without changes of white space alone.")
@_JSON
def diff(session: str, stat: bool, fold_space: bool, as_json: bool) -> None:
    """Show all that a session changed against its base, committed or not, new files too."""
    from sessions.record.journal import NAME, read
    from sessions.worktrees import review

    summary = _summary(session)
    folder = places().session(summary.id)
    found = review.collect(
        summary, read(folder / NAME), folder / "files", fold_space=fold_space
    )  # fmt: skip
    if as_json:
        say_json(review.told(summary, found))
        return
    for nested in found.nested:
        click.echo(f"{nested} is a repository of its own; what is in it is not shown.", err=True)
    if not found.files:
        say("Nothing has changed.")
    elif not stat:
        click.echo(_safe(found.text()), nl=False)
    for file in found.files if stat else []:
        was = f" (was {file.old_path})" if file.old_path else ""
        size = "binary" if file.binary else f"+{file.added} -{file.removed}"
        new = ", not tracked" if file.untracked else ", not committed" if file.uncommitted else ""
        say(f"{file.status:9} {_safe(file.path)}{_safe(was)}  {size}{new}")


def _safe(text: str) -> str:
    from sessions.safety.sanitise import clean

    return clean(text)
