"""Commands of skills: the library, and how they are switched in sessions."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

from sessions import events as ev
from sessions.deck import Deck
from sessions.engine.commands import command
from sessions.errors import AgentdeckError, UsageError
from sessions.joints.skills import as_ours
from skills.library import pick
from skills.skill import Skill

_MAX_SHOWN = 400_000


@command("skills.list")
async def listing(deck: Deck, session: str = "", cwd: str = "") -> ev.JSON:
    """Rows for the panel, and what the enabled set costs. Without a session: the library."""
    if session:
        skills = deck.features.skills(await deck.get(session))
        rows = await asyncio.to_thread(skills.rows)
        return {"rows": rows, "cost": await asyncio.to_thread(skills.cost)}
    library = deck.features.library
    found = await asyncio.to_thread(library.scan, Path(cwd) if cwd else None)
    return {"rows": [_row(skill) for skill in found], "cost": {"tokens": 0, "enabled": 0}}


def _row(skill: Skill) -> ev.JSON:
    return {
        "name": skill.name,
        "description": skill.description,
        "path": str(skill.path),
        "scope": skill.scope.value,
        "shadowed_by": str(skill.shadowed_by) if skill.shadowed_by else None,
        "listing_tokens": skill.listing_tokens,
        "body_tokens": skill.body_tokens,
    }


@command("session.skill")
async def switch(deck: Deck, session: str, name: str, state: str) -> None:
    """Switch a skill in one session. A skill that wants a review is refused (exit code 3)."""
    await deck.features.skills(await deck.get(session)).switch(name, state)


@command("skills.everywhere")
async def everywhere(deck: Deck, name: str, state: str) -> ev.JSON:
    """Switch a skill in every open session; which refused, and why."""
    refused: ev.JSON = {}
    for session in list(deck.sessions.values()):
        if session.summary.closed or session.summary.archived:
            continue
        try:
            await deck.features.skills(session).switch(name, state)
        except UsageError:
            raise
        except AgentdeckError as error:  # one session's refusal keeps no other from it
            refused[session.id] = str(error)
    return {"refused": refused}


@command("skills.default")
async def default(deck: Deck, profile: str, name: str, state: str) -> None:
    """Make a state the profile's default for new sessions; written to the configuration."""
    await deck.features.set_profile_skill(profile, name, state)


@command("skills.review")
async def review(deck: Deck, name: str, session: str = "") -> ev.JSON:
    """What a skill is, before it is used: tree, scripts, addresses, findings; how it stands."""
    skill = await _find(deck, name, session)
    library = deck.features.library
    standing = await asyncio.to_thread(as_ours(library.standing), skill)
    shown = await asyncio.to_thread(as_ours(library.review), skill)
    return {
        **shown.to_json(),
        "trust": standing.trust.value,
        "usable": standing.usable,
        "changes": [asdict(change) for change in standing.changes],
        "folder": str(standing.folder) if standing.folder else "",
    }


@command("skills.trust")
async def trust(deck: Deck, name: str, session: str = "", folder: bool = False) -> None:
    """Record that a person has looked at it; with `folder`, trust its project folder too."""
    skill = await _find(deck, name, session)
    lock = deck.features.library.lock
    standing = await asyncio.to_thread(as_ours(lock.standing), skill)
    if folder and standing.folder is not None:
        await asyncio.to_thread(as_ours(lock.trust_folder), standing.folder)
    await asyncio.to_thread(as_ours(lock.trust), skill)


@command("skills.read")
async def read(deck: Deck, name: str, session: str = "", path: str = "SKILL.md") -> ev.JSON:
    """One file of a skill, for the reader, and the names of all."""
    skill = await _find(deck, name, session)
    files = [p.as_posix() for p in await asyncio.to_thread(lambda: list(skill.files()))]
    if path not in files:
        raise UsageError(f"The skill {name} has no file {path}.", "The panel lists its files.")
    data = await asyncio.to_thread(_bytes, skill.path / path)
    return {"name": skill.name, "path": path, "files": files, "text": data}


@command("skills.uses")
async def uses(deck: Deck, session: str) -> list[ev.JSON]:
    """Where skills were used in a session."""
    return deck.features.skills(await deck.get(session)).uses


async def _find(deck: Deck, name: str, session: str) -> Skill:
    cwd = Path((await deck.get(session)).summary.cwd) if session else None
    library = deck.features.library
    skills = await asyncio.to_thread(library.scan, cwd)
    visible = [s for s in skills if s.shadowed_by is None]
    return as_ours(pick)(visible, name, library.broken)


def _bytes(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MAX_SHOWN).decode("utf-8", "replace")
