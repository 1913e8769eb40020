"""Commands of priming: kinds, draw, expand, deepen, inject, and what came of it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Unpack, cast

from sessions.api.calls import Calls
from sessions.api.calls_by import CallsBy
from sessions.api.priming import (
    ComparisonWaiting,
    DreamsWaiting,
    InjectionSent,
    PrimingGauge,
    PrimingItem,
    PrimingJudged,
    PrimingKindShown,
    PrimingKnown,
    PrimingLedger,
    PrimingPast,
    PrimingPrepared,
    PrimingPreview,
    PrimingRead,
    PrimingShown,
    PrimingWishes,
    SessionPrimed,
)
from sessions.api.requests import InjectionWishes
from sessions.engine.commands import command, find
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.errors import AgentdeckError, UsageError
from sessions.features.priming import Wishes, told
from sessions.priming import kinds
from sessions.priming.shared_draw import seeds
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.closed_sets import ChosenBy, DrawnKind, Preferred


@command("priming.kinds")
async def all_kinds(deck: Deck) -> list[PrimingKindShown]:
    """The kinds with their parameters and defaults."""
    return [kind.to_json() for kind in kinds.KINDS.values()]


@command("priming.draw")
async def draw(
    deck: Deck,
    session: str,
    kind: DrawnKind,
    params: dict[str, int | str | list[str]] | None = None,
    seed: int | None = None,
    wishes: PrimingWishes | None = None,
) -> PrimingShown:
    """Draw, and say what letting the model read it would cost."""
    target = await deck.get(session)
    primings = deck.features.primings
    drawn = await primings.draw(target, kind, params or {}, seed)
    estimate = primings.estimate(target, drawn, Wishes.of(wishes or {}))
    return {**told(drawn), "estimate": estimate}


@command("priming.expand")
async def expand(
    deck: Deck, session: str, id: str, wishes: PrimingWishes | None = None
) -> PrimingRead:
    """Let the model read a draw, in a throw-away question."""
    found = await deck.features.primings.expand(
        await deck.get(session), id, Wishes.of(wishes or {})
    )
    return {**told(found.draw, found.items, found.notes), "stage": found.stage}


@command("priming.deepen")
async def deepen(
    deck: Deck,
    session: str,
    id: str,
    letters: list[str] | None = None,
    wishes: PrimingWishes | None = None,
) -> PrimingRead:
    """The next stage of names."""
    found = await deck.features.primings.deepen(
        await deck.get(session), id, letters or [], Wishes.of(wishes or {})
    )
    return {**told(found.draw, found.items, found.notes), "stage": found.stage}


@command("priming.raw")
async def raw(deck: Deck, session: str, id: str) -> list[PrimingItem]:
    """The draw itself as items."""
    items = await deck.features.primings.raw(await deck.get(session), id)
    return [item.to_json() for item in items]


@command("priming.preview")
async def preview(
    deck: Deck, session: str, id: str, items: list[PrimingItem], **how: Unpack[InjectionWishes]
) -> PrimingPreview:
    """The text that would be sent, and its tokens."""
    return deck.features.primings.preview(await deck.get(session), id, items, **how)


@command("priming.inject")
async def inject(
    deck: Deck, session: str, id: str, items: list[PrimingItem], **how: Unpack[InjectionWishes]
) -> InjectionSent:
    """Send what was chosen as a user turn."""
    return await deck.features.primings.inject(await deck.get(session), id, items, **how)


@command("priming.spread")
async def spread(
    deck: Deck, session: str, id: str, items: list[PrimingItem], sessions: list[str]
) -> dict[str, InjectionSent]:
    """Deal a draw's items over several sessions, and send each its share."""
    primings = deck.features.primings
    past = primings.of(await deck.get(session)).find(id)
    by = primings.chosen_by(past, items)
    sent: dict[str, InjectionSent] = {}
    for target, share in primings.spread(items, sessions).items():
        if not share:
            continue
        drawn = ev.PrimingDrawn(
            id=past.draw.id,
            kind=past.draw.kind,
            seed=past.draw.seed,
            params=past.draw.params,
            draw=past.draw.draw,
            items=[dict(item) for item in share],
            data={"source": past.draw.source, "from": session},
        )
        sent[target] = await _where_it_lives(deck, target).call(
            "priming.share",
            session=target,
            id=id,
            items=share,
            by=by,
            total=len(past.items),
            drawn=codec.to_json(drawn) if target != session else None,
        )
    return sent


def _where_it_lives(deck: Deck, session: str) -> Calls:
    """The commands for one of several sessions, some of which may live on other machines."""
    host = deck.elsewhere.host_of(session)
    return deck.elsewhere.on(host) if host else CallsBy(partial(_here, deck))


async def _here(deck: Deck, command: str, args: dict[str, Any]) -> Any:
    found = find(command)
    assert found is not None
    return await found(deck, **args)


@command("priming.share")
async def share_(
    deck: Deck,
    session: str,
    id: str,
    items: list[PrimingItem],
    by: ChosenBy,
    total: int,
    drawn: ev.JSON | None = None,
) -> InjectionSent:
    """A session's share of a draw, which is sent to it. `drawn`: the draw, made in another one."""
    target = await deck.get(session)
    if drawn is not None:
        found = codec.from_json(drawn)
        if not isinstance(found, ev.PrimingDrawn):
            raise UsageError("That is no draw.")
        await target.recorder.emit_synced(ev.replace(found, seq=0, at=""))
    return await deck.features.primings.inject(target, id, items, by=by, total=total)


@command("priming.past")
async def past(deck: Deck, session: str) -> list[PrimingPast]:
    """The session's primings, newest first, with what came of them."""
    found = deck.features.primings.of(await deck.get(session)).past()
    return [
        {
            **told(each.draw, each.items),
            "stage": each.stage,
            "injected": [
                {"turn": turn, "items": [i.to_json() for i in items], "by": by}
                for turn, items, _, by in each.injected
            ],
            "gauge": cast("PrimingGauge", each.gauge),
        }
        for each in reversed(found)
    ]


@command("priming.run")
async def run(deck: Deck, session: str, wanted: str) -> PrimingPrepared:
    """A whole priming without a person, as `run --prime` names it: the ticked items go in."""
    return await deck.features.primings.whole(await deck.get(session), wanted)


@command("priming.one")
async def one(
    deck: Deck,
    session: str,
    kind: DrawnKind,
    seed: int,
    params: dict[str, int | str | list[str]] | None = None,
    wishes: PrimingWishes | None = None,
) -> SessionPrimed:
    """Prime one of several sessions (see `priming.each`)."""
    primings, own = deck.features.primings, Wishes.of(wishes or {})
    target = await deck.get(session)
    drawn = await primings.draw(target, kind, params or {}, seed)
    found = await primings.expand(target, drawn.id, own)
    items = [i for i in found.items if i.checked] or found.items[:5]
    chosen = [i.to_json() for i in items or await primings.raw(target, drawn.id)]
    sent = await primings.inject(target, drawn.id, chosen, ban=own.ban, by="nobody")
    return {"session": session, "seed": seed, "items": len(chosen), "error": "", **sent}


@command("priming.each")
async def each(
    deck: Deck,
    sessions: list[str],
    kind: DrawnKind,
    seed: int,
    params: dict[str, int | str | list[str]] | None = None,
    wishes: PrimingWishes | None = None,
) -> list[SessionPrimed]:
    """Prime several sessions, each from a seed of its own: drawn, read, and what is ticked sent."""

    async def tried(session: str, own_seed: int) -> SessionPrimed:
        try:
            return await _where_it_lives(deck, session).call(
                "priming.one",
                session=session,
                kind=kind,
                seed=own_seed,
                params=params,
                wishes=wishes,
            )
        except AgentdeckError as error:
            return {"session": session, "seed": own_seed, "error": str(error)}

    each_its_own = zip(sessions, seeds(seed, len(sessions)), strict=True)
    return list(await asyncio.gather(*(tried(s, n) for s, n in each_its_own)))


# -- the blind comparison


@command("priming.compare")
async def compare(
    deck: Deck,
    session: str,
    id: str,
    items: list[PrimingItem],
    follow_up: str = "",
    neutral: str = "",
    wishes: PrimingWishes | None = None,
) -> PrimingJudged:
    """Ask the three arms; the first two lists to judge, without labels."""
    return await deck.features.comparisons.begin(
        await deck.get(session),
        id,
        items,
        Wishes.of(wishes or {}),
        follow_up=follow_up,
        neutral=neutral,
    )


@command("priming.judge")
async def judge(deck: Deck, id: str, answer: Preferred) -> PrimingJudged:
    """A verdict; the arms are told with the last."""
    return await deck.features.comparisons.judge(id, answer)


@command("priming.judge_by")
async def judge_by(deck: Deck, id: str, backend: str) -> PrimingJudged:
    """The same lists judged by a model of another backend."""
    return await deck.features.comparisons.by_model(id, backend)


@command("priming.comparing")
async def comparing(deck: Deck) -> list[ComparisonWaiting]:
    """Comparisons that wait for verdicts."""
    return deck.features.comparisons.waiting()


@command("priming.resume")
async def resume(deck: Deck, id: str) -> PrimingJudged:
    """The next two lists of a comparison that waits."""
    return deck.features.comparisons.resume(id)


@command("priming.ledger")
async def ledger(deck: Deck, judge: str = "user") -> PrimingLedger:
    """Wins, ties and losses over all sessions."""
    return deck.features.comparisons.ledger(judge)


@command("priming.known")
async def known(deck: Deck, session: str) -> PrimingKnown:
    """What was measured of each kind on the session's model, and which draw is suggested."""
    return deck.features.comparisons.known(await deck.get(session))


# -- daydreams


@command("priming.inbox")
async def inbox(deck: Deck) -> DreamsWaiting:
    """Daydreams that wait, newest first, and whether dreaming is on."""
    config = deck.config.priming.daydream
    return {
        "enabled": config.enabled,
        "budget_tokens": config.budget_tokens,
        "waiting": deck.features.daydreams.inbox.waiting(),
    }


@command("priming.wake")
async def wake(deck: Deck, session: str, id: str, keep: bool = True) -> PrimingShown | None:
    """Take a daydream out of the inbox: as a priming of a session, or (not `keep`) away."""
    dreams = deck.features.daydreams
    if not keep:
        dreams.inbox.put_away(id)
        return None
    target = await deck.get(session)
    drawn = await dreams.take(target, id)
    past = deck.features.primings.of(target).find(drawn.id)
    return told(past.draw, past.items)
