"""What is asked before something happens to an agent: an option, a way to sign in, who goes on."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from sessions.errors import AgentdeckError, NotFound
from sessions.record.summary import Summary
from sessions.record.summary_parts import AgentCommand, AgentOption
from tui.screens.dialogs import Choose, Listing, Pick
from tui.words.text import column, in_column, one_line

if TYPE_CHECKING:
    from tui.deck.interfaces import Asks, ForGoingOn, ForSigningIn


_NAMED, _STANDS = 34, 24
"""Cells of names, and of what something stands at, at most."""


def _columned(rows: Sequence[tuple[str, str, str, str]]) -> list[Pick]:
    """Rows of a key, a name, what it stands at (or nothing) and a note, in columns."""
    shown = [
        (key, one_line(name), one_line(stands), one_line(note)) for key, name, stands, note in rows
    ]
    wide = column((name for _, name, _, _ in shown), _NAMED)
    most = column((stands for _, _, stands, _ in shown), _STANDS)
    found = []
    for key, name, stands, note in shown:
        now = f"{in_column(stands, most)} " if most else ""
        cells = ((f"{in_column(name, wide)} ", "bold"), (now, ""), (note, "$text-muted"))
        found.append(Pick(key, cells))
    return found


async def pick_option(deck: Asks, options: list[AgentOption]) -> tuple[str, str] | None:
    """One of the agent's options and the value it shall have."""
    rows = []
    for option in options:
        names = {choice["value"]: choice["name"] for choice in option["choices"]}
        now = names.get(option["current"], option["current"])
        rows.append((option["id"], option["name"] or option["id"], now, option["description"]))
    listing = Listing(_columned(rows), enter="changes it")
    picked = await deck.app.push_screen_wait(Choose("Options of this agent", listing))
    if picked is None:
        return None
    option = next(o for o in options if o["id"] == picked.row)
    values = []
    for choice in option["choices"]:
        now = " (now)" if choice["value"] == option["current"] else ""
        name = f"{choice['name'] or choice['value']}{now}"
        values.append((choice["value"], name, "", choice.get("description", "")))
    title = one_line(option["name"] or option["id"])
    listing = Listing(_columned(values), at=option["current"])
    chosen = await deck.app.push_screen_wait(Choose(title, listing))
    return (picked.row, chosen.row) if chosen else None


async def pick_command(deck: Asks, commands: list[AgentCommand]) -> str:
    """One of the agent's slash commands, without the slash; or ""."""
    rows = []
    for each in commands:
        taken = each.get("input")
        hint = str(taken.get("hint") or "") if isinstance(taken, dict) else ""
        note = f"{hint}   {each.get('description') or ''}".strip()
        rows.append((str(each.get("name", "")), f"/{each.get('name', '')}", "", note))
    listing = Listing(_columned(rows), enter="puts it into the composer")
    picked = await deck.app.push_screen_wait(Choose("Commands of this agent", listing))
    return picked.row if picked else ""


async def sign_in_to(deck: ForSigningIn, backend: str) -> None:
    """Ask for a way to sign in to a backend's agent, and take it."""
    ways = await deck.client.call("agent.sign_in", backend=backend)
    if not ways:
        deck.say(f"{backend} offers no way to sign in: it needs none, or has its own command.")
        return
    way = ways[0]
    if len(ways) > 1:
        listing = Listing(_columned([(w["id"], w["name"], "", w["description"]) for w in ways]))
        chosen = await deck.app.push_screen_wait(Choose(f"Sign in to {backend}", listing))
        if chosen is None:
            return
        way = next(w for w in ways if w["id"] == chosen.row)
    if way["kind"] == "variable":
        deck.say(f"{way['name']}. {way['description']}")
        return
    if way["kind"] == "terminal":
        _in_terminal(deck, list(way["command"]), dict(way["env"]))
        await deck.client.call("agent.restart", backend=backend)
    else:
        deck.say(f"{way['name']}: the agent goes on in its own window…")
        await deck.client.call("agent.authenticate", backend=backend, method=way["id"])
    deck.say(f"Signed in to {backend}, as far as the agent says.")


def _in_terminal(deck: Asks, command: list[str], env: dict[str, str]) -> None:
    """The agent's own login has the terminal until it ends. Raises AgentdeckError if it fails."""
    line = shlex.join(command)
    try:
        with deck.app.suspend():
            print(f"\n$ {line}\n", flush=True)
            code = subprocess.run(command, env={**os.environ, **env}, check=False).returncode
    except SuspendNotSupported as error:
        raise AgentdeckError(
            "This terminal can't be lent to the agent's login.", f"Run it in another: {line}"
        ) from error
    except OSError as error:
        raise AgentdeckError(f"{command[0]} can't be started: {error.strerror}.") from error
    if code:
        raise AgentdeckError(f"{line} ended with exit code {code}.", "You are not signed in by it.")


async def pick_backend(deck: Asks, title: str, now: str = "") -> str | None:
    """A backend that can be used here; `now` is marked."""
    rows = []
    for backend in await deck.client.call("deck.backends"):
        name = backend["name"]
        if backend["ok"]:
            told = f"{name} (now)" if name == now else name
            rows.append((name, told, "", backend["detail"]))
    chosen = await deck.app.push_screen_wait(Choose(title, Listing(_columned(rows))))
    return chosen.row if chosen else None


async def go_on_with(deck: ForGoingOn, summary: Summary) -> None:
    """A live session from an imported one; asks for a backend where its own is not here."""
    try:
        made = await deck.client.call("session.continue", session=summary.id)
    except NotFound as error:
        deck.say(str(error.message))
        chosen = await pick_backend(deck, "Go on with")
        if chosen is None:
            return
        made = await deck.client.call("session.continue", session=summary.id, backend=chosen)
    deck.go(deck.feed.met(made))
    deck.composer.focus()
