"""Branches of sessions: `sessions diff·fetch·land·discard`, `worktrees list·prune`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from sessions.api.worktrees import Landed, NotLanded
from sessions.cli.asking import answered
from sessions.cli.output import CONTEXT, say, say_json, table
from sessions.cli.session_index import index, summary_of
from sessions.errors import AgentdeckError
from sessions.paths import places
from sessions.record.closed_sets import LandedHow
from sessions.record.summary import Summary

if TYPE_CHECKING:
    from sessions.api.worktrees import BroughtBack, Discarded
    from sessions.worktrees.listing import WorktreeRow

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command(context_settings=CONTEXT)
@click.argument("session")
@click.option("--stat", is_flag=True, help="The files alone, with how many lines changed.")
@click.option("-w", "--fold-space", is_flag=True, help="Without changes of white space alone.")
@_JSON
def diff(session: str, stat: bool, fold_space: bool, as_json: bool) -> None:
    """Show all that a session changed against its base, committed or not, new files too."""
    from sessions.record.journal import NAME, read
    from sessions.worktrees import review

    summary = summary_of(session)
    if summary.host:
        _diff_there(summary, stat, fold_space, as_json)
        return
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


def _diff_there(summary: Summary, stat: bool, fold_space: bool, as_json: bool) -> None:
    """The same of a session on another machine, which is asked."""
    told = answered(lambda c: c.call("worktree.diff", session=summary.id, fold_space=fold_space))
    if as_json:
        say_json(told)
    elif not told["files"]:
        say("Nothing has changed.")
    for file in [] if as_json else told["files"]:
        size = "binary" if file["binary"] else f"+{file['added']} -{file['removed']}"
        say(f"{file['status']:9} {_safe(file['path'])}  {size}")
        for hunk in [] if stat else file["hunks"]:
            old = f"{hunk['old_start']},{hunk['old_count']}"
            new = f"{hunk['new_start']},{hunk['new_count']}"
            say(_safe(f"@@ -{old} +{new} @@ {hunk['heading']}".rstrip()))
            for line in hunk["lines"]:
                say(_safe(line.rstrip("\n")))


class _LandWishes(TypedDict):
    """How branches are landed."""

    onto: str
    how: LandedHow
    message: str
    check: bool
    hand_over: bool


@click.command(context_settings=CONTEXT)
@click.argument("sessions", nargs=-1, required=True, metavar="SESSION…")
@click.option("--onto", default="", metavar="BRANCH", help="Default: the branch it began at.")
@click.option("--squash", "how", flag_value="squash", help="As one commit.")
@click.option("--merge", "how", flag_value="merge", help="By a merge commit.")
@click.option("--rebase", "how", flag_value="rebase", default=True,
              help="Commit by commit, and forward (the default).")  # fmt: skip
@click.option("-m", "--message", default="", help="Commit first what is not committed; also the "
              "message of --squash and --merge.")  # fmt: skip
@click.option("--check/--no-check", default=True, help="Run the configured check first.")
@click.option("--hand-over", is_flag=True, help="Let the session mend a conflict.")
@_JSON
def land(sessions: tuple[str, ...], as_json: bool, **given: Unpack[_LandWishes]) -> None:
    """Bring the branches of sessions into the branch they began at, in the order given.

    It stops at the first that can't be landed. Exit code 1 for a conflict, which is told by file;
    nothing has been changed then.
    """
    ids = [summary_of(wanted).id for wanted in sessions]
    import asyncio

    asyncio.run(_land(ids, given, as_json))


async def _land(ids: list[str], given: _LandWishes, as_json: bool) -> None:
    from sessions.engine.client import Client

    told: list[Landed | NotLanded] = []
    client = await Client.connect()
    try:
        for session in ids:
            told.append(await client.call("worktree.land", session=session, **given))
            if not told[-1]["landed"]:
                break
    finally:
        await client.close()
        if as_json and told:
            say_json(told if len(ids) > 1 else told[0])
    for one in told:
        if one["landed"] and not as_json:
            many = f"{one['commits']} commit{'' if one['commits'] == 1 else 's'}"
            say(f"{one['id']}: {many} landed on {one['onto']} ({one['how']}), "
                f"which is at {one['commit'][:10]}")  # fmt: skip
    last = told[-1]
    if last["landed"]:
        return
    for conflict in [] if as_json else last["conflicts"]:
        say(f"{conflict['kind'] or 'conflict':14} {conflict['path']}")
    handed = " The session was told to mend it." if last.get("handed") else ""
    raise AgentdeckError(last["message"] + handed)


@click.command(context_settings=CONTEXT)
@click.argument("session")
@click.option("-m", "--message", default="", help="Commit first what is not committed there.")
@_JSON
def fetch(session: str, message: str, as_json: bool) -> None:
    """Bring the branch of a session on another machine here, and what it made beside it.

    Into the repository that it took along (`run --host NAME --bring`).
    """
    wanted = summary_of(session).id
    told = answered(lambda c: c.call("worktree.fetch", session=wanted, message=message))
    if as_json:
        say_json(told)
        return
    if told["branch"]:
        say(f"{_safe(told['branch'])} is in {told['repository']}, at {told['commit'][:10]}")
    else:
        say("Nothing was committed there.")
    if told["loose"]:
        say(f"Not committed, and left there (-m MESSAGE commits it): {_listed(told['loose'])}")
    for file in told["files"]:
        say(f"kept: {_safe(file)}")
    if told["left"]:
        say(f"Left there: {_listed(told['left'])}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return _safe(", ".join(names[:10])) + more


@click.command(context_settings=CONTEXT)
@click.argument("session")
@click.option("--undo", is_flag=True, help="Bring it back as it was.")
@_JSON
def discard(session: str, undo: bool, as_json: bool) -> None:
    """Remove a session's worktree and branch; all of its work is kept under a ref.

    What git ignores is not kept. `--undo` brings it back until `worktrees prune --kept`.
    """
    found = summary_of(session).id
    told: Discarded | BroughtBack
    if undo:
        told = answered(lambda c: c.call("worktree.bring_back", session=found))
    else:
        told = answered(lambda c: c.call("worktree.discard", session=found))
    if as_json:
        say_json(told)
    elif "restored" in told:
        say(f"{told['path']} is back, on {told['branch']}")
    else:
        lost = f"; {told['ignored']} ignored files and folders are gone" if told["ignored"] else ""
        say(f"discarded; kept under {told['ref']}{lost}")


@click.group(context_settings=CONTEXT)
def worktrees() -> None:
    """Git worktrees of sessions, and what is kept of discarded ones."""


def _rows(*, sizes: bool = True) -> list[WorktreeRow]:
    from sessions.worktrees import listing

    here = places()
    with index() as known:
        return listing.rows(here.worktrees, known.summaries(), here.worktree_steps, sizes=sizes)


@worktrees.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """List worktrees with their size, age and state; orphans and what is kept too."""
    found = _rows()
    if as_json:
        say_json([row.to_json() for row in found])
        return
    table([_cells(row) for row in found], ("state", "repository", "branch", "size", "age", "holds"))
    if not found:
        say("There are no worktrees of sessions.")


def _cells(row: WorktreeRow) -> tuple[str, ...]:
    state = f"{row.state}, orphan" if row.orphan and row.state != "kept" else row.state
    size = f"{row.size / 2**20:,.1f} MiB" if row.size else ""
    hours = row.age_s // 3600
    age = f"{hours // 24} d" if hours > 48 else f"{hours} h" if hours else f"{row.age_s // 60} min"
    if row.state == "cut-off":
        return state.removesuffix(", orphan"), "", "", "", age, ", ".join(row.holds or [])
    holds = row.ref or ", ".join(row.holds or [])
    return state, row.name, row.branch or row.path, size, age, holds


@worktrees.command()
@click.option("--orphans", is_flag=True, help="Also those without a session that hold something: "
              "it is kept under a ref first.")  # fmt: skip
@click.option("--kept", is_flag=True, help="Also what is kept of discarded sessions, for good.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
def prune(orphans: bool, kept: bool, yes: bool, as_json: bool) -> None:
    """Remove worktrees without a session that hold nothing, and what cut-off ones left.

    What is nowhere else stays unless `--kept` asks for it, which asks once more.
    """
    if kept and not yes:
        gone = [row for row in _rows(sizes=False) if row.state == "kept"]
        for row in gone:
            click.echo(_safe(f"{row.ref}  {row.title}  ({row.name})"), err=True)
        if gone and not click.confirm(f"Let go of {len(gone)} for good?", err=True):
            raise click.Abort
    told = answered(lambda c: c.call("worktree.prune", orphans=orphans, kept=kept))
    if as_json:
        say_json(told)
        return
    for each in told["removed"]:
        say(f"removed {each['ref'] or each['path']}")
    for each in told["left"]:
        if each["orphan"] and each["state"] != "kept":
            say(
                f"left    {each['path']}: {', '.join(each['holds'])} "
                "(--orphans keeps it under a ref)"
            )
    if not told["removed"]:
        say("There is nothing to remove.")


def _safe(text: str) -> str:
    from sessions.safety.sanitise import clean

    return clean(text)
