"""The tools of the deck's sessions: each has its toolbox, and files are put back."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.api.answers import Undone
from sessions.errors import UsageError
from sessions.features.feature import Feature
from sessions.record import events as ev
from sessions.tools.grants import Granted
from sessions.tools.rewind import Rewound
from sessions.tools.rewind import rewind as put_back
from sessions.tools.rules import FileRules
from sessions.tools.state import ToolOptions, ToolState
from sessions.tools.workspace import Guard

if TYPE_CHECKING:
    from sessions.features.file_scans import FileScans
    from sessions.features.interfaces import Neighbours
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session
    from sessions.tools.toolbox import Toolbox

_TOLD = "The user has put these files back to what they were before turn {turn}:\n{files}"


class SessionTools(Feature):
    """Who has which tools, and what its user has allowed for it before."""

    def __init__(self, deck: Deck, others: Neighbours, scans: FileScans) -> None:
        self._deck = deck
        self._others = others
        self._scans = scans
        self._granted: dict[str, Granted] = {}
        self._toolboxes: dict[str, Toolbox] = {}

    # -- a session's life

    def joined(self, session: Session) -> None:
        """A session is in memory from now on; its past is folded next."""
        granted = self._granted[session.id] = Granted()
        session.observers.append(granted.observe)

    async def parted(self, session: Session) -> None:
        """A session is not in memory any more; what it runs in the background ends."""
        self._granted.pop(session.id, None)
        toolbox = self._toolboxes.pop(session.id, None)
        if toolbox is not None:
            await toolbox.close()

    async def close(self) -> None:
        """End what runs in the background."""
        for toolbox in self._toolboxes.values():
            await toolbox.close()

    # -- its tools

    def knows(self, session_id: str, path: Path) -> bool:
        """Whether a session's model has seen a file, as far as its tools know."""
        toolbox = self._toolboxes.get(session_id)
        return toolbox is not None and path in toolbox.state.seen

    async def toolbox(self, session: Session) -> Toolbox:
        """The session's tools. They change only when those of its MCP servers do."""
        foreign = await self._others.mcp.found(session)
        toolbox = self._toolboxes.get(session.id)
        if toolbox is None:
            toolbox = self._toolboxes[session.id] = self._make(session)
            toolbox.replace(foreign or ())
            for grant in self._granted[session.id].grants:
                toolbox.state.grants.take(grant)
        elif foreign is not None:
            toolbox.replace(foreign)
        return toolbox

    def _make(self, session: Session) -> Toolbox:
        from sessions.tools.toolbox import make_toolbox

        cwd = Path(session.summary.cwd)
        toolbox = make_toolbox(
            cwd,
            session.folder / "files",
            self._deck.places,
            options=_options(self._deck, session),
            extra=self._others.tools_of(session),
            skill_folders=[root.path for root in self._others.library.roots(cwd)],
            behind=self._scans.of(session),
        )
        toolbox.renewed = partial(self._renewed, session)
        return toolbox

    async def _renewed(self, session: Session) -> None:
        """Calls are done: a server may have other tools since (after a sign-in, say)."""
        foreign = await self._others.mcp.found(session)
        toolbox = self._toolboxes.get(session.id)
        if foreign is not None and toolbox is not None:
            toolbox.replace(foreign)

    def confirm_full(self, session: Session) -> None:
        """A person has typed that mode `full` may be used without a sandbox."""
        session.full_confirmed = True
        toolbox = self._toolboxes.get(session.id)
        if toolbox is not None:
            toolbox.confirm_full()

    # -- files put back

    async def undo(self, session: Session, turn: int | None, files: bool) -> Undone:
        """Undo a session's last turn (or back to `turn`); with `files`, put files back too."""
        rewound = await _rewind(self._deck, session, turn) if files else None
        number = await session.undo(turn, rewound.paths if rewound else [])
        return {"turn": number, **rewound.told()} if rewound else {"turn": number}

    async def rewind(self, session: Session, turn: int) -> Rewound:
        """Put files back to before a turn; the conversation stays, and the model is told.

        Raises UsageError while a turn runs, or when there is no such turn.
        """
        if session.working:
            raise UsageError("A turn runs.", "Wait for its end, or interrupt it first.")
        if not 1 <= turn <= session.summary.turns:
            raise UsageError(f"There is no turn {turn}.")
        rewound = await _rewind(self._deck, session, turn)
        if rewound.paths:
            await session.recorder.emit_synced(ev.FilesRewound(turn=turn, files=rewound.paths))
            told = _TOLD.format(turn=turn, files="\n".join(rewound.paths))
            session.prepared.append({"kind": "files", "text": told})
        return rewound


def _options(deck: Deck, session: Session) -> ToolOptions:
    configured = deck.config.tools
    return ToolOptions(
        network=configured.network,
        sandbox=configured.sandbox,
        env=tuple(configured.env),
        timeout_s=configured.timeout_s,
        look_in=tuple(deck.config.harvest.look_in),
        full_confirmed=session.full_confirmed,
    )


def state_of(deck: Deck, session: Session) -> ToolState:
    """What a command of a session needs, without its tools: border, options, sandbox."""
    guard = Guard(Path(session.summary.cwd), session.folder / "files", deck.places, ())
    return ToolState(guard, FileRules(deck.places.config_file), _options(deck, session))


async def _rewind(deck: Deck, session: Session, turn: int | None) -> Rewound:
    """Put back what the edit tools changed in `turn` (default: the last) and later.

    Raises UsageError when there is no such turn.
    """
    number = turn if turn is not None else session.summary.turns
    if number < 1:
        raise UsageError("There is no turn to undo.")
    guard = Guard(Path(session.summary.cwd), session.folder / "files", deck.places, ())
    events = list(session.journal.events())
    return await asyncio.to_thread(put_back, events, number, guard)
