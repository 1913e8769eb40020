"""`agentdeck skills …`: the library from the command line."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from sessions.api.harvest import CheckShown, PairToDecide
from sessions.cli import skills_output
from sessions.cli.skills_output import (
    AddedRow,
    FolderTrustRow,
    RemovedRow,
    SkillReviewedRow,
    SkillShownRow,
    SkillTrustRow,
)
from sessions.errors import AgentdeckError, NeedsPerson, NotFound
from sessions.library import library
from sessions.record.closed_sets import Preferred
from skills import text as unseen
from skills.errors import NeedsReview, NotThere, SkillError
from skills.library import Library
from skills.trust import Trust
from skills.validate import find_skills
from skills.validate import validate as check

if TYPE_CHECKING:
    from sessions.engine.client import Client

P = ParamSpec("P")
R = TypeVar("R")

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
        skills_output.print_broken(shelf, as_json)
    elif as_json:
        click.echo(json.dumps([skills_output.row(skill, shelf) for skill in found], indent=1))
    else:
        skills_output.print_table(found, shelf)


@skills.command()
@click.argument("name")
@click.option("--review", "with_review", is_flag=True, help="Also what deserves a look in it.")
@_AS_JSON
@_plain_errors
def show(name: str, with_review: bool, as_json: bool) -> None:
    """Show one skill: what it says, its files, what it asks for."""
    shelf = library()
    skill = shelf.get(name, Path.cwd())
    standing = skills_output.standing(shelf, skill)
    look = shelf.review(skill) if with_review else None
    if as_json:
        shown: SkillShownRow = {
            **skills_output.row(skill, shelf),
            "frontmatter": skill.values,
            "body": skill.document().body,
            "files": [path.as_posix() for path in skill.files()],
            "allowed_tools": list(skill.allowed_tools),
            "warnings": list(skill.warnings),
            "changes": [change.to_json() for change in standing.changes],
        }
        data: SkillShownRow | SkillReviewedRow = (
            shown if look is None else {**shown, "review": look.to_json()}
        )
        click.echo(json.dumps(data, indent=1))
        return
    skills_output.print_skill(skill, standing)
    if look is not None:
        click.echo("")
        skills_output.print_review(look)
    click.echo("")
    click.echo(skill.body().strip())


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
                click.echo(json.dumps(skills_output.report_row(report)))
            else:
                skills_output.print_report(report)
    context.exit(0 if valid else 1)


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
        row: AddedRow = {**skills_output.row(skill, shelf), "review": look.to_json()}
        click.echo(json.dumps(row, indent=1))
        return
    click.echo(f"Added {skill.name} as {unseen.one_line(str(skill.path))}")
    skills_output.print_review(look)
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
        rows: list[RemovedRow] = [
            {"name": r.name, "was": str(r.was), "now": str(r.now)} for r in gone
        ]
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
    rows: list[FolderTrustRow | SkillTrustRow] = []
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
        what = unseen.one_line(row["name"] if "name" in row else row["folder"])
        click.echo(f"{what}: {'trusted' if row['trusted'] else 'no longer trusted'}")


def _trust_one(shelf: Library, name: str, revoke: bool, quiet: bool) -> SkillTrustRow:
    skill = shelf.get(name, Path.cwd())
    if revoke:
        shelf.lock.distrust(skill)
        return {"name": skill.name, "path": str(skill.path), "trusted": False}
    if shelf.standing(skill).trust is Trust.FOLDER:
        shelf.require(skill)  # says which folder has to be trusted first
    look = shelf.review(skill)
    sha256 = shelf.lock.trust(skill)
    if not quiet:
        skills_output.print_review(look)
    return {
        "name": skill.name,
        "path": str(skill.path),
        "trusted": True,
        "sha256": sha256,
        "review": look.to_json(),
    }


@skills.command()
@_AS_JSON
@_plain_errors
def upkeep(as_json: bool) -> None:
    """Tell which of your skills were used, by whom and with what outcome, and what wants a look."""
    from sessions.config import load
    from sessions.harvest.service import Harvest
    from sessions.paths import places

    here = places()
    found = Harvest(here).upkeep(load(here.config_file).skills.upkeep)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for each in found:
        click.echo(f"{unseen.one_line(each['name'])}: {skills_output.used(each)}")
        for said in each["says"]:
            click.echo(f"  look: {unseen.one_line(said)}")
        for message in each["messages"] if each["says"] else ():
            click.echo(f"        | {unseen.one_line(message)}")
    if not found:
        click.echo("You have no skills yet.")


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
