"""What is asked for a new backend, profile, price or MCP server: as little as it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sessions.api.answers import SettingsSection
from tui.screens.dialogs import Choice, Choose, Listing, Pick, Prompt
from tui.words.text import one_line

if TYPE_CHECKING:
    from textual.app import App

_KINDS = {
    "backends": ("Backend", "what answers: a server or an agent"),
    "profiles": ("Profile", "a named set for new sessions"),
    "prices": ("Price", "what a model costs"),
    "mcp": ("MCP server", "tools for sessions"),
    "hosts": ("Machine", "another one, whose sessions are in this deck"),
}
_NAMES = {"prices": "the model's name, or its beginning"}
_FIRST = {
    "acp": ("command", "the command that starts it", "for example: ssh host opencode acp"),
    "anthropic": ("base_url", "the server's address", "empty: Anthropic's own"),
    "openai": ("base_url", "the server's address", "empty: OpenAI's own"),
    "local": ("model_path", "the model's file", "empty: the small model of the [local] install"),
}
_TYPES = {
    "acp": "an agent that speaks the Agent Client Protocol",
    "anthropic": "a server that speaks Anthropic's Messages API",
    "openai": "a server that speaks OpenAI's API, as most do",
    "local": "llama.cpp on this machine",
}

Wish = tuple[list[str], dict[str, str]]


async def wanted(app: App[Any], sections: Sequence[SettingsSection], at: str) -> Wish | None:
    """The table's keys and its first values; None if the user left. `at`: where the cursor is."""
    rows = [
        Pick(key, ((f"{word:<12}", "bold"), (words, "$text-muted")))
        for key, (word, words) in _KINDS.items()
    ]
    kind = await _chosen(app, "Add", rows, at)
    if kind is None:
        return None
    hint = _NAMES.get(kind, "a name of yours")
    enter = "adds it" if kind == "prices" else "goes on"
    asked = Prompt(f"{_KINDS[kind][0]}: its name", placeholder=hint, enter=enter)
    name = await app.push_screen_wait(asked)
    if not name:
        return None
    keys = ["mcp", "servers"] if kind == "mcp" else [kind]
    first = await _first(app, sections, kind)
    return ([*keys, name.strip()], first) if first is not None else None


async def _first(
    app: App[Any], sections: Sequence[SettingsSection], kind: str
) -> dict[str, str] | None:
    if kind == "profiles":
        names = [s["keys"][1] for s in sections if s["keys"][0] == "backends"]
        rows = [Pick(name, ((one_line(name), "bold"),)) for name in names]
        backend = await _chosen(app, "Profile: who answers", rows)
        return None if backend is None else {"backend": backend}
    if kind == "mcp":
        title = "MCP server: its command, or its address"
        hint = "for example: uvx mcp-server-sqlite"
        typed = await app.push_screen_wait(Prompt(title, placeholder=hint, enter="adds it"))
        if not typed:
            return None
        return {"url" if typed.startswith(("http://", "https://")) else "command": typed}
    if kind == "hosts":
        title = "Machine: what ssh calls it"
        hint = "for example: build-host, or me@192.0.2.7"
        typed = await app.push_screen_wait(Prompt(title, placeholder=hint, enter="adds it"))
        return {"ssh": typed} if typed else None
    if kind == "backends":
        rows = [Pick(t, ((f"{t:<12}", "bold"), (_TYPES[t], "$text-muted"))) for t in _FIRST]
        kind_ = await _chosen(app, "Backend: its type", rows)
        if kind_ is None:
            return None
        key, title, hint = _FIRST[kind_]
        asked = Prompt(f"Backend: {title}", placeholder=hint, enter="adds it")
        typed = await app.push_screen_wait(asked)
        return None if typed is None else {"type": kind_, key: typed}
    return {}


async def _chosen(app: App[Any], title: str, rows: list[Pick], at: str = "") -> str | None:
    chosen: Choice | None = await app.push_screen_wait(Choose(title, Listing(rows, at=at)))
    return chosen.row if chosen is not None else None
