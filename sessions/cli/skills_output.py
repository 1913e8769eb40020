"""What `agentdeck skills` prints: skills, reports and reviews, as tables and as rows of JSON."""

from __future__ import annotations

import json
import shutil
from typing import NotRequired, TypedDict, final

import click

from sessions.api.harvest import SkillKept
from skills import text as unseen
from skills.errors import SkillError
from skills.frontmatter import Value
from skills.library import Library
from skills.review import SkillReview
from skills.shapes import SkillFileChanged, SkillSeen
from skills.skill import Scope, Skill
from skills.trust import Standing, Trust
from skills.validate import Finding, Report


class FindingRow(TypedDict):
    """What validating found, in `--json`."""

    rule: str
    line: int | None
    message: str
    remedy: str


class ReportRow(TypedDict):
    """A folder that was validated, in `--json`."""

    path: str
    valid: bool
    findings: list[FindingRow]
    advice: list[FindingRow]


class SkillRow(TypedDict):
    """A skill in `--json`; `shadowed_by`: another of its name that comes first."""

    name: str
    description: str
    path: str
    scope: Scope
    shadowed_by: str | None
    listing_tokens: int
    body_tokens: int
    valid: bool
    trust: Trust


class SkillShownRow(SkillRow):
    """A skill with all that it says, in `--json`."""

    frontmatter: dict[str, Value]
    body: str
    files: list[str]
    allowed_tools: list[str]
    warnings: list[str]
    changes: list[SkillFileChanged]


class SkillReviewedRow(SkillShownRow):
    """The same with what deserves a look in it."""

    review: SkillSeen


class AddedRow(SkillRow):
    """A skill that was added, in `--json`."""

    review: SkillSeen


class BrokenRow(TypedDict):
    """A folder that does not load, in `--json`."""

    path: str
    scope: Scope
    rule: str
    why: str


class RemovedRow(TypedDict):
    """A skill that was removed, in `--json`."""

    name: str
    was: str
    now: str


@final
class FolderTrustRow(TypedDict):
    """A project's folder whose trust was set, in `--json`."""

    folder: str
    trusted: bool


@final
class SkillTrustRow(TypedDict):
    """A skill whose trust was set, in `--json`."""

    name: str
    path: str
    trusted: bool
    sha256: NotRequired[str]
    review: NotRequired[SkillSeen]


def row(skill: Skill, shelf: Library) -> SkillRow:
    """A skill, as `--json` has it."""
    return {
        "name": skill.name,
        "description": skill.description,
        "path": str(skill.path),
        "scope": skill.scope,
        "shadowed_by": str(skill.shadowed_by) if skill.shadowed_by else None,
        "listing_tokens": skill.listing_tokens,
        "body_tokens": skill.body_tokens,
        "valid": skill.valid,
        "trust": standing(shelf, skill).trust,
    }


def standing(shelf: Library, skill: Skill) -> Standing:
    """Whether it was looked at, whatever becomes of reading it."""
    try:
        return shelf.standing(skill)
    except SkillError:
        # What can't be read can't have been reviewed; `trust` says why.
        return Standing(Trust.NEW, False)


def print_table(found: list[Skill], shelf: Library) -> None:
    """Skills, one a line, and what does not load."""
    width = min(max((len(s.name) for s in found), default=4), 40)
    room = max(20, shutil.get_terminal_size().columns - width - 30)
    for skill in found:
        trust = standing(shelf, skill).trust
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


def print_broken(shelf: Library, as_json: bool) -> None:
    """The folders that do not load, each with why."""
    if as_json:
        rows: list[BrokenRow] = [
            {"path": str(b.path), "scope": b.scope, "rule": b.rule, "why": b.why}
            for b in shelf.broken
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    for item in shelf.broken:
        click.echo(f"{unseen.one_line(str(item.path))}: {item.why}")


def print_skill(skill: Skill, standing: Standing) -> None:
    """One skill, read."""
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


def report_row(report: Report) -> ReportRow:
    """What validating found, as `--json` has it."""

    def rows(findings: tuple[Finding, ...]) -> list[FindingRow]:
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


def print_report(report: Report) -> None:
    """What validating found."""
    path = unseen.one_line(str(report.path))
    click.echo(f"{path}: {'valid' if report.valid else 'INVALID'}")
    for label, findings in (("", report.findings), ("advice, ", report.advice)):
        for finding in findings:
            where = f"{path}/SKILL.md:{finding.line}" if finding.line else path
            text = f"  {where}: {label}{finding.rule}: {finding.message} {finding.remedy}"
            click.echo(text.rstrip())


def print_review(look: SkillReview) -> None:
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


def used(each: SkillKept) -> str:
    """A skill's figures on one line."""
    if not each["used"]:
        return f"never used, on for {each['offered']} messages"
    return (
        f"used {each['used']} times ({each['by_model']} by the model, {each['by_user']} by you) in "
        f"{each['sessions']} sessions, helped {each['helped']}, last {each['last'][:10]}"
    )
