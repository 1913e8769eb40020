"""`agentdeck sessions`: over all records, with or without an engine."""

from __future__ import annotations

import gc
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from sessions.archive.list_rows import SessionRow, current, current_told, listed, telling, told
from sessions.archive.session_lookup import find
from sessions.cli.asking import answered
from sessions.cli.lazy import LazyGroup
from sessions.cli.output import CONTEXT, say, say_json, say_line, table
from sessions.cli.session_index import index, summary_of
from sessions.paths import JOURNAL, places
from sessions.record.names import name_of

if TYPE_CHECKING:
    from sessions.record.closed_sets import Status

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _rows() -> list[SessionRow]:
    """A row of every session, newest first."""
    here = places()
    found = current(here.index, here.sessions)
    if found is not None:
        return found
    with index() as known:
        return known.rows()


class Sessions(LazyGroup):
    """Commands of this module, and of others."""

    ELSEWHERE: ClassVar[Mapping[str, tuple[str, str]]] = {
        "import": ("sessions.cli.import_", "import_"),
        "fetch": ("sessions.cli.worktrees", "fetch"),
        "diff": ("sessions.cli.worktrees", "diff"),
        "land": ("sessions.cli.worktrees", "land"),
        "discard": ("sessions.cli.worktrees", "discard"),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them, by their names."""
        return sorted(super().list_commands(ctx))


@click.group(cls=Sessions, context_settings=CONTEXT)
def sessions() -> None:
    """All sessions: list, show, search, export, fork, archive, delete; their branches."""


def _works() -> bool:
    """Whether an engine runs. Where none does nothing works, whatever the record broke off at."""
    from sessions.engine import lifecycle

    return lifecycle.running_pid(places()) is not None


def _now(rows: list[SessionRow]) -> list[SessionRow]:
    """The rows as they are."""
    doubted = [number for number, row in enumerate(rows) if row.doubted]
    if doubted and not _works():
        for number in doubted:
            rows[number] = rows[number]._replace(status=_unheard(rows[number].host))
    return rows


def _called(row: SessionRow) -> str:
    name = name_of(row) or "new session"
    return f"{row.host}: {name}" if row.host else name


def _unheard(host: str) -> Status:
    """What a session is, seen without an engine: nobody asks after one on another machine."""
    return "offline" if host else "cut-off"


def _left(row: str) -> str:
    data = json.loads(row)
    return told({**data, "status": _unheard(data["host"])})


def _told(everything: bool) -> str | None:
    """The list as JSON, from what the index holds ready; None where it is to be made."""
    here = places()
    found = current_told(here.index, here.sessions)
    if not found:
        return None
    works = not any(row[4] for row in found) or _works()
    return telling(
        row[5] if works or not row[4] else _left(row[5])
        for row in found
        if everything or not row[3]
    )


@sessions.command("list")
@click.option("--all", "everything", is_flag=True, help="The archived ones too.")
@_JSON
def list_(everything: bool, as_json: bool) -> None:
    """List sessions, newest first."""
    gc.disable()  # it ends soon, and ten thousand rows are looked through again and again
    if as_json and (ready := _told(everything)) is not None:
        click.echo(ready)
        return
    found = _now([s for s in _rows() if everything or not s.archived])
    if as_json:
        say_json([listed(s) for s in found])
        return
    rows = [(s.id, s.status, str(s.turns), s.backend, s.created[:16], _called(s)) for s in found]
    table(rows, ("id", "status", "turns", "backend", "created", "title"))
    if not rows:
        say("There are no sessions yet.")


@sessions.command()
@click.argument("session")
@_JSON
def show(session: str, as_json: bool) -> None:
    """Show a session: as text, or with --json its events, one a line."""
    from sessions.record import codec
    from sessions.record.journal import Faults, read

    path = journal_of(session)
    faults = Faults()
    if as_json:
        for event in read(path, faults):
            say_line(codec.to_json(event))
    else:
        from sessions.archive.export import export

        say(export(read(path, faults), "md"))
    for fault in faults.found:
        click.echo(f"line {fault['line']} was passed over: {fault['why']}", err=True)


@sessions.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", default=50, show_default=True)
@_JSON
def search(query: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find messages that hold all the words, best first."""
    with index() as known:
        hits = known.search(" ".join(query), limit)
    if as_json:
        say_json([hit.to_json() for hit in hits])
        return
    for hit in hits:
        say(f"{hit.id}  {hit.at[:16]}  {hit.snippet}")
    if not hits:
        say("Nothing was found.")


@sessions.command()
@click.argument("session")
@click.option("--format", "fmt", default="md", type=click.Choice(["md", "json", "html", "cast"]))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
def export(session: str, fmt: str, out: Path | None) -> None:
    """Print a session as Markdown, JSON or HTML; a terminal as an asciicast (cast)."""
    from sessions.archive.export_file import cast_of, without_keys, write
    from sessions.record.journal import read

    journal = journal_of(session)
    text = cast_of(journal.parent) if fmt == "cast" else without_keys(read(journal), fmt)
    if out is None:
        click.echo(text, nl=False)
    else:
        write(out, text)


@sessions.command()
@click.argument("session")
@click.option("--turn", type=click.IntRange(min=0), metavar="N",
              help="Up to the end of this turn (default: all; 0 = nothing).")  # fmt: skip
@click.option("--title", default="", help="The new session's title.")
@_JSON
def fork(session: str, turn: int | None, title: str, as_json: bool) -> None:
    """Make a new session with the same past and an empty queue; print its id."""
    from sessions.record.summary import Summary

    found = _id(session)
    made = answered(lambda c: c.call("session.fork", session=found, turn=turn, title=title))
    summary = Summary.from_json(made)
    if as_json:
        say_json(listed(summary))
    else:
        say(summary.id)


@sessions.command("continue")
@click.argument("session")
@click.option("--backend", default="", help="What goes on; default: the agent that had it.")
@click.option("--cwd", default="", help="Another working directory.")
@_JSON
def continue_(session: str, backend: str, cwd: str, as_json: bool) -> None:
    """Go on, live, with an imported session; print the new session's id."""
    from sessions.record.summary import Summary

    where = str(Path(cwd).resolve()) if cwd else ""
    found = _id(session)
    made = answered(lambda c: c.call("session.continue", session=found, backend=backend, cwd=where))
    summary = Summary.from_json(made)
    if as_json:
        say_json(listed(summary))
    else:
        say(summary.id)


@sessions.command()
@click.argument("session")
@click.option("--undo", is_flag=True, help="Back into the lists.")
def archive(session: str, undo: bool) -> None:
    """Take a session out of the lists; nothing is lost."""
    found = _id(session)
    answered(lambda c: c.call("session.archive", session=found, archived=not undo))
    say(f"{found} is {'back in the lists' if undo else 'archived'}")


@sessions.command()
@click.argument("session")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(session: str, yes: bool) -> None:
    """Remove a session and its record for good."""
    found = _id(session)
    folder = places().session(found)
    files = [p for p in folder.rglob("*") if p.is_file()]
    size = sum(p.stat().st_size for p in files)
    summary = summary_of(found)
    say(f"{found}: {name_of(summary) or '(no title)'}, {summary.turns} turns")
    say(f"{len(files)} files, {size:,} bytes in {folder} go for good.")
    if (tree := summary.worktree) and tree["session"] == found and "kept" not in tree:
        say(f"Its worktree {tree['path']} goes too; what is nowhere else is kept under a ref.")
    if not yes and not click.confirm("Delete it?"):
        raise click.Abort
    answered(lambda c: c.call("session.delete", session=found))
    say("deleted")


def _id(wanted: str) -> str:
    return find(_rows(), wanted).id


def journal_of(wanted: str) -> Path:
    """The journal of the session that an id, its beginning or a title names. Raises NotFound."""
    return places().session(_id(wanted)) / JOURNAL
