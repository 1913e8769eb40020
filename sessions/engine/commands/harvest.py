"""Commands of harvest: byproducts, the basket, drafts, checks, my skills."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from sessions.api.harvest import (
    DraftChecked,
    DraftShown,
    HarvestItem,
    HarvestSpan,
    PairDecided,
    PairToDecide,
    SkillKept,
    SkillPutAway,
    SkillUses,
)
from sessions.backends.base import Question
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.errors import AgentdeckError
from sessions.features.paired_runs import Pairs
from sessions.harvest import recurring
from sessions.harvest.byproducts import Found
from sessions.harvest.creator import Ask
from sessions.harvest.draft import SkillDraft
from sessions.harvest.merge import places
from sessions.harvest.service import Harvest
from sessions.harvest.session_groups import spans as spans_of
from sessions.record import events as ev
from sessions.record.closed_sets import ByproductKind, MergedHow, Preferred
from sessions.runtime.session import Session


def _service(deck: Deck) -> Harvest:
    return Harvest(deck.places)


def _told(service: Harvest, draft: SkillDraft) -> DraftShown:
    """A draft for the panel."""
    return {
        "name": draft.name,
        "path": str(service.drafts / draft.name),
        "description": draft.description,
        "skill_md": draft.skill_md(),
        "files": {name: len(data) for name, data in draft.all_files().items()},
        "lines": [{"text": line.text, "receipt": line.receipt} for line in draft.lines],
        "receipts": draft.receipts,
        "flags": draft.flags,
        "redactions": draft.redactions,
        "changed_files": draft.changed_files,
        "rounds": draft.rounds,
        "version": draft.version,
        "into": draft.into,
        "conflicts": [each.to_json() for each in places(draft)],
        "checks": list(draft.checks.values()),
    }


def _ask(deck: Deck, session: Session) -> Ask:
    """A question to a session's model, without its conversation."""
    if session.summary.host:  # its own model is asked over there alone: the default one of here
        choice = deck.config.choose()
        backend = deck.backend(choice.backend)
        model = choice.model or backend.default_model
    else:
        backend = deck.backend(session.summary.backend)
        model = deck.settings(session).model

    async def ask(prompt: str) -> str:
        question = Question(messages=[{"role": "user", "content": prompt}], model=model)
        return (await backend.ask(question)).text

    return ask


@command("harvest.byproducts")
async def byproducts(deck: Deck, sessions: list[str] | None = None) -> list[HarvestItem]:
    """What some sessions (or all) left behind; of several named ones what recurs is merged."""
    for session in sessions or []:
        if (live := deck.sessions.get(session)) is not None:  # the others are read from disk
            live.recorder.flush()
    found = await asyncio.to_thread(_service(deck).byproducts, sessions or [])
    if sessions and len(sessions) > 1:
        found = recurring.merged(found)
    return [{**each.to_json(), "weight": each.weight} for each in found]


@command("harvest.spans")
async def spans(deck: Deck) -> list[HarvestSpan]:
    """The days on which something was done, newest first, and the runs of plans."""
    return await asyncio.to_thread(spans_of, await deck.all_summaries(), deck.places)


@command("harvest.file")
async def file(deck: Deck, item: HarvestItem) -> str:
    """Where a byproduct lies as a file, to be looked at: kept, in its directory, or written now."""
    found = Found.from_json(item)
    session = str(found.origin.get("session") or "")
    cwd = ""
    with contextlib.suppress(AgentdeckError):
        summary = (await deck.get(session)).summary
        cwd = "" if summary.host else summary.cwd
    folder = deck.places.session(session) if session else deck.places.data
    return str(await asyncio.to_thread(_service(deck).as_file, found, folder, cwd))


@command("harvest.mark")
async def mark(
    deck: Deck,
    session: str,
    kind: ByproductKind,
    text: str,
    turn: int,
    seq: int,
    copied: bool = False,
) -> None:
    """Mark a part of a tile by hand, or note that it was copied: a byproduct event."""
    target = await deck.get(session)
    origin = {"turn": turn, "seq": seq}
    signals = {"copied": True} if copied else {}
    marked = ev.Byproduct(kind=kind, text=text, origin=origin, signals=signals)
    await target.recorder.emit_synced(marked)


@command("harvest.basket")
async def basket(
    deck: Deck,
    add: list[HarvestItem] | None = None,
    remove: list[str] | None = None,
    clear: bool = False,
) -> list[HarvestItem]:
    """The basket, after putting in or taking out."""
    held = _service(deck).basket
    if clear:
        held.clear()
    if add:
        held.add([Found.from_json(entry) for entry in add])
    if remove:
        held.remove(remove)
    if add or remove or clear:
        deck.notice("basket", "")
    return [item.to_json() for item in held.items()]


@command("harvest.draft")
async def draft(
    deck: Deck, name: str = "", items: list[HarvestItem] | None = None, session: str = ""
) -> DraftShown:
    """A draft of what is in the basket, of `items` alone, or of what is worth it in a session."""
    service = _service(deck)
    if session:
        if (live := deck.sessions.get(session)) is not None:
            live.recorder.flush()
        found = await asyncio.to_thread(service.of_named, [session])
    else:
        found = service.basket.items() if items is None else [Found.from_json(i) for i in items]
    made = await asyncio.to_thread(service.create, found, name)
    return _told(service, made)


@command("harvest.drafts")
async def drafts(deck: Deck) -> list[str]:
    """Names of all drafts."""
    return _service(deck).names()


@command("harvest.open")
async def open_(deck: Deck, name: str, edited: bool = False) -> DraftShown:
    """A draft as it lies on disk; `edited` records that the user has changed it."""
    service = _service(deck)
    found = await asyncio.to_thread(service.edited if edited else service.draft, name)
    return _told(service, found)


@command("harvest.improve")
async def improve(deck: Deck, name: str, session: str, wish: str = "") -> DraftShown:
    """Let a session's model put the draft into better words."""
    ask = _ask(deck, await deck.get(session))
    service = _service(deck)
    return _told(service, await service.improve(name, ask, wish))


@command("harvest.check")
async def check(deck: Deck, name: str, replay: bool = False, session: str = "") -> DraftChecked:
    """Checks and neighbours of a draft.

    `replay` runs its scripts in the sandbox; with `session`, its model is asked one question.
    """
    service = _service(deck)
    found = service.draft(name)
    done = await asyncio.to_thread(service.check, found)
    if replay:
        done.append(await service.replay(found))
        await asyncio.to_thread(service.keep_check, name, done[-1])
    if session:
        asked = await service.check_by_model(found, _ask(deck, await deck.get(session)))
        done.append(asked)
        await asyncio.to_thread(service.keep_check, name, asked)
    near = await asyncio.to_thread(service.neighbours, found)
    names = {each.name for each in done}
    kept = [c for n, c in service.draft(name).checks.items() if n not in names]
    return {
        "checks": [*(each.to_json() for each in done), *kept],
        "neighbours": [each.to_json() for each in near],
    }


@command("harvest.merge")
async def merge(deck: Deck, name: str, into: str, how: MergedHow = "update") -> DraftShown:
    """Make a draft a new version of one of my skills. `how`: update, extend or split."""
    service = _service(deck)
    return _told(service, await asyncio.to_thread(service.merge, name, into, how))


@command("harvest.resolve")
async def resolve(deck: Deck, name: str, number: int, keep: str) -> DraftShown:
    """Decide place `number` of a draft's conflicts: `yours`, `draft` or `both`."""
    # `keep` is no KeptOf for the checker: another word is refused with the place that it is for.
    service = _service(deck)
    return _told(service, await asyncio.to_thread(service.resolve, name, number, keep))


@command("harvest.pair")
async def pair(
    deck: Deck, name: str, begin: bool = False, prompts: list[str] | None = None, count: int = 1
) -> PairToDecide:
    """The next pair of a draft's or skill's paired runs, which are begun or looked at.

    `prompts`: what to send, else the first `count` that led to it; which side had the skill is
    told after the last pair.
    """
    pairs = Pairs(deck, deck.features)
    if begin:
        return await pairs.begin(name, [p.strip() for p in prompts or () if p.strip()], count)
    return await pairs.result(name)


@command("harvest.choose")
async def choose(deck: Deck, name: str, answer: Preferred) -> PairDecided:
    """Decide the pair that `harvest.pair` tells."""
    return await Pairs(deck, deck.features).choose(name, answer)


@command("harvest.uses")
async def uses(deck: Deck) -> list[SkillUses]:
    """How often each of my skills was used, and whether it helped."""
    limits = deck.config.skills.upkeep
    return [each.to_json() for each in await asyncio.to_thread(_service(deck).uses, limits)]


@command("skills.upkeep")
async def upkeep(deck: Deck) -> list[SkillKept]:
    """Each of my skills: used by whom, with what outcome, and what wants a look."""
    return await asyncio.to_thread(_service(deck).upkeep, deck.config.skills.upkeep)


@command("harvest.put_away")
async def put_away(deck: Deck) -> list[SkillPutAway]:
    """Skills of mine that were put away and can be brought back."""
    return await asyncio.to_thread(_service(deck).put_away)


@command("harvest.install")
async def install(deck: Deck, name: str, replace: bool = False, added: bool = False) -> str:
    """Copy a draft to my skills; where it lies then. `added`: with what a model added."""
    service = _service(deck)
    path = await asyncio.to_thread(lambda: service.install(name, replace=replace, added=added))
    deck.notice("skills", f"{path.name} is one of your skills now: {path}")
    return str(path)


@command("harvest.uninstall")
async def uninstall(deck: Deck, name: str) -> str:
    """Undo an install: the skill goes to the trash, the version before it comes back."""
    path = await asyncio.to_thread(_service(deck).uninstall, name)
    deck.notice("skills", f"{name} is put away, and kept")
    return str(path)


@command("harvest.export")
async def export(deck: Deck, name: str, out: str) -> str:
    """Write a draft as a `.skill` archive."""
    return str(await asyncio.to_thread(_service(deck).export, name, Path(out).expanduser()))


@command("harvest.reject")
async def reject(deck: Deck, name: str, reason: str = "") -> None:
    """Throw a draft away and remember why."""
    await asyncio.to_thread(_service(deck).reject, name, reason)


@command("harvest.suggestion")
async def suggestion(deck: Deck, session: str, dismiss: bool = False) -> str:
    """Why a session is worth a harvest, or ""."""
    service = _service(deck)
    if dismiss:
        service.suggestions.dismiss(session)
        return ""
    return await asyncio.to_thread(service.suggestions.why, session)
