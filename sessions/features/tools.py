"""Tools in a session: the toolbox by its configuration, and files put back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import UsageError
from sessions.features.skills import SessionSkills
from sessions.record import events as ev
from sessions.tools.base import Tool
from sessions.tools.rewind import Rewound
from sessions.tools.rewind import rewind as put_back
from sessions.tools.rules import FileRules
from sessions.tools.skill import SkillTool
from sessions.tools.state import State, ToolOptions
from sessions.tools.toolbox import Toolbox
from sessions.tools.toolbox import make_toolbox as make
from sessions.tools.workspace import Guard

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session


def make_toolbox(
    deck: Deck,
    session: Session,
    skills: SessionSkills,
    foreign: Sequence[Tool] = (),
    grants: Sequence[ev.JSON] = (),
) -> Toolbox:
    """The tools of a session, with those of MCP servers.

    `grants`: what its user has allowed for it before.
    """
    more = [deck.features.subsessions.tool(session), deck.features.passing.tool(session)]
    toolbox = make(
        Path(session.summary.cwd),
        session.folder / "files",
        deck.places,
        options=_options(deck, session),
        extra=[SkillTool(skills), *(tool for tool in more if tool is not None)],
        skill_folders=[root.path for root in skills.library.roots(Path(session.summary.cwd))],
    )
    toolbox.replace(foreign)
    for grant in grants:
        toolbox.state.grants.take(grant)
    return toolbox


def _options(deck: Deck, session: Session) -> ToolOptions:
    configured = deck.config.tools
    return ToolOptions(
        network=configured.network,
        sandbox=configured.sandbox,
        env=tuple(configured.env),
        timeout_s=configured.timeout_s,
        full_confirmed=session.full_confirmed,
    )


def state_of(deck: Deck, session: Session) -> State:
    """What a command of a session needs, without its tools: border, options, sandbox."""
    guard = Guard(Path(session.summary.cwd), session.folder / "files", deck.places, ())
    return State(guard, FileRules(deck.places.config_file), _options(deck, session))


async def rewind(deck: Deck, session: Session, turn: int | None) -> Rewound:
    """Put back what the edit tools changed in `turn` (default: the last) and later.

    Raises UsageError when there is no such turn.
    """
    number = turn if turn is not None else session.summary.turns
    if number < 1:
        raise UsageError("There is no turn to undo.")
    guard = Guard(Path(session.summary.cwd), session.folder / "files", deck.places, ())
    events = list(session.journal.events())
    return await asyncio.to_thread(put_back, events, number, guard)
