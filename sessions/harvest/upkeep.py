"""Upkeep of the user's skills: used by whom and with what outcome, and which want a look.

Counted from the journals, no model asked. A skill wants a look where it lies unused, was switched
on and never opened, is opened where it does not help, or says what another says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sessions.api.harvest import SkillKept
from sessions.config.model import UpkeepConfig
from sessions.harvest.byproduct_cache import all_sessions
from sessions.harvest.checks import fires
from sessions.harvest.draft import split
from sessions.harvest.language import telling_terms
from sessions.harvest.similar_skills import jaccard, shingles
from sessions.harvest.usage import SkillsSeen, is_stale, of_session, there_since
from sessions.paths import Places

_SHOWN = 5


@dataclass(slots=True)
class _Tally:
    offered: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    wrongly: list[str] = field(default_factory=list)
    by_model: int = 0
    by_user: int = 0
    helped: int = 0
    helped_model: int = 0
    sessions: int = 0
    last: str = ""


def upkeep(
    places: Places, folders: Sequence[Path], limits: UpkeepConfig | None = None
) -> list[SkillKept]:
    """Each skill of `folders` with its figures and what to say of it; what wants a look first."""
    limits = limits or UpkeepConfig()
    skills = {folder.name: _said(folder) for folder in folders}
    tallies = {name: _Tally() for name in skills}
    for session in all_sessions(places):
        _count(of_session(session, places), skills, tallies)
    near = _overlaps(skills, limits.alike)
    told = []
    for folder in folders:
        name, since = folder.name, there_since(folder)
        told.append(_told(name, tallies[name], since, near.get(name, []), limits))
    return sorted(told, key=lambda each: (not each["says"], each["used"], each["name"]))


def _count(seen: SkillsSeen, skills: dict[str, str], tallies: dict[str, _Tally]) -> None:
    """Add what one session says to the figures of the skills that it knew."""
    texts = {turn: text for turn, text, _ in seen.messages}
    opened = {(name, turn) for name, turn, _, _, _ in seen.uses}
    for name in {name for name, _, _, _, _ in seen.uses} & tallies.keys():
        tallies[name].sessions += 1
    for name, turn, how, helped, at in seen.uses:
        if (tally := tallies.get(name)) is None:
            continue
        tally.last = max(tally.last, at)
        tally.helped += helped
        if how == "tool":
            tally.by_model += 1
            tally.helped_model += helped
            if not helped and turn in texts:
                tally.wrongly.append(texts[turn])
        else:
            tally.by_user += 1
    for turn, text, on in seen.messages:
        for name in on:
            if (offered := tallies.get(name)) is None:
                continue
            offered.offered.append(text)
            if (name, turn) not in opened and fires(telling_terms(skills[name]), text):
                offered.missed.append(text)


def _told(
    name: str, tally: _Tally, since: datetime, near: list[str], limits: UpkeepConfig
) -> SkillKept:
    used = tally.by_model + tally.by_user
    says: list[str] = []
    messages: list[str] = []
    enough = limits.opened and tally.by_model >= limits.opened
    if enough and tally.helped_model < tally.by_model * limits.helped:
        says.append(
            f"opened too often: it helped in {tally.helped_model} of {tally.by_model} times that "
            "the model opened it; narrow its description"
        )
        messages = tally.wrongly
    elif limits.offered and not tally.by_model and len(tally.offered) >= limits.offered:
        if tally.missed:
            says.append(
                f"never opened, though its words fit {len(tally.missed)} of the "
                f"{len(tally.offered)} messages that it was on for: say sooner when to use it"
            )
        else:
            says.append(
                f"never triggered: it was on for {len(tally.offered)} messages, and its words fit "
                "none of them"
            )
        messages = tally.missed or tally.offered
    if is_stale(tally.last, since, limits):
        says.append(f"stale: not used for {limits.stale_weeks:g} weeks; put it away?")
    says += [f"says what {other} says: bring them together" for other in near]
    return {
        "name": name,
        "used": used,
        "by_model": tally.by_model,
        "by_user": tally.by_user,
        "helped": tally.helped,
        "sessions": tally.sessions,
        "offered": len(tally.offered),
        "last": tally.last,
        "says": says,
        "messages": list(dict.fromkeys(messages))[-_SHOWN:],
    }


def _overlaps(skills: dict[str, str], alike: float) -> dict[str, list[str]]:
    """Skills whose texts are alike, by name."""
    found: dict[str, list[str]] = {}
    if not alike:
        return found
    parts = {name: shingles(text) for name, text in skills.items()}
    names = sorted(parts)
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            if jaccard(parts[one], parts[other]) >= alike:
                found.setdefault(one, []).append(other)
                found.setdefault(other, []).append(one)
    return found


def _said(folder: Path) -> str:
    """A skill's name and description: what it is triggered by."""
    try:
        with (folder / "SKILL.md").open("rb") as file:
            text = file.read(200_000).decode("utf-8", "replace")
    except OSError:
        return folder.name
    name, description, _ = split(text)
    return f"{(name or folder.name).replace('-', ' ')} {description}"
