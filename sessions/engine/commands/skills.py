"""Commands of skills: the library, and how they are switched in sessions."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

from sessions.api.skills import (
    NotSwitched,
    PutBack,
    SkillAdded,
    SkillBroken,
    SkillFile,
    SkillReviewed,
    SkillsCost,
    SkillsListed,
    SkillUsedAt,
)
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.errors import AgentdeckError, UsageError
from sessions.features.session_skills import as_ours, row_of
from sessions.harvest.pair_ledger import PairLedger
from sessions.record.closed_sets import SkillState
from skills.errors import Several, Taken
from skills.library import pick
from skills.parse import FILE
from skills.skill import Skill

_MAX_SHOWN = 200_000


@command("skills.list")
async def listing(deck: Deck, session: str = "", cwd: str = "") -> SkillsListed:
    """Rows for the panel, and what the enabled set costs. Without a session: the library."""
    library = deck.features.library
    if session:
        skills = deck.features.skills.of(await deck.get(session))
        rows = await asyncio.to_thread(skills.rows)
        cost = await asyncio.to_thread(skills.cost)
    else:
        found = await asyncio.to_thread(library.scan, Path(cwd) if cwd else None)
        rows, cost = [row_of(skill) for skill in found], SkillsCost(tokens=0, enabled=0)
    paired = await asyncio.to_thread(PairLedger(deck.places).skills)
    for row in rows:
        if (pairs := paired.get(row["name"])) is not None:
            row["measured"] = pairs.says
    broken: list[SkillBroken] = [
        {"path": str(b.path), "scope": b.scope.value, "why": f"{b.why}"} for b in library.broken
    ]
    return {"rows": rows, "cost": cost, "broken": broken, "notices": library.notices}


@command("session.skill")
async def switch(deck: Deck, session: str, name: str, state: SkillState) -> None:
    """Switch a skill in one session. A skill that wants a review is refused (exit code 3)."""
    await deck.features.skills.of(await deck.get(session)).switch(name, state)


@command("skills.everywhere")
async def everywhere(deck: Deck, name: str, state: SkillState) -> NotSwitched:
    """Switch a skill in every open session; which refused, and why."""
    refused: dict[str, str] = {}
    for session in list(deck.sessions.values()):
        if session.summary.closed or session.summary.archived:
            continue
        try:
            await deck.features.skills.of(session).switch(name, state)
        except UsageError:
            raise
        except AgentdeckError as error:  # one session's refusal keeps no other from it
            refused[session.id] = str(error)
    return {"refused": refused}


@command("skills.default")
async def default(deck: Deck, profile: str, name: str, state: SkillState) -> None:
    """Make a state the profile's default for new sessions; written to the configuration."""
    await deck.features.skills.set_for_profile(profile, name, state)


@command("skills.review")
async def review(deck: Deck, name: str, session: str = "", path: str = "") -> SkillReviewed:
    """What a skill is, before it is used: tree, scripts, addresses, findings; how it stands.

    `path`: the skill's folder, for one that is shadowed by another of its name.
    """
    skill = await _find(deck, name, session, path)
    library = deck.features.library
    standing = await asyncio.to_thread(as_ours(library.standing), skill)
    shown = await asyncio.to_thread(as_ours(library.review), skill)
    return {
        **shown.to_json(),
        "trust": standing.trust.value,
        "usable": standing.usable,
        "changes": [change.to_json() for change in standing.changes],
        "folder": str(standing.folder) if standing.folder else "",
    }


@command("skills.trust")
async def trust(
    deck: Deck, name: str, session: str = "", folder: bool = False, path: str = ""
) -> None:
    """Record that a person has looked at it; with `folder`, trust its project folder too."""
    skill = await _find(deck, name, session, path)
    lock = deck.features.library.lock
    standing = await asyncio.to_thread(as_ours(lock.standing), skill)
    if folder and standing.folder is not None:
        await asyncio.to_thread(as_ours(lock.trust_folder), standing.folder)
    await asyncio.to_thread(as_ours(lock.trust), skill)


@command("skills.read")
async def read(
    deck: Deck, name: str, session: str = "", path: str = "SKILL.md", folder: str = ""
) -> SkillFile:
    """One file of a skill, for the reader, and the names of all.

    `size` is the file's in bytes; of a long one `text` has the beginning, of a binary one none.
    """
    skill = await _find(deck, name, session, folder)
    files = [p.as_posix() for p in await asyncio.to_thread(lambda: list(skill.files()))]
    if FILE not in files:
        files.insert(0, FILE)  # a link to the real one: read, though other links are not
    if path not in files:
        raise UsageError(f"The skill {name} has no file {path}.", "The panel lists its files.")
    try:
        text, size, cut = await asyncio.to_thread(_text, skill.path / path)
    except OSError as error:
        raise AgentdeckError(f"{path} can't be read: {error.strerror or error}.") from error
    return {
        "name": skill.name,
        "path": path,
        "files": files,
        "text": text or "",
        "size": size,
        "cut": cut,
        "binary": text is None,
    }


@command("skills.add")
async def add(
    deck: Deck, source: str, session: str = "", only: str = "", replace: bool = False
) -> SkillAdded:
    """Copy a skill into my skills: from a folder, an archive, a git address.

    A path may be relative to the session's directory. Where I have one of that name, and it is
    not to be replaced, nothing is done; nor where there are several in it and `only` names none.
    """
    source = source.strip()
    base = Path((await deck.get(session)).summary.cwd) if session else Path.home()
    path = base / Path(source).expanduser() if "://" not in source else None
    given = str(path) if path is not None and path.exists() else source
    take = partial(as_ours(deck.features.library.add), given, only=only, replace=replace)
    try:
        row = row_of(await asyncio.to_thread(take))
        return {"added": row, "taken": "", "several": []}
    except AgentdeckError as error:
        if not replace and isinstance(error.__cause__, Taken):
            return {"added": None, "taken": error.__cause__.entry, "several": []}
        if isinstance(error.__cause__, Several):
            return {"added": None, "taken": "", "several": error.__cause__.names}
        raise


@command("skills.remove")
async def remove(deck: Deck, name: str, session: str = "", path: str = "") -> None:
    """Move one of my skills to the trash; `skills.undo` puts it back."""
    skill = await _find(deck, name, session, path)
    await asyncio.to_thread(as_ours(deck.features.library.remove), skill)


@command("skills.undo")
async def undo(deck: Deck, name: str = "") -> PutBack:
    """Put back the skill that was removed last, or the last one of that name."""
    return {"path": str(await asyncio.to_thread(as_ours(deck.features.library.undo), name))}


@command("skills.uses")
async def uses(deck: Deck, session: str) -> list[SkillUsedAt]:
    """Where skills were used in a session, oldest first."""
    return deck.features.skills.of(await deck.get(session)).uses


async def _find(deck: Deck, name: str, session: str, path: str = "") -> Skill:
    cwd = Path((await deck.get(session)).summary.cwd) if session else None
    library = deck.features.library
    skills = await asyncio.to_thread(library.scan, cwd)
    if path:
        skills = [replace(s, shadowed_by=None) for s in skills if str(s.path) == path]
    visible = [s for s in skills if s.shadowed_by is None]
    return as_ours(pick)(visible, name, library.broken)


def _text(path: Path) -> tuple[str | None, int, bool]:
    """A file's text (None: it is binary), its size, and whether the text was cut."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(_MAX_SHOWN)
    if b"\0" in data:
        return None, size, False
    return data.decode("utf-8", "replace"), size, size > len(data)
