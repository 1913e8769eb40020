"""`agentdeck skills …`: the library from the command line."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from sessions.api.harvest import CheckShown, PairToDecide, SkillKept
from sessions.errors import AgentdeckError, NeedsPerson, NotFound
from sessions.library import library
from sessions.record.closed_sets import Preferred
from skills import text as unseen
from skills.errors import NeedsReview, NotThere, SkillError
from skills.library import Library
from skills.review import SkillReview
from skills.skill import Skill
from skills.trust import Standing, Trust
from skills.validate import Report, find_skills
from skills.validate import validate as check

if TYPE_CHECKING:
    from sessions.engine.client import Client

P = ParamSpec("P")
R = TypeVar("R")
JSON = dict[str, Any]

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn an error of `skills/` into one that the program reports."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SkillError as error:
            kinds: dict[type[SkillError], type[AgentdeckError]] = {
                NotThere: NotFound,
                NeedsReview: NeedsPerson,
            }
            kind = kinds.get(type(error), AgentdeckError)
            raise kind(error.message, error.hint) from error

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def skills() -> None:
    """The library of skills: see, check, add, remove, review."""


@skills.command("list")
@click.option("--broken", is_flag=True, help="Show the folders that do not load instead.")
@_AS_JSON
@_plain_errors
def list_(broken: bool, as_json: bool) -> None:
    """List the skills that are seen from here."""
    shelf = library()
    found = shelf.scan(Path.cwd())
    if broken:
        _print_broken(shelf, as_json)
    elif as_json:
        click.echo(json.dumps([_row(skill, shelf) for skill in found], indent=1))
    else:
        _print_table(found, shelf)


def _row(skill: Skill, shelf: Library) -> JSON:
    return {
        "name": skill.name,
        "description": skill.description,
        "path": str(skill.path),
        "scope": str(skill.scope),
        "shadowed_by": str(skill.shadowed_by) if skill.shadowed_by else None,
        "listing_tokens": skill.listing_tokens,
        "body_tokens": skill.body_tokens,
        "valid": skill.valid,
        "trust": str(_standing(shelf, skill).trust),
    }


def _standing(shelf: Library, skill: Skill) -> Standing:
    try:
        return shelf.standing(skill)
    except SkillError:
        # What can't be read can't have been reviewed; `trust` says why.
        return Standing(Trust.NEW, False)


def _print_table(found: list[Skill], shelf: Library) -> None:
    width = min(max((len(s.name) for s in found), default=4), 40)
    room = max(20, shutil.get_terminal_size().columns - width - 30)
    for skill in found:
        trust = _standing(shelf, skill).trust
        mark = "" if trust in (Trust.BUNDLED, Trust.REVIEWED) else f"[{trust}] "
        said = mark + skill.description
        if skill.shadowed_by:
            said = f"(shadowed by {unseen.one_line(str(skill.shadowed_by))})"
        said = said if len(said) <= room else said[: room - 1] + "…"
        tokens = f"{skill.listing_tokens:>4}+{skill.body_tokens:<6}"
        click.echo(f"{skill.name[:width]:<{width}}  {skill.scope:<10} {tokens} {said}")
    if not found:
        click.echo("No skills yet. Add one: agentdeck skills add FOLDER")
    for item in shelf.notices:
        click.echo(item, err=True)
    if shelf.broken:
        count = len(shelf.broken)
        what = "folder with a SKILL.md does" if count == 1 else "folders with a SKILL.md do"
        click.echo(f"{count} {what} not load: skills list --broken", err=True)


def _print_broken(shelf: Library, as_json: bool) -> None:
    if as_json:
        rows = [
            {"path": str(b.path), "scope": str(b.scope), "rule": b.rule, "why": b.why}
            for b in shelf.broken
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    for item in shelf.broken:
        click.echo(f"{unseen.one_line(str(item.path))}: {item.why}")


@skills.command()
@click.argument("name")
@click.option("--review", "with_review", is_flag=True, help="Also what deserves a look in it.")
@_AS_JSON
@_plain_errors
def show(name: str, with_review: bool, as_json: bool) -> None:
    """Show one skill: what it says, its files, what it asks for."""
    shelf = library()
    skill = shelf.get(name, Path.cwd())
    standing = _standing(shelf, skill)
    look = shelf.review(skill) if with_review else None
    if as_json:
        data = _row(skill, shelf) | {
            "frontmatter": skill.values,
            "body": skill.document().body,
            "files": [path.as_posix() for path in skill.files()],
            "allowed_tools": list(skill.allowed_tools),
            "warnings": list(skill.warnings),
            "changes": [{"path": c.path, "how": c.how} for c in standing.changes],
        }
        if look is not None:
            data["review"] = look.to_json()
        click.echo(json.dumps(data, indent=1))
        return
    _print_skill(skill, standing)
    if look is not None:
        click.echo("")
        _print_review(look)
    click.echo("")
    click.echo(skill.body().strip())


def _print_skill(skill: Skill, standing: Standing) -> None:
    click.echo(f"{skill.name}: {skill.description}")
    click.echo(f"  lies in   {unseen.one_line(str(skill.path))} ({skill.scope})")
    click.echo(f"  costs     {skill.listing_tokens} tokens listed, {skill.body_tokens} when used")
    click.echo(f"  review    {standing.trust}")
    for change in standing.changes:
        click.echo(f"            {unseen.one_line(change.path)} {change.how}")
    if skill.allowed_tools:
        click.echo(f"  asks for  {', '.join(skill.allowed_tools)} (not granted by asking)")
    for path in skill.files():
        click.echo(f"  file      {unseen.one_line(path.as_posix())}")
    for warning in skill.warnings:
        click.echo(f"  note      {unseen.one_line(warning)}")


@skills.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_AS_JSON
@click.pass_context
@_plain_errors
def validate(context: click.Context, paths: tuple[str, ...], as_json: bool) -> None:
    """Check skill folders against the specification; exit code 1 if one is invalid.

    A folder without a SKILL.md that has skill folders below it stands for all of these.
    """
    valid = True
    for given in paths:
        for folder in find_skills(given):
            report = check(folder)
            valid &= report.valid
            if as_json:
                click.echo(json.dumps(_report(report)))
            else:
                _print_report(report)
    context.exit(0 if valid else 1)


def _report(report: Report) -> JSON:
    def rows(findings: tuple[Any, ...]) -> list[JSON]:
        return [
            {"rule": f.rule, "line": f.line, "message": f.message, "remedy": f.remedy}
            for f in findings
        ]

    return {
        "path": str(report.path),
        "valid": report.valid,
        "findings": rows(report.findings),
        "advice": rows(report.advice),
    }


def _print_report(report: Report) -> None:
    path = unseen.one_line(str(report.path))
    click.echo(f"{path}: {'valid' if report.valid else 'INVALID'}")
    for label, findings in (("", report.findings), ("advice, ", report.advice)):
        for finding in findings:
            where = f"{path}/SKILL.md:{finding.line}" if finding.line else path
            text = f"  {where}: {label}{finding.rule}: {finding.message} {finding.remedy}"
            click.echo(text.rstrip())


@skills.command()
@click.argument("source")
@click.option("--skill", "only", default="", metavar="NAME", help="Which, if it holds several.")
@click.option("--as", "name", default="", metavar="NAME", help="What to call its folder.")
@click.option("--replace", is_flag=True, help="Put the one of that name into the trash first.")
@click.option("--trust", "trusted", is_flag=True, help="Record it as reviewed.")
@_AS_JSON
@_plain_errors
def add(source: str, only: str, name: str, replace: bool, trusted: bool, as_json: bool) -> None:
    """Copy a skill into your library: a folder, a .zip or .skill archive, a git address."""
    shelf = library()
    skill = shelf.add(source, only=only, name=name, replace=replace)
    if trusted:
        shelf.lock.trust(skill)
    look = shelf.review(skill)
    if as_json:
        click.echo(json.dumps(_row(skill, shelf) | {"review": look.to_json()}, indent=1))
        return
    click.echo(f"Added {skill.name} as {unseen.one_line(str(skill.path))}")
    _print_review(look)
    for warning in skill.warnings:
        click.echo(f"  note: {unseen.one_line(warning)}")
    if not trusted:
        click.echo(f"Before its first use: agentdeck skills trust {skill.name}")


@skills.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--undo", is_flag=True, help="Put back what was removed last, or NAME.")
@_AS_JSON
@_plain_errors
def remove(names: tuple[str, ...], undo: bool, as_json: bool) -> None:
    """Move skills of yours to the trash."""
    if not names and not undo:
        raise click.UsageError("Which skill?")
    shelf = library()
    if undo:
        back = [str(shelf.undo(name)) for name in names or ("",)]
        text = [f"Put back {unseen.one_line(path)}" for path in back]
        click.echo(json.dumps([{"path": path} for path in back]) if as_json else "\n".join(text))
        return
    gone = [shelf.remove(shelf.get(name, Path.cwd())) for name in names]
    if as_json:
        rows = [{"name": r.name, "was": str(r.was), "now": str(r.now)} for r in gone]
        click.echo(json.dumps(rows, indent=1))
        return
    for item in gone:
        click.echo(f"Removed {unseen.one_line(item.name)}. Back with: skills remove --undo")


@skills.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option(
    "--folder", "folders", multiple=True, type=click.Path(path_type=Path), help="A project."
)
@click.option("--revoke", is_flag=True, help="Take the trust back.")
@_AS_JSON
@_plain_errors
def trust(names: tuple[str, ...], folders: tuple[Path, ...], revoke: bool, as_json: bool) -> None:
    """Record skills as reviewed as they are now, or a project's folder as trusted.

    What was recorded is shown; `skills show NAME --review` shows it without recording.
    """
    if not names and not folders:
        raise click.UsageError("Which skill, or which --folder?")
    shelf = library()
    rows: list[JSON] = []
    for folder in folders:
        if not folder.is_dir():
            raise NotFound(f"There is no folder {unseen.one_line(str(folder))}.")
        shelf.lock.trust_folder(folder, trusted=not revoke)
        rows.append({"folder": str(folder.resolve()), "trusted": not revoke})
    for name in names:
        rows.append(_trust_one(shelf, name, revoke, as_json))
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        what = unseen.one_line(row.get("name") or row["folder"])
        click.echo(f"{what}: {'trusted' if row['trusted'] else 'no longer trusted'}")


def _trust_one(shelf: Library, name: str, revoke: bool, quiet: bool) -> JSON:
    skill = shelf.get(name, Path.cwd())
    if revoke:
        shelf.lock.distrust(skill)
        return {"name": skill.name, "path": str(skill.path), "trusted": False}
    if shelf.standing(skill).trust is Trust.FOLDER:
        shelf.require(skill)  # says which folder has to be trusted first
    look = shelf.review(skill)
    sha256 = shelf.lock.trust(skill)
    if not quiet:
        _print_review(look)
    row: JSON = {"name": skill.name, "path": str(skill.path), "trusted": True, "sha256": sha256}
    return row | {"review": look.to_json()}


def _print_review(look: SkillReview) -> None:
    """The review as text; all in it is cleaned already."""
    click.echo(f"{look.name}: {len(look.files)} files, {len(look.scripts)} of them can be run")
    for file in look.files[:60]:
        marks = ", ".join([file.kind] + (["executable"] if file.executable else []))
        click.echo(f"  {file.path}  ({marks}, {file.size:,} bytes)")
    if len(look.files) > 60:
        click.echo(f"  … and {len(look.files) - 60} more")
    for title, lines in (
        ("Asks for the tools", look.tools),
        ("Addresses", look.urls[:20]),
        ("Commands", look.commands[:20]),
        ("Not looked at", look.left_out),
    ):
        if lines:
            click.echo(f"{title}:")
            for line in lines:
                click.echo(f"  {line}")
    if look.notes:
        click.echo("Worth a look (a hint, no verdict):")
    for note in look.notes[:60]:
        where = f"{note.path}:{note.line}" if note.line else note.path
        click.echo(f"  {where}: {note.kind}: {note.says}")
        for line in note.context.split("\n"):
            if line.strip():
                click.echo(f"      | {line}")
    if len(look.notes) > 60:
        click.echo(f"  … and {len(look.notes) - 60} more (--json has all)")


@skills.command()
@_AS_JSON
@_plain_errors
def upkeep(as_json: bool) -> None:
    """Tell which of your skills were used, by whom and with what outcome, and what wants a look."""
    from sessions.config import load
    from sessions.harvest.service import Harvest
    from sessions.places import places

    here = places()
    found = Harvest(here).upkeep(load(here.config_file).skills.upkeep)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for each in found:
        click.echo(f"{unseen.one_line(each['name'])}: {_used(each)}")
        for said in each["says"]:
            click.echo(f"  look: {unseen.one_line(said)}")
        for message in each["messages"] if each["says"] else ():
            click.echo(f"        | {unseen.one_line(message)}")
    if not found:
        click.echo("You have no skills yet.")


def _used(each: SkillKept) -> str:
    """A skill's figures on one line."""
    if not each["used"]:
        return f"never used, on for {each['offered']} messages"
    return (
        f"used {each['used']} times ({each['by_model']} by the model, {each['by_user']} by you) in "
        f"{each['sessions']} sessions, helped {each['helped']}, last {each['last'][:10]}"
    )


@skills.command()
@click.argument("name")
@click.option("--prompt", "prompts", multiple=True, help="What to send; several times.")
@click.option(
    "--count",
    type=click.IntRange(1, 8),
    default=1,
    show_default=True,
    help="Without --prompt: how many of the messages that led to it.",
)
@click.option(
    "--answer",
    type=click.Choice(["first", "second", "tie"]),
    help="Which of the pair that is shown is better.",
)
@_AS_JSON
@_plain_errors
def pair(
    name: str, prompts: tuple[str, ...], count: int, answer: Preferred | None, as_json: bool
) -> None:
    """A skill or draft with and without: two sessions for each prompt, which you judge blindly.

    The first call begins, further ones show the next pair. What came out is told after the last.
    """
    from sessions.cli.asking import answered

    async def ask(client: Client) -> tuple[PairToDecide | None, CheckShown | None]:
        if answer:
            told = await client.call("harvest.choose", name=name, answer=answer)
            return told["next"], told["check"]
        try:
            return await client.call("harvest.pair", name=name), None
        except NotFound:
            sent = list(prompts)
            begun = client.call("harvest.pair", name=name, begin=True, prompts=sent, count=count)
            return await begun, None

    told, came = answered(ask)
    if as_json:
        click.echo(json.dumps(came or told, indent=1))
    elif came is not None:
        click.echo(came["detail"])
    elif told is not None:
        stands = "ended" if told["done"] else "not ended yet"
        click.echo(
            f"Pair {told['number']} of {told['of']}, {stands}: {unseen.one_line(told['prompt'])}"
        )
        for which, side in zip(("first", "second"), told["sides"], strict=True):
            click.echo(f"  {which}: session {side['session']}, {side['tokens']} tokens")
