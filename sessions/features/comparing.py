"""Blind comparisons in the deck: begun, judged key by key, told and booked after the last verdict.

What runs is on disk from the beginning (`data/priming/comparing/`), so that an engine that ends
between two verdicts loses none. An interface is never told an arm before the last verdict.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sessions.api.priming import ComparisonWaiting, PrimingJudged, PrimingKnown, PrimingLedger
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.features.priming import Primings, Wishes
from sessions.paths import private_folder
from sessions.priming.comparison import (
    PAIRS,
    QUESTION,
    Comparison,
    Showing,
    ShowingVerdict,
    compare,
    judged_by_model,
)
from sessions.priming.evidence.shipped import says
from sessions.priming.facets import ShamPair, facets_of, instead, lines, lost_with, pair_of, suggest
from sessions.priming.gauge import takes_up
from sessions.priming.kinds import KINDS
from sessions.priming.ledger import Ledger
from sessions.priming.model import item_from_json
from sessions.priming.record import Past
from sessions.priming.rng import new_seed
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.closed_sets import DrawnKind, one_of
from skills import private_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

_ID = re.compile(r"[0-9A-Za-z_-]{1,80}")


class Comparisons:
    """The comparisons of the whole deck."""

    def __init__(self, deck: Deck, primings: Primings) -> None:
        self._deck = deck
        self._primings = primings
        self._folder = deck.places.data / "priming" / "comparing"
        self._ledger = Ledger(deck.places.data)

    async def begin(
        self,
        session: Session,
        priming: str,
        items: Sequence[Mapping[str, Any]],
        wishes: Wishes,
        *,
        follow_up: str = "",
        neutral: str = "",
    ) -> PrimingJudged:
        """Ask the three arms from the session's present point; none enters the session.

        Args:
            neutral: the backend that rewrites the replies; the session's own by default.

        Raises:
            UsageError: nothing is ticked, or there is no conversation to fork from.
            BackendError: the model can't be asked.
        """
        past = self._primings.of(session).find(priming)
        if past.injected:
            raise UsageError(
                "This priming is in the session already, so a plain fork would be primed too.",
                "Undo its turn, or draw again and compare before you send.",
            )
        seed = new_seed()
        rewriter = (
            self._primings.ask(session, backend_name=neutral, alone=True) if neutral else None
        )
        comparison = await compare(
            past.draw,
            [item_from_json(item) for item in items],
            self._primings.ask(session),
            self._primings.subject(session, wishes),
            seed=seed,
            follow_up=follow_up,
            neutral=rewriter or self._primings.ask(session, alone=True),
        )
        facts = {**comparison.facts, **self._facts(session, past, items, comparison)}
        comparison = replace(comparison, facts=facts)
        key = f"{priming}-{seed}"
        self._save(key, session.id, comparison)
        return self._told(key, comparison)

    async def judge(self, key: str, answer: str) -> PrimingJudged:
        """Take a verdict: `first`, `second` or `tie`. Raises UsageError, NotFound."""
        session, comparison = self._load(key)
        comparison = comparison.judged(answer)
        self._save(key, session, comparison)
        if comparison.done:
            await self._book(session, comparison)
        return self._told(key, comparison)

    async def by_model(self, key: str, backend: str) -> PrimingJudged:
        """The same showings judged by another backend's model; after the user's last verdict.

        Raises:
            UsageError: the user has not finished, or it is the session's own backend.
        """
        session_id, comparison = self._load(key)
        if not comparison.done:
            raise UsageError("The user judges first.", "Give your last verdict, then ask a model.")
        session = await self._deck.get(session_id)
        if backend == session.summary.backend:
            raise UsageError(
                "A model favours its own replies.", "Choose a backend of another family."
            )
        asking = self._primings.ask(session, backend_name=backend, alone=True)
        judged = await judged_by_model(comparison, asking, backend)
        await self._book(session_id, judged)
        return self._told(key, judged)

    def waiting(self) -> list[ComparisonWaiting]:
        """Comparisons that were begun and not finished, newest last."""
        found: list[ComparisonWaiting] = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                session, comparison = self._load(path.stem)
            except AgentdeckError:
                continue
            if not comparison.done:
                left = len(comparison.showings) - len(comparison.verdicts)
                found.append({"id": path.stem, "session": session, "left": left})
        return found

    def resume(self, key: str) -> PrimingJudged:
        """What is to be judged next in a comparison. Raises NotFound."""
        return self._told(key, self._load(key)[1])

    def _facts(
        self,
        session: Session,
        past: Past,
        items: Sequence[Mapping[str, Any]],
        comparison: Comparison,
    ) -> ev.JSON:
        """What was compared and for whom: what the ledger counts by."""
        taken = [takes_up(comparison.replies["primed"], item_from_json(item)) for item in items]
        return {
            "facets": facets_of(past.draw, past.stage),
            "model": session.summary.model,
            "profile": session.summary.profile,
            "taken": sum(taken),
            "of": len(taken),
        }

    def pairs(self, judge: str = "user") -> list[ShamPair]:
        """All comparisons against the sham; of an unknown kind where that was not kept yet."""
        found = (pair_of(record) for record in self._ledger.records(judge))
        return [pair for pair in found if pair is not None]

    def known(self, session: Session) -> PrimingKnown:
        """What was measured of each kind on a session's model, and the draw that is suggested."""
        model, data = session.summary.model, self._deck.places.data
        pairs, profile = self.pairs(), session.summary.profile
        suggestion = suggest(pairs, model, profile)
        lost = lost_with(pairs, model, profile)
        return {
            "model": model,
            "measured": {
                f"{kind}{f' {who}' if who else ''}": says(
                    model, kind, {"who": who or "known"}, data
                )
                for kind, who in (*((kind, "") for kind in KINDS), ("names", "ordinary"))
            },
            "suggested": one_of(DrawnKind, suggestion.kind, ""),
            "params": suggestion.params,
            "says": suggestion.says,
            "pairs": suggestion.pairs,
            "lost": [
                {
                    "kind": cast("DrawnKind", t.kind),  # of all that the ledger names, a known one
                    "part": "" if t.name == "kind" else t.name,
                    "says": t.says,
                }
                for t in lost
            ],
            "begin": instead(lost),
        }

    def ledger(self, judge: str = "user") -> PrimingLedger:
        """Wins, ties and losses over all sessions, in sentences."""
        summary = self._ledger.summary(judge)
        return {
            "facets": lines(self.pairs(judge)),
            "judge": judge,
            "comparisons": summary.comparisons,
            "unreadable": summary.unreadable,
            "says": [tally.says for tally in summary.tallies],
            "tallies": [
                {
                    "other": t.other,
                    "wins": t.wins,
                    "ties": t.ties,
                    "losses": t.losses,
                    "interval": list(t.interval),
                }
                for t in summary.tallies
            ],
        }

    # -- parts

    def _told(self, key: str, comparison: Comparison) -> PrimingJudged:
        """For an interface: two lists without labels, or, after the last verdict, everything."""
        told: PrimingJudged = {
            "id": key,
            "question": QUESTION,
            "given": len(comparison.verdicts),
            "of": len(comparison.showings),
            "done": comparison.done,
            "judge": comparison.judge,
        }
        showing = comparison.next
        if showing is not None:
            first, second = comparison.shown(showing)
            return {**told, "first": list(first), "second": list(second)}
        return {
            **told,
            "outcomes": {other: comparison.outcome(other) for _, other in PAIRS},
            "showings": [
                {"first": s.first, "second": s.second, "answer": v.answer}
                for s, v in zip(comparison.showings, comparison.verdicts, strict=True)
            ],
            "ideas": {arm: list(ideas) for arm, ideas in comparison.ideas.items()},
            "ledger": self.ledger(comparison.judge),
        }

    async def _book(self, session_id: str, comparison: Comparison) -> None:
        self._ledger.add(comparison, session_id)
        data = comparison.to_json()
        session = await self._deck.get(session_id)
        await session.recorder.emit_synced(
            ev.PrimingCompared(
                id=comparison.priming,
                outcomes=data["outcomes"],
                judge=comparison.judge,
                record=data,
            )
        )

    def _save(self, key: str, session: str, comparison: Comparison) -> None:
        private_folder(self._folder)
        data = codec.encode({"session": session, **asdict(comparison)})
        private_files.write(self._path(key), data)

    def _path(self, key: str) -> Path:
        if not _ID.fullmatch(key):
            raise NotFound(f"There is no comparison {key[:40]!r}.")
        return self._folder / f"{key}.json"

    def _load(self, key: str) -> tuple[str, Comparison]:
        try:
            data = json.loads(self._path(key).read_bytes())
            session = str(data.pop("session"))
            comparison = Comparison(**data)
            return session, replace(
                comparison,
                showings=tuple(Showing(**s) for s in comparison.showings),  # type: ignore[arg-type]
                verdicts=tuple(ShowingVerdict(**v) for v in comparison.verdicts),  # type: ignore[arg-type]
                ideas={arm: tuple(ideas) for arm, ideas in comparison.ideas.items()},
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise NotFound(f"There is no comparison {key[:40]}.", "Begin one anew.") from error
