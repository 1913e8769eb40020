"""Priming in a session: draws, a throw-away question, injections as turns, the gauge afterwards.

The question goes to the session's backend outside the session: the conversation as text, no
tools, nothing kept. What is drawn, read, injected and measured is recorded in the session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

from sessions.api.priming import (
    InjectionSent,
    PrimingItem,
    PrimingPrepared,
    PrimingPreview,
    PrimingShown,
    PrimingWishes,
    ReadingCost,
)
from sessions.api.requests import InjectionWishes
from sessions.backends import pricing
from sessions.backends.base import Question, Reply
from sessions.errors import BackendError, UsageError
from sessions.features.feature import Feature
from sessions.features.session_priming import SessionPriming
from sessions.priming import cost, kinds, pipeline, record, rows, shared_draw
from sessions.priming.arxiv.draw import Source
from sessions.priming.inject import Injection, chosen_by, compose, most_tokens
from sessions.priming.model import Draw, Item, item_from_json
from sessions.priming.prompts import Subject, expand_prompt
from sessions.record import events as ev
from sessions.record.closed_sets import ChosenBy
from sessions.record.context import as_text
from skills.tokens import quarters

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

_CONVERSATION = 24_000
"""Characters of the conversation that stand before the question: about 6,000 tokens."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person set beside the draw."""

    about: str = ""
    terms: tuple[str, ...] = ()
    ban: tuple[str, ...] = ()
    keep: int = 0
    without: tuple[str, ...] = ()
    """Papers that were unticked: neither read nor sent, though they stay in the draw's record."""

    @classmethod
    def of(cls, given: PrimingWishes) -> Wishes:
        """From a command's arguments; words may come as a list or with commas between."""
        return cls(
            given.get("about", ""),
            tuple(kinds.words_of(given.get("terms") or ())),
            tuple(kinds.words_of(given.get("ban") or ())),
            given.get("keep", 0),
            tuple(given.get("without", ())),
        )


class Primings(Feature):
    """Priming for the whole deck."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._sessions: dict[str, SessionPriming] = {}

    def joined(self, session: Session) -> None:
        """A session is in memory; its past is folded next."""
        self._sessions[session.id] = SessionPriming(session)

    async def after_turn(self, session: Session, ended: ev.TurnEnded) -> None:
        """What was injected is measured in the answer."""
        self.of(session).measure()

    async def parted(self, session: Session) -> None:
        """A session is not in memory any more."""
        self._sessions.pop(session.id, None)

    def of(self, session: Session) -> SessionPriming:
        """A session's primings."""
        return self._sessions[session.id]

    # -- the steps

    async def draw(
        self, session: Session, kind: str, params: Mapping[str, Any], seed: int | None = None
    ) -> Draw:
        """Draw for a session, and record it. Raises UsageError or AgentdeckError."""
        drawn = await pipeline.draw(kind, params, seed=seed, source=self.source())
        await session.recorder.emit_synced(record.drawn_event(drawn))
        return drawn

    async def expand(self, session: Session, priming: str, wishes: Wishes) -> pipeline.Expansion:
        """Let the session's model read a draw, outside the session. Raises BackendError."""
        past = self.of(session).find(priming)
        expansion = await pipeline.expand(
            pipeline.without(past.draw, wishes.without) if wishes.without else past.draw,
            self.ask(session),
            self.subject(session, wishes),
            keep=wishes.keep or None,
        )
        return await self._keep(session, replace(expansion, draw=past.draw))

    async def deepen(
        self, session: Session, priming: str, letters: Sequence[str], wishes: Wishes
    ) -> pipeline.Expansion:
        """The next stage of names: "that is superficial". Raises UsageError, BackendError."""
        before = self.of(session).expansions.get(priming)
        if before is None:
            raise UsageError("There is no stage before this one.", "Let the model read it first.")
        expansion = await pipeline.deepen(
            before, self.ask(session), self.subject(session, wishes), letters=letters
        )
        return await self._keep(session, expansion)

    async def raw(self, session: Session, priming: str) -> tuple[Item, ...]:
        """The draw itself as items, without a model."""
        return pipeline.raw_items(self.of(session).find(priming).draw)

    async def inject(
        self,
        session: Session,
        priming: str,
        items: Sequence[Mapping[str, Any]],
        *,
        follow_up: str = "",
        with_names: bool = False,
        ban: Sequence[str] = (),
        params: Mapping[str, Any] | None = None,
        without: Sequence[str] = (),
        by: ChosenBy = "",
        total: int = 0,
    ) -> InjectionSent:
        """Send what was chosen as a visible user turn; a busy session queues it.

        `params` may change what goes in (`inject`, `mode`), not what was drawn; `without`: papers
        that were unticked; `by`: who chose (as the ticks tell it otherwise), `total`: of how many.
        Raises UsageError.
        """
        injection, past = self._compose(
            session, priming, items, follow_up, with_names, ban, params or {}, without, by, total
        )
        self._check_size(session, injection.text)
        sent = await session.send(injection.text, "priming")
        turn = sent.get("turn")
        await session.recorder.emit_synced(record.injected_event(injection, turn))
        return {**sent, "text": injection.text, "of": len(past.items)}

    async def whole(self, session: Session, wanted: str) -> PrimingPrepared:
        """A whole priming without a person, as `run --prime` names it: the ticked items go in.

        With `keep=0` the draw goes in as it is, which no model reads before.
        """
        spec = kinds.parse_spec(wanted)
        drawn = await self.draw(session, spec.kind, spec.params, spec.seed)
        wishes = Wishes(spec.about, spec.terms, spec.ban, spec.keep or 0)
        chosen: list[Item] = []
        if spec.keep != 0:
            try:
                found = await self.expand(session, drawn.id, wishes)
                chosen = [item for item in found.items if item.checked] or list(found.items[:5])
            except BackendError as error:
                told = (
                    f"The draw of {spec.kind} was not read, and goes in as it is: {error.message}"
                )
                session.recorder.emit(ev.Notice(kind="priming", message=told))
        # A model that can't read the draw leaves the draw itself, which primes as well.
        items = chosen or list(await self.raw(session, drawn.id))
        return await self.put_before(
            session, drawn.id, [item.to_json() for item in items], spec.ban
        )

    async def put_before(
        self, session: Session, priming: str, items: Sequence[Mapping[str, Any]], ban: Sequence[str]
    ) -> PrimingPrepared:
        """Put an injection before the session's next message instead of sending one of its own.

        For `run --prime`: one prompt, one turn, and nobody who chose. Recorded as injected when
        that turn begins.
        """
        injection, past = self._compose(session, priming, items, "", False, ban, {}, by="nobody")
        self._check_size(session, injection.text)
        session.prepared.append({"kind": "priming", "name": priming, "text": injection.text})
        turn = session.summary.turns + 1
        await session.recorder.emit_synced(record.injected_event(injection, turn))
        return {
            "id": priming,
            "items": [i.to_json() for i in injection.items],
            "of": len(past.items),
        }

    def preview(
        self,
        session: Session,
        priming: str,
        items: Sequence[Mapping[str, Any]],
        **how: Unpack[InjectionWishes],
    ) -> PrimingPreview:
        """What would be sent: its text, about how many tokens, what they cost, how many may be."""
        injection, _ = self._compose(
            session,
            priming,
            items,
            how.get("follow_up", ""),
            how.get("with_names", False),
            tuple(how.get("ban", ())),
            how.get("params") or {},
            tuple(how.get("without", ())),
        )
        size = cost.tokens(injection.text)
        price = pricing.price_of(session.summary.model, self._deck.config.prices)
        usd = cost.Estimate(size, 0).usd(price.input, price.output) if price else None
        most = self._most_tokens(session)
        return {"text": injection.text, "tokens": size, "usd": usd, "most": most}

    def estimate(self, session: Session, drawn: Draw, wishes: Wishes) -> ReadingCost:
        """Tokens that reading a draw will take, and their cost where a price is known."""
        prompt = expand_prompt(
            drawn, self.subject(session, wishes), wishes.keep or kinds.kind_of(drawn.kind).keep
        )
        before = sum(quarters(m["content"]) for m in self._conversation(session)) // 4
        guess = cost.estimate(prompt, before)
        price = pricing.price_of(session.summary.model, self._deck.config.prices)
        usd = guess.usd(price.input, price.output) if price else None
        return {"input": guess.input, "output": guess.output, "usd": usd}

    def spread(
        self, items: Sequence[PrimingItem], sessions: Sequence[str]
    ) -> dict[str, list[PrimingItem]]:
        """Deal one draw's items over several sessions."""
        return shared_draw.deal(list(items), list(sessions))

    # -- parts

    def _compose(
        self,
        session: Session,
        priming: str,
        items: Sequence[Mapping[str, Any]],
        follow_up: str,
        with_names: bool,
        ban: Sequence[str],
        params: Mapping[str, Any],
        without: Sequence[str] = (),
        by: ChosenBy = "",
        total: int = 0,
    ) -> tuple[Injection, record.Past]:
        past = self.of(session).find(priming)
        drawn = pipeline.without(past.draw, without) if without else past.draw
        changes = {k: v for k, v in params.items() if k in ("mode", "inject")}
        if changes:
            drawn = replace(drawn, params={**drawn.params, **changes})
        injection = compose(
            drawn,
            [item_from_json(item) for item in items],
            follow_up=follow_up,
            with_names=with_names,
            ban=ban,
            total=total or len(past.items),
            by=by or self.chosen_by(past, items),
        )
        return injection, past

    def chosen_by(self, past: record.Past, items: Sequence[Mapping[str, Any]]) -> ChosenBy:
        """Who chose these items: a person, or the deck, whose ticks nobody changed."""
        offered = past.items or pipeline.raw_items(past.draw)
        return chosen_by([item_from_json(item) for item in items], offered)

    def _check_size(self, session: Session, text: str) -> None:
        size, most = cost.tokens(text), self._most_tokens(session)
        if 0 < most < size:
            raise UsageError(
                f"That takes about {size} tokens, and the model's window has room for {most}.",
                "Choose fewer, or compact the session first.",
            )

    def _most_tokens(self, session: Session) -> int:
        window = self._deck.context_window(session)
        return most_tokens(max(1, window - session.context.tokens)) if window else 0

    async def _keep(self, session: Session, expansion: pipeline.Expansion) -> pipeline.Expansion:
        self.of(session).expansions[expansion.draw.id] = expansion
        await session.recorder.emit_synced(record.drawn_event(expansion.draw, expansion))
        return expansion

    def _conversation(self, session: Session) -> list[ev.JSON]:
        return as_text(session.context.messages(), _CONVERSATION)

    def subject(self, session: Session, wishes: Wishes) -> Subject:
        """What the model is told that a priming is about."""
        return Subject(
            about=wishes.about,
            in_fork=bool(self._conversation(session)),
            terms=wishes.terms,
            ban=wishes.ban,
        )

    def ask(
        self, session: Session, *, backend_name: str = "", model: str = "", alone: bool = False
    ) -> pipeline.Ask:
        """A question without tools after the conversation as it is now, of which nothing stays.

        By the session's own backend and model unless others are named; `alone`: without the
        conversation.
        """
        own = backend_name in ("", session.summary.backend)
        backend = self._deck.backend(backend_name or session.summary.backend)
        model = model or (self._deck.settings(session).model if own else backend.default_model)
        past = [] if alone else self._conversation(session)

        async def ask(
            messages: Sequence[Mapping[str, Any]],
            *,
            schema: Mapping[str, Any] | None = None,
            max_tokens: int = 4096,
        ) -> Reply:
            whole = as_text([*past, *[dict(m) for m in messages]])
            return await backend.ask(
                Question(messages=whole, model=model, schema=schema, max_tokens=max_tokens)
            )

        return ask

    def source(self) -> Source:
        """Where papers come from."""
        arxiv = self._deck.config.priming.arxiv
        return Source(self._deck.places, arxiv.url, arxiv.min_interval_s)


def told(drawn: Draw, items: Sequence[Item] = (), notes: Sequence[str] = ()) -> PrimingShown:
    """A draw and its items for an interface."""
    return {
        **drawn.to_json(),
        "rows": [row.to_json() for row in rows.draw_rows(drawn)],
        "where": rows.source_line(drawn),
        "warnings": list(pipeline.warnings(drawn)),
        "items": [item.to_json() for item in items],
        "remarks": list(notes),
        "estimate": None,
    }
