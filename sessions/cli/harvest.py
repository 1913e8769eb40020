"""`agentdeck harvest`: byproducts of sessions and a draft skill, without the deck."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any, TypedDict, Unpack

import click

from sessions.api.harvest import CheckFinding, CheckShown
from sessions.archive.session_lookup import find
from sessions.cli.output import CONTEXT, say, say_json
from sessions.cli.session_index import index
from sessions.errors import AgentdeckError
from sessions.harvest import recurring
from sessions.harvest.byproducts import Found
from sessions.harvest.service import Harvest
from sessions.harvest.session_groups import of_day, of_run
from sessions.paths import places
from sessions.record import events as ev
from sessions.record.closed_sets import MergedHow
from sessions.record.summary import Summary

_FINDINGS = 3
_LONG = ("asked", "name", "files", "printed", "failed_as", "sha256", "run_seq", "exact")
"""Signals that no list shows."""
_BYPRODUCT = re.compile(r"[0-9a-f]{16}")


class _Near(TypedDict):
    name: str
    path: str
    offer: MergedHow


class _Report(TypedDict):
    """What is printed of a draft."""

    name: str
    path: str
    installed: bool
    files: list[str]
    checks: list[CheckShown]
    neighbours: list[_Near]
    flags: list[str]
    redactions: dict[str, int]


class _Given(TypedDict):
    """The other options."""

    run: str
    day: str
    only_list: bool
    picked: tuple[str, ...]
    name: str
    with_model: bool
    wish: str
    backend: str
    out: Path | None
    into: str
    yes: bool
    as_json: bool


@click.command(context_settings=CONTEXT)
@click.argument("sessions", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All sessions there are.")
@click.option("--run", default="", metavar="RUN", help="The sessions of a run of a plan.")
@click.option(
    "--day", default="", metavar="DAY", help="The sessions of a day: today, yesterday, 2026-11-28."
)
@click.option("--list", "only_list", is_flag=True, help="List the byproducts; draft nothing.")
@click.option(
    "--pick",
    "picked",
    multiple=True,
    metavar="ID…",
    help="Take these byproducts, by the ids that --list shows, and no others.",
)
@click.option("--name", default="", help="The draft's name.")
@click.option("--model", "with_model", is_flag=True, help="Let a model put it into better words.")
@click.option("--wish", default="", help="What the model shall change.")
@click.option("--backend", default="", help="Which backend that is; the default otherwise.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Write the draft here."
)
@click.option("--into", default="", help="Make it a new version of this skill of mine.")
@click.option("--yes", is_flag=True, help="Install the draft into my skills.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def harvest(sessions: tuple[str, ...], everything: bool, **given: Unpack[_Given]) -> None:
    """Gather what SESSIONs left behind, and draft a skill of it.

    Without --yes the draft stays a draft: look at it, edit it, install it from the deck or here.
    """
    from sessions.harvest.creator import DraftError

    sessions = (*sessions, *_of_span(given["run"], given["day"]))
    picked, sessions = _picked(given["picked"], sessions)
    if not sessions and not everything and not picked:
        raise click.UsageError("Name at least one session, say --all, or --pick byproducts.")
    service = Harvest(places())
    chosen = _chosen(service, [] if everything else _ids(sessions), picked, given)
    if given["only_list"]:
        _list(chosen, given["as_json"])
        return
    if not chosen:
        raise _nothing(everything)
    draft = service.create(chosen, given["name"])
    if given["with_model"] or given["wish"]:
        try:
            draft = asyncio.run(_improve(service, draft.name, given["wish"], given["backend"]))
        except DraftError as error:
            # A weak model costs the better words, not the night's harvest.
            draft.flags.append(f"{error.message} The draft is as it was found.")
    if given["into"]:
        draft = service.merge(draft.name, given["into"])
    checks = service.check(draft)
    near = service.neighbours(draft)
    path = service.drafts / draft.name
    if given["out"]:
        path = draft.write(given["out"], shared=True)
    if given["yes"] and (there := service.installed(draft)):
        path = there  # as last night: nothing is done twice
        service.shelf.take_away(draft.name)
    elif given["yes"]:
        path = service.install(draft.name)
    report: _Report = {
        "name": draft.name,
        "path": str(path),
        "installed": given["yes"],
        "files": sorted(draft.all_files()),
        "checks": [check.to_json() for check in checks],
        "neighbours": [{"name": n.name, "path": n.path, "offer": n.offer} for n in near],
        "flags": draft.flags,
        "redactions": draft.redactions,
    }
    if given["as_json"]:
        say_json(report)
    else:
        _say(report)


def _chosen(service: Harvest, ids: list[str], picked: list[str], given: _Given) -> list[Found]:
    """What is to be listed or drafted; of several sessions what recurs is merged, with counts."""
    progress = None if given["as_json"] else _progress
    if ids and not picked and not given["only_list"]:
        found = service.of_named(ids, progress)
    else:
        found = service.byproducts(ids, progress)
    if picked:
        return service.picked(found, picked)
    found = found if len(ids) == 1 else recurring.merged(found)
    return found if ids or given["only_list"] else service.worth(found)


def _picked(
    picked: tuple[str, ...], sessions: tuple[str, ...]
) -> tuple[list[str], tuple[str, ...]]:
    """The picked ids and the sessions: what follows --pick and has a byproduct's form is one."""
    ids = [one for each in picked for one in each.replace(",", " ").split()]
    if ids:
        more = [each for each in sessions if _BYPRODUCT.fullmatch(each)]
        more = [each for each in more if not places().session(each).exists()]
        ids += more
        sessions = tuple(each for each in sessions if each not in more)
    return ids, sessions


def _nothing(everything: bool) -> AgentdeckError:
    if everything:
        return AgentdeckError(
            "There is nothing here that ran, was marked or was reused.",
            "See all byproducts with --list, and take some with --pick.",
        )
    return AgentdeckError(
        "Nothing was left behind: no code, file or picture, no command that ran twice, no text "
        "that was used again.",
        "Mark what you want to keep in the deck (F5), then harvest again.",
    )


def _say(report: _Report) -> None:
    """A draft in words: its files, its checks, what is near, and what to look at."""
    say(f"{report['name']}: {report['path']}")
    for file in report["files"]:
        say(f"  {file}")
    for check in report["checks"]:
        mark = {True: "ok", False: "NOT", None: "?"}[check["passed"]]
        say(f"{mark:<4}{check['name']}: {check['detail']}")
        for finding in check["findings"][:_FINDINGS] if not check["passed"] else ():
            say(f"      {_finding(finding)}")
    for near in report["neighbours"]:
        say(f"near: {near['name']} ({near['path']}): {near['offer']} it rather than add another?")
    for flag in report["flags"]:
        say(f"look: {flag}")
    if not report["installed"]:
        say("A draft. Install it with --yes, or from the deck's Harvest panel (F5).")


def _finding(finding: CheckFinding) -> str:
    """What a check has found, on one line."""
    for words, told in (
        (finding.get("missed"), "does not fire on: "),
        (finding.get("false"), "fires falsely on: "),
    ):
        if words is not None:
            return f"{told}{' '.join(str(words).split())[:120]}"
    return " ".join(str(finding.get("message", finding)).split())


def _of_span(run: str, day: str) -> list[str]:
    """The sessions of a run and of a day, where one was named."""
    return [*(of_run(places(), run) if run else ()), *(of_day(_all(), day) if day else ())]


def _ids(wanted: tuple[str, ...]) -> list[str]:
    known = _all()
    return [find(known, each).id for each in wanted]


def _all() -> list[Summary]:
    with index() as found:
        return found.summaries()


def _list(found: list[Found], as_json: bool) -> None:
    if as_json:
        say_json([each.to_json() for each in found])
        return
    for each in found:
        where = f"{each.origin.get('session')} turn {each.origin.get('turn')}"
        shown = {k: v for k, v in each.signals.items() if k not in _LONG and (v or k != "marked")}
        told = (
            k if v is True else f"{k} {' '.join(str(v).split())[:120]}" for k, v in shown.items()
        )
        signals = ", ".join(told)
        what = str(each.signals.get("name") or each.path) or " ".join(each.text.split())[:80]
        say(f"{each.kind:<10} {what}")
        say(f"           {each.id}  {where}{'; ' + signals if signals else ''}")
    if not found:
        say("Nothing was left behind.")


async def _improve(service: Any, name: str, wish: str, backend: str) -> Any:
    from sessions.backends.oneshot import ask

    async def one(prompt: str) -> str:
        messages: list[ev.JSON] = [{"role": "user", "content": prompt}]
        return (await ask(messages, backend=backend or None)).text

    return await service.improve(name, one, wish)


def _progress(done: int, total: int) -> None:
    if total > 20 and sys.stderr.isatty():
        click.echo(f"\r{done}/{total} sessions", nl=done == total, err=True)
