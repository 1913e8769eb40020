"""A terminal's tile: its frame says what the program says of itself, its inside is the screen."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult

from sessions.api.terminals import TerminalOutput
from sessions.errors import AgentdeckError, NotFound
from sessions.record.summary import Summary
from sessions.record.summary_parts import TerminalProgress, TerminalState
from tui.deck.tile import Tile
from tui.options import DeckOptions
from tui.terminals import emulator_choice
from tui.terminals.terminal_link import TerminalLink
from tui.terminals.view import TerminalView
from tui.timing.background_work import while_shown
from tui.words.text import one_line, place_of

if TYPE_CHECKING:
    from textual.app import App

    from tui.deck.client import DeckClient
    from tui.deck.model import Live

TRIES = 3
"""So often an emulator that fails is begun anew; then the tile only says so."""


def foot_of_terminal(summary: Summary) -> list[tuple[str, str]]:
    """What a terminal says beside its status, the most telling first."""
    if (state := summary.terminal) is None:
        return []
    running = bool(state.get("running"))
    parts: list[tuple[str, str]] = []
    if not running:
        parts.append((_end(state), "$text-error" if state.get("code") else "$text-muted"))
    if message := one_line(str((state.get("said") or {}).get("message", ""))):
        parts.append((message, "$text-warning"))
    if state.get("bell"):
        parts.append(("bell", "$text-warning"))
    if progress := state.get("progress"):
        parts.append(_progress(progress))
    if running and state.get("exit"):
        parts.append((f"last command: {state['exit']}", "$text-error"))
    if title := one_line(str(state.get("title", ""))):
        parts.append((title, ""))
    if not state.get("record"):
        parts.append(("not recorded", "$text-muted"))
    parts.append((place_of(summary), "$text-accent"))
    parts.append((f"{state.get('columns')}x{state.get('rows')}", "$text-muted"))
    return parts


def _end(state: TerminalState) -> str:
    if why := one_line(str(state.get("why", ""))):
        return why
    code = state.get("code")
    if code is None:
        return "ended"
    return f"ended with code {code}" if code >= 0 else f"ended by signal {-code}"


def _progress(progress: TerminalProgress) -> tuple[str, str]:
    percent, state = progress.get("percent"), str(progress.get("state"))
    style = {"error": "$text-error", "paused": "$text-warning"}.get(state, "$text-primary")
    known = isinstance(percent, int) and state != "unknown"
    return (f"{percent} %" if known else "at work", style)


class TerminalTile(Tile):
    """A tile with a terminal in it. It looks on while it is in view, and not a moment longer."""

    def __init__(self, summary: Summary, number: int, live: Live) -> None:
        super().__init__(summary, number, live)
        self.terminal = TerminalView(summary.id, emulator_choice.make)
        self._client: DeckClient | None = None
        self._looking_on = asyncio.Lock()

    @property
    def face(self) -> TerminalView:
        """What is seen in the frame."""
        return self.terminal

    def compose(self) -> ComposeResult:
        yield self.terminal

    def on_mount(self) -> None:
        """Know which keys leave it."""
        self.terminal.leave_keys = frozenset(leaving(self.app))

    def foot(self, now: datetime) -> list[tuple[str, str]]:
        """What the frame's lower line says."""
        return foot_of_terminal(self.summary)

    def show(self, summary: Summary, number: int) -> None:
        """A program that was started anew, or whose machine is back, is looked on at anew."""
        was_away = self.summary.status == "offline" != summary.status
        super().show(summary, number)
        running = summary.terminal is not None and bool(summary.terminal["running"])
        if self._client is not None and (was_away or (running and self.terminal.over)):
            self.look_on(self._client)

    # -- looking on

    def attend(self, client: DeckClient) -> None:
        """Look on by this client, if that is not so yet."""
        if client is not self._client:
            self.look_on(client)

    def look_on(self, client: DeckClient, past: bool = True) -> None:
        """Begin (anew): with what the engine has kept, or (`past` false) without."""
        self._client = client
        self.terminal.over = False
        self.run_worker(
            while_shown(self, self._look_on, client, past), group="terminal", exclusive=True
        )

    async def _look_on(self, client: DeckClient, past: bool) -> None:
        view = self.terminal
        async with self._looking_on:
            if why := await asyncio.to_thread(emulator_choice.missing):
                view.tell(why)
                return
            await asyncio.to_thread(emulator_choice.warm_up)
            view.await_past()
            teller = TerminalLink(self.session, client, view.stream_failed)
            try:
                room = view.room
                told = await teller.watch(*room, past)
            except NotFound:
                return  # deleted in this moment: its tile goes too
            except AgentdeckError as error:
                view.tell(str(error))
                return
            view.begin(told, teller, base64.b64decode(told["preamble"]))
            view.say_room(room)
            view.post_message(view.KeysMoved(view))
        await teller.send()

    def came(self, output: TerminalOutput) -> bool:
        """What the program printed; whether the clock has to draw it."""
        self.terminal.came(output)
        return not self.terminal.has_focus

    async def on_unmount(self) -> None:
        """Out of view: nothing is sent here any more."""
        client, self._client = self._client, None
        self.terminal.end()
        if client is not None:
            self.app.run_worker(_leave(client, self.session), group="terminal-left")

    @on(TerminalView.Broken)
    def _broken(self, message: TerminalView.Broken) -> None:
        message.stop()
        if self._client is not None and self.terminal.broken < TRIES:
            self.look_on(self._client, past=message.past)

    def find(self) -> None:
        """Open the search line of the scrollback."""
        self.terminal.focus()
        self.terminal.action_search()


def leaving(app: App[Any]) -> tuple[str, ...]:
    """The keys that a terminal does not get."""
    from tui import actions

    options = getattr(app, "options", None)
    changed = options.keys if isinstance(options, DeckOptions) else {}
    return actions.keys_of(actions.actions()["terminal_keys"], changed)


async def _leave(client: DeckClient, session: str) -> None:
    try:
        await client.call("terminal.unwatch", session=session)
    except AgentdeckError:
        return  # it is gone, or the engine is: nobody looks on anyway
