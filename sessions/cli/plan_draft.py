"""`agentdeck plan draft`: a plan from a spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sessions.backends.base import Question, Reply
from sessions.cli.output import say, say_json
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.plans import draft as drafts


async def draft(
    spec: str, out: Path | None, as_json: bool, *, profile: str, backend: str, model: str
) -> None:
    """Make a plan of a spec and print it, or write it. Raises AgentdeckError."""
    from sessions import config
    from sessions.backends.registry import make
    from sessions.library import library
    from sessions.paths import places

    if out is not None and out.exists():
        raise UsageError(f"{out} is there already.", "Name another file, or move it away.")
    text = _spec(spec)
    settings = config.load()
    choice = settings.choose(profile=profile, backend=backend, model=model)
    answering = make(choice.backend, settings, places())
    names = library(list(settings.skills.paths)).names(Path.cwd())

    async def ask(messages: Sequence[Mapping[str, Any]]) -> Reply:
        wanted = choice.model or answering.default_model
        return await answering.ask(Question(messages=messages, model=wanted, max_tokens=8192))

    folder = out.expanduser().resolve().parent if out is not None else Path.cwd()
    try:
        made = await drafts.draft(ask, text, folder, settings, names)
    finally:
        await answering.close()
    if out is not None:
        _write(out, made.file(spec))
    if as_json:
        say_json({**made.to_json(), "path": str(out) if out is not None else None})
    elif out is None:
        click.echo(made.file(spec), nl=False)
    else:
        _tell(out, made)


def _tell(out: Path, made: drafts.PlanDraft) -> None:
    if made.note:
        say(made.note)
    for question in made.questions:
        say(f"open: {question}")
    say(f"{out}: read it, change it, then: agentdeck plan start {out}")


def _write(out: Path, text: str) -> None:
    try:
        drafts.write(out, text)
    except OSError as error:
        raise AgentdeckError(f"{out} can't be written: {error.strerror}.") from error


def _spec(wanted: str) -> str:
    """The text of a file, a folder or a session."""
    path = Path(wanted).expanduser()
    if path.exists():
        return drafts.spec_of(path)
    from sessions.archive.export import export
    from sessions.cli.sessions import journal_of
    from sessions.record.journal import read

    try:
        journal = journal_of(wanted)
    except NotFound as error:
        raise UsageError(
            f"There is no file, folder or session {wanted}.", "Name one that is there."
        ) from error
    return export(read(journal), "md")[-drafts.MOST_SPEC :]
