"""Commands of the configuration: every setting as it stands, and changing one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import TypeVar, cast

from sessions.api.answers import SettingChanged, SettingShown, SettingsSection, SettingsShown
from sessions.config import change
from sessions.config.settings import as_json, overview
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.errors import UsageError
from sessions.tools.rules import FileRules

T = TypeVar("T")
RULES = ("permissions", "rules")


@command("config.settings")
async def settings(deck: Deck) -> SettingsShown:
    """Every key with its words, default, value and whence it is; no secret is among them."""

    def found() -> SettingsShown:
        shown = cast("SettingsShown", as_json(overview(deck.places.config_file)))
        rules = _rules(FileRules(deck.places.config_file))
        shown["sections"] = [*shown["sections"], rules]
        return shown

    return await asyncio.to_thread(found)


def _rules(store: FileRules) -> SettingsSection:
    rules: list[SettingShown] = [
        {
            "keys": [*RULES, rule.id],
            "words": "What you allowed for good by the answer “always”.",
            "kind": "rule",
            "value": rule.shown,
            "default": "",
            "source": f"given {rule.made}",
            "ours": True,
            "choices": [],
            "force": "at once",
        }
        for rule in store.rules()
    ]
    words = "Permissions that were given for good."
    return {
        "keys": ["permissions"],
        "words": words,
        "named": False,
        "ours": bool(rules),
        "settings": rules,
    }


@command("config.check")
async def check(deck: Deck, keys: list[str], text: str) -> str:
    """Why what was typed can't be the value of a key, or ""."""
    where = deck.places.config_file
    return await asyncio.to_thread(
        lambda: _known(lambda: change.fault_of(where, tuple(keys), text))
    )


@command("config.put")
async def put(deck: Deck, keys: list[str], text: str, before: str | None = None) -> SettingChanged:
    """Set a key; not where the file has another value by now than `before`."""
    where = deck.places.config_file
    return await _done(lambda: change.put(where, tuple(keys), text, before))


@command("config.reset")
async def reset(deck: Deck, keys: list[str], before: str | None = None) -> SettingChanged:
    """Take a key out of the file, so that its default is in force, or a table of the user's."""
    where = deck.places.config_file
    if tuple(keys[:2]) == RULES:
        await asyncio.to_thread(FileRules(where).revoke, keys[-1])
        return {"written": True, "now": "", "force": "at once"}
    return await _done(lambda: change.reset(where, tuple(keys), before))


@command("config.add")
async def add(deck: Deck, keys: list[str], first: dict[str, str]) -> SettingChanged:
    """Make a backend, a profile, a price or an MCP server."""
    where = deck.places.config_file
    return await _done(lambda: change.add(where, tuple(keys), first))


async def _done(write: Callable[[], change.Written]) -> SettingChanged:
    changed = await asyncio.to_thread(_known, write)
    return cast("SettingChanged", asdict(changed))


def _known(work: Callable[[], T]) -> T:
    try:
        return work()
    except (KeyError, AttributeError) as error:
        raise UsageError("There is no such setting.", "See config.example.toml.") from error
