"""Actions on terminals: new, the keys in and out, looking back, ending, starting again, sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.errors import UsageError
from tui.actions import action
from tui.commands.sessions import connected, has_session
from tui.deck.terminals import begin, give_keys, paste

if TYPE_CHECKING:
    from sessions.record.summary_parts import TerminalState
    from tui.deck.action_interfaces import PastesCode, SessionInHand, SteersTerminal, TileInHand
    from tui.deck.interfaces import ForBeginning, ForPicking, HasModel, HasTile
    from tui.terminals.tile import TerminalTile

GROUP = "Terminals"


def terminal_tile(deck: TileInHand) -> TerminalTile | None:
    """The current tile, if it is a terminal in view."""
    summary, tile = deck.model.summary(), deck.tile
    if summary is None or summary.terminal is None or tile is None:
        return None
    from tui.terminals.tile import TerminalTile

    return tile if isinstance(tile, TerminalTile) else None


def _state(deck: SessionInHand) -> TerminalState | None:
    """What the current tile's terminal says of itself; None: it is none, or there is no engine."""
    summary = deck.model.summary()
    return summary.terminal if summary is not None and deck.link.up else None


def on_terminal(deck: SessionInHand) -> bool:
    """The current tile is a terminal."""
    return _state(deck) is not None


def running(deck: SessionInHand) -> bool:
    """The current tile is a terminal, and its program runs."""
    state = _state(deck)
    return state is not None and bool(state["running"])


def ended(deck: SessionInHand) -> bool:
    """The current tile is a terminal whose program has ended."""
    state = _state(deck)
    return state is not None and not state["running"]


def recorded(deck: SessionInHand) -> bool:
    """The current tile is a terminal that is recorded."""
    state = _state(deck)
    return state is not None and bool(state["record"])


def has_run(deck: SessionInHand) -> bool:
    """The current tile is a terminal whose shell has told of a command."""
    state = _state(deck)
    return state is not None and state["exit"] is not None


def has_terminals(deck: SessionInHand) -> bool:
    """There is a terminal that something can be sent to."""
    return connected(deck) and bool(_terminals(deck))


def _terminals(deck: HasModel) -> list[str]:
    known = deck.model.summaries
    return [i for i in deck.model.order if (state := known[i].terminal) and state["running"]]


def _keys_word(deck: TileInHand) -> str:
    tile = terminal_tile(deck)
    return "leave the terminal" if tile is not None and tile.has_focus_within else "to the terminal"


@action("terminal", "New terminal", keys=("alt+0",), group=GROUP, footer="terminal",
        when=connected, order=75)  # fmt: skip
async def terminal(deck: ForBeginning) -> None:
    """Your shell, or a program, on a terminal in a tile, where the current session works."""
    from tui.screens.dialogs import Prompt

    said = await deck.app.push_screen_wait(
        Prompt(
            "New terminal",
            "",
            "your shell · or a command: vim notes.md, lazygit, npm run dev",
            enter="starts it",
        )
    )
    if said is not None:
        await begin(deck, said)


@action("terminal_keys", "Keys to the terminal, and back", keys=("f12",), group=GROUP,
        footer=_keys_word, when=on_terminal, order=0, instant=True)  # fmt: skip
async def terminal_keys(deck: SteersTerminal) -> None:
    """The terminal has every key but this one, which takes them back."""
    tile = terminal_tile(deck)
    if tile is not None and not tile.has_focus_within:
        tile.terminal.focus()
    else:
        deck.to_composer()
    deck.redraw()


@action("look_back", "Look back in the terminal", group=GROUP, when=on_terminal)
async def look_back(deck: TileInHand) -> None:
    """Scroll and search with the keys, while the program goes on; esc returns to it."""
    tile = terminal_tile(deck)
    if tile is not None:
        tile.terminal.focus()
        tile.terminal.look_back()


@action("replay", "Play the terminal's recording", group=GROUP, when=recorded)
async def replay(deck: ForPicking) -> None:
    """What it has shown, at its own pace or faster; long pauses are shortened."""
    from tui.screens.replay import ReplayScreen

    await deck.app.push_screen_wait(ReplayScreen(deck, deck.model.current or ""))


@action("terminal_kill", "End the terminal's program", group=GROUP, when=running)
async def terminal_kill(deck: ForPicking) -> None:
    """End it and all that it started, even if it is frozen."""
    from tui.screens.dialogs import Confirm

    session = deck.model.current or ""
    text = "The program and everything that it started end. What it has shown stays."
    question = Confirm(f"End {deck.model.name_of(session)}?", text, "End it", danger=True)
    if await deck.app.push_screen_wait(question):
        await deck.client.call("terminal.kill", session=session)


@action("terminal_again", "Start the terminal's program again", group=GROUP, footer="start again",
        when=ended, order=4)  # fmt: skip
async def terminal_again(deck: ForBeginning) -> None:
    """The same command in the same place, once it has ended."""
    session = deck.model.current or ""
    await deck.client.call("terminal.again", session=session)
    give_keys(deck, session)


def _code(deck: HasTile) -> str:
    """What would be sent: what is selected, else the last code block of the block in hand, or of
    the last answer."""
    from tui.view.transcript_view import code_blocks

    tile = deck.tile
    if tile is None:
        return ""
    if chosen := tile.view.selected():
        return chosen
    block = tile.view.in_hand_or_last
    if block is None:
        return ""
    if block.kind == "tool":
        return str((block.data.get("input") or {}).get("command", ""))
    return next(iter(reversed(code_blocks(block))), "")


def can_type(deck: SessionInHand) -> bool:
    """There is a terminal to type into, and the current tile is none."""
    return has_terminals(deck) and has_session(deck) and not on_terminal(deck)


@action("to_terminal", "Send code to a terminal", group=GROUP, when=can_type)
async def to_terminal(deck: PastesCode) -> None:
    """What is selected, or the block in hand's last code or command: typed there, not run."""
    text = _code(deck).rstrip("\n")
    if not text.strip():
        raise UsageError("There is no code here.", "Select it, or take its block in hand.")
    among = _terminals(deck)
    target: str | None = among[0]
    if len(among) > 1:
        from tui.screens.session_list import pick_among

        target = await pick_among(deck, "Send the code to", among)
    if target is not None and await paste(deck, target, text):
        give_keys(deck, target)
