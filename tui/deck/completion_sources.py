"""What the composer can offer now: by `/` what can be done, by `@` the other sessions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sessions.record.summary import Summary
from tui.actions import Action
from tui.deck.completions import WordOffer
from tui.words.text import one_line, title_of

if TYPE_CHECKING:
    from tui.deck.model import DeckModel


def commands(summary: Summary | None, actions: Iterable[Action]) -> list[WordOffer]:
    """The agent's own commands, the session's skills, then what the deck can do now."""
    told = (summary.agent.get("commands") or []) if summary is not None else []
    own = [
        WordOffer(f"/{one_line(str(c.get('name', '')))}", one_line(str(c.get("description", ""))))
        for c in told
    ]
    skills = sorted(summary.skills) if summary is not None else []
    own += [WordOffer(f"/{one_line(name)}", "skill: read at once") for name in skills]
    return own + [WordOffer(f"/{a.name}", a.title, a.name) for a in actions]


def sessions(model: DeckModel) -> list[WordOffer]:
    """Every other session of the deck, by its title; its last answer goes with the message."""
    return [
        WordOffer(f"@session:{i}", f"{title_of(model.summaries[i])} · its last answer")
        for i in model.order
        if i != model.current
    ]
