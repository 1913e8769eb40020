"""Parameters, seed and wishes of a priming: a list of them, each changed by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui.panels.prime.words import Words
from tui.screens.dialogs import Choice, Choose, Listing, Offer, Pick, Prompt
from tui.words.text import clip, one_line

if TYPE_CHECKING:
    from sessions.api.priming import PrimingKindShown
    from tui.panels.prime.interfaces import Primed
    from tui.panels.prime.state import Prime

MOST_KEPT = 100
_WISHES = {
    "seed": "a whole number; empty: by chance, shown with the draw",
    "keep": "how many candidates the model is asked for; empty: as many as suit the kind",
    "domains": "fields from which readings may come, with commas between",
    "ban": "words that may not be used, so that a way around is found",
    "about": "what it is about, where the conversation does not say so",
    "then": "what the session is told to do with it; empty: three directions, each with a test",
}


def values(kind: PrimingKindShown | None, prime: Prime) -> dict[str, tuple[str, str]]:
    """Every setting by name: what it is now, and what it is for."""
    found: dict[str, tuple[str, str]] = {}
    for parameter in kind["parameters"] if kind else ():
        value = prime.given.get(parameter["name"], parameter["default"])
        choices = ", ".join(parameter["choices"])
        about = parameter["about"] + (f" ({choices})" if choices else "")
        found[parameter["name"]] = (_text(value), about)
    now: dict[str, Any] = {
        "seed": "" if prime.seed is None else prime.seed,
        "keep": prime.wishes.get("keep") or "",
        "domains": prime.wishes.get("terms") or (),
        "ban": prime.wishes.get("ban") or (),
        "about": prime.wishes.get("about") or "",
        "then": prime.follow_up,
    }
    for name, about in _WISHES.items():
        found[name] = (_text(now[name]), about)
    return found


def change(kind: PrimingKindShown | None, prime: Prime, name: str, text: str) -> str:
    """Take a new value in; what is wrong with it, or "". An empty one is the default again."""
    text = text.strip()
    if name == "seed" or name == "keep":
        return _number(prime, name, text)
    if name == "then":
        prime.follow_up = text
    elif name == "about":
        prime.wishes["about"] = text
    elif name == "domains":
        prime.wishes["terms"] = words(text)
    elif name == "ban":
        prime.wishes["ban"] = words(text)
    else:
        return _parameter(kind, prime, name, text)
    return ""


def _number(prime: Prime, name: str, text: str) -> str:
    if text and not text.isdecimal():
        return f"{name} is a whole number"
    if name == "seed":
        if text and int(text) >= 2**63:
            return "seed is a whole number below 2^63"
        prime.seed = int(text) if text else None
    elif text and not 1 <= int(text) <= MOST_KEPT:
        return f"keep is a number from 1 to {MOST_KEPT}"
    else:
        prime.wishes["keep"] = int(text) if text else 0
    return ""


def _parameter(kind: PrimingKindShown | None, prime: Prime, name: str, text: str) -> str:
    assert kind is not None
    parameter = next(p for p in kind["parameters"] if p["name"] == name)
    if not text:
        prime.given.pop(name, None)
        return ""
    if parameter["type"] == "int":
        low, high = parameter["low"], parameter["high"]
        if not text.isdecimal() or not low <= int(text) <= high:
            return f"{name} is a number from {low} to {high}"
        prime.given[name] = int(text)
    elif parameter["type"] == "choice" and text not in parameter["choices"]:
        return f"{name} is one of {', '.join(parameter['choices'])}"
    else:
        prime.given[name] = words(text) if parameter["type"] == "words" else text
    return ""


def words(text: str) -> list[str]:
    """Terms with commas, semicolons or line breaks between them."""
    return [" ".join(part.split()) for part in re.split(r"[,;\n]", text) if part.strip()]


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def edit(panel: Primed) -> None:
    """Show all settings; enter changes one, and the list comes again."""
    prime, kind = panel.prime, panel.kind
    found = values(kind, prime)
    picks = [
        Pick(
            name,
            (
                (f"{name:<9}", "bold"),
                (f"{clip(one_line(value), 30) or '-':<12} ", "$text-accent"),
                (one_line(about), "$text-muted"),
            ),
        )
        for name, (value, about) in found.items()
    ]
    listing = Listing(picks, (Offer("ctrl+d", "defaults"),), enter="changes it")

    def chosen(choice: Choice | None) -> None:
        if not choice:
            return
        if choice.key == "ctrl+d":
            prime.given.clear()
            prime.wishes = {}
            prime.seed, prime.follow_up = None, ""
            panel.show_all()
        elif choice.row:
            _ask(panel, choice.row, *found[choice.row])

    panel.app.push_screen(Choose(f"Settings of {prime.kind}", listing), chosen)


def _ask(panel: Primed, name: str, value: str, about: str) -> None:
    prime, kind = panel.prime, panel.kind

    def given(text: str | None) -> None:
        if text is None:
            return
        if fault := change(kind, prime, name, text):
            panel.deck.say(fault)
        panel.show_all()
        edit(panel)

    ask_for(panel, name, value, about, given)


def ask_for(
    panel: Primed, name: str, value: str, about: str, given: Callable[[str | None], None]
) -> None:
    """Ask for a value: many words in a field of several lines, all else in one line."""
    if name in ("terms", "ban", "then"):
        panel.app.push_screen(Words(name, value, about), given)
    else:
        panel.app.push_screen(Prompt(f"{name}: {about}", value, enter="sets it"), given)
