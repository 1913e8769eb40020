"""The paired run of a skill: for each prompt two fresh sessions, the skill on in one of them.

Each session works in an empty folder of its own. Which of the two had the skill is told when the
user has chosen in every pair; whoever looks at the tool calls can see it before, and the review
says so. What came of it is kept for the Skills panel, over all runs of the skill.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, cast, get_args

import msgspec

from sessions.api.harvest import CheckFinding, PairDecided, PairSideShown, PairToDecide
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.harvest.checks import DraftCheck
from sessions.harvest.draft import SkillDraft, slug
from sessions.harvest.pair_ledger import PairLedger, PairOutcome, PairRow
from sessions.harvest.service import Harvest
from sessions.paths import private_folder
from sessions.record import events as ev
from sessions.record.closed_sets import Permission, Preferred, TurnReason
from skills import private_files
from skills.errors import SkillError

if TYPE_CHECKING:
    from sessions.features.interfaces import Neighbours
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

ANSWERS: tuple[Preferred, ...] = get_args(Preferred)
MOST = 8
"""Pairs at a time: each is two sessions."""


@dataclass(frozen=True, slots=True)
class PairSubject:
    """What is run with and without: a draft, or a skill that is installed."""

    name: str
    draft: SkillDraft | None = None
    """Of an installed skill: what it was harvested as, where that is known."""
    shelved: bool = False
    """Not installed: each session that shall have it gets a copy."""


class SkillPair(msgspec.Struct):
    """Two sessions for one prompt, `skilled` the one with the skill; `sides` once decided."""

    sessions: list[str]
    skilled: Literal[0, 1]
    prompt: str
    answer: Preferred | Literal[""] = ""
    sides: list[PairSideShown] = []

    @property
    def with_and_without(self) -> tuple[PairSideShown, PairSideShown]:
        """Its sides, that with the skill first."""
        return self.sides[self.skilled], self.sides[1 - self.skilled]


class PairsBegun(msgspec.Struct):
    """What is on disk of a run that is not decided."""

    pairs: list[SkillPair]


class Likeness(TypedDict, total=False):
    """What the sessions of a pair have of the session that the draft came from."""

    profile: str
    backend: str
    model: str
    permission: Permission


class Pairs:
    """Paired runs of drafts and skills, on disk under `data/pairs`."""

    def __init__(self, deck: Deck, others: Neighbours) -> None:
        self._deck = deck
        self._others = others
        self._service = Harvest(deck.places)
        self._folder = deck.places.data / "pairs"
        self._ledger = PairLedger(deck.places)

    async def begin(self, name: str, prompts: Sequence[str] = (), count: int = 1) -> PairToDecide:
        """Send each prompt to two fresh sessions.

        Args:
            prompts: what to send; without any the first `count` that led to the draft.

        Raises:
            UsageError: there is nothing to send, or the skill can't be used.
        """
        subject = self._subject(name)
        led = self._service.prompts(subject.draft) if subject.draft else []
        sent = list(dict.fromkeys(prompts or led[: max(1, count)]))[:MOST]
        if not sent:
            raise UsageError(
                "No message of a session led to this draft, so there is nothing to send."
                if subject.shelved
                else f"It is not known what led to {subject.name}, so there is nothing to send.",
                "Judge it by reading it, or say what to send.",
            )
        like = await self._like(subject.draft)
        run = private_folder(self._folder) / f"{subject.name}-{secrets.token_hex(3)}"
        pairs = [await self._pair(subject, like, run, n, text) for n, text in enumerate(sent)]
        self._write(subject.name, pairs)
        for pair in pairs:
            for each in pair.sessions:
                await (await self._deck.get(each)).send(pair.prompt, "harvest")
        return await self.result(subject.name)

    async def _pair(
        self, subject: PairSubject, like: Likeness, run: Path, number: int, prompt: str
    ) -> SkillPair:
        """Two sessions for one prompt, one of them with the skill."""
        skilled: Literal[0, 1] = secrets.choice((0, 1))
        made: list[str] = []
        for side in range(2):
            cwd = private_folder(run / f"{number + 1}{'ab'[side]}")
            title = f"pair {2 * number + side + 1}: {subject.name}"
            session = await self._deck.create(**like, cwd=str(cwd), title=title, worktree=False)
            if side == skilled:
                await self._give(session, subject, cwd)
            else:
                with contextlib.suppress(AgentdeckError):  # it does not even see it
                    await self._others.skills.of(session).switch(subject.name, "off")
            made.append(session.id)
        return SkillPair(made, skilled, prompt)

    async def result(self, name: str) -> PairToDecide:
        """The next pair to decide, not saying which had the skill. Raises NotFound."""
        told: PairToDecide | None = None
        pairs = self._read(name)
        for number, pair in enumerate(pairs):
            if pair.answer:
                continue
            sides = [await self._side(session) for session in pair.sessions]
            this: PairToDecide = {
                "name": name,
                "prompt": pair.prompt,
                "done": all(side["ended"] for side in sides),
                "sides": sides,
                "number": number + 1,
                "of": len(pairs),
            }
            if this["done"]:
                return this
            told = told or this
        if told is None:
            raise NotFound(f"{name} has no paired run.", "Begin one from its review.")
        return told

    async def choose(self, name: str, answer: Preferred) -> PairDecided:
        """The user's choice in the pair that `result` tells.

        Returns the next pair; after the last it is told which had the skill, the ledger and the
        draft keep it, and the check comes back.

        Raises UsageError while both of none have ended, or for a wrong answer.
        """
        if answer not in ANSWERS:
            raise UsageError(f"{answer[:20]!r} is no choice.", "Say first, second or tie.")
        pairs, told = self._read(name), await self.result(name)
        if not told["done"]:
            raise UsageError("The two runs have not ended.", "Choose when both have.")
        pair = pairs[told["number"] - 1]
        pair.answer, pair.sides = answer, told["sides"]
        if not all(each.answer for each in pairs):
            self._write(name, pairs)
            return {"next": await self.result(name), "check": None}
        rows = [await self._row(name, each) for each in pairs]
        self._ledger.add(rows)
        check = self._check(name, pairs, rows)
        with contextlib.suppress(NotFound):  # an installed skill has no draft to keep it
            self._service.keep_check(name, check)
        self._state(name).unlink(missing_ok=True)
        return {"next": None, "check": check.to_json()}

    async def _row(self, name: str, pair: SkillPair) -> PairRow:
        """A decided pair, for the ledger."""
        with_, without = pair.with_and_without
        outcome: PairOutcome = "tie"
        if pair.answer and pair.answer != "tie":
            outcome = "win" if ANSWERS.index(pair.answer) == pair.skilled else "loss"
        if "error" in (with_["reason"], without["reason"]):
            outcome = "void"  # a server that stalled or was not there says nothing of the skill
        summary = (await self._deck.get(with_["session"])).summary
        return {
            "skill": name,
            "outcome": outcome,
            "model": summary.model,
            "profile": summary.profile,
            "prompt": pair.prompt,
            "tokens": [with_["tokens"], without["tokens"]],
            "passed": [with_["passed"], without["passed"]],
        }

    def _check(self, name: str, pairs: Sequence[SkillPair], rows: Sequence[PairRow]) -> DraftCheck:
        """What came out, pair by pair, and over all runs of this skill."""
        says: dict[PairOutcome, str] = {
            "win": "preferred with the skill",
            "loss": "preferred WITHOUT it",
            "tie": "alike",
            "void": "not counted, since a run ended in an error",
        }
        parts: list[str] = []
        findings: list[CheckFinding] = []
        for pair, row in zip(pairs, rows, strict=True):
            with_, without = pair.with_and_without
            findings += cast("list[CheckFinding]", [with_, without])  # it names all of a side
            parts.append(
                f"{says[row['outcome']]}; {_measured(with_, without)}; with: {_words(with_)}; "
                f"without: {_words(without)} (the skill was in the {ANSWERS[pair.skilled]})"
            )
        wins, losses = (sum(row["outcome"] == o for row in rows) for o in ("win", "loss"))
        better = None if wins == losses else wins > losses
        of = "the first prompt" if len(rows) == 1 else f"{len(rows)} prompts"
        detail = f"{' · '.join(parts)}; in all: {self._ledger.says(name)}"
        return DraftCheck("pair", better, detail, findings, f"{2 * len(rows)} runs of {of}")

    # -- parts

    def _subject(self, name: str) -> PairSubject:
        """A draft, else a skill of the library. Raises NotFound."""
        try:
            draft = self._service.draft(name)
            return PairSubject(draft.name, draft, shelved=True)
        except NotFound:
            pass
        try:
            skill = self._others.library.get(name, None)
        except SkillError as error:
            raise NotFound(error.message, error.hint) from error
        with contextlib.suppress(AgentdeckError, OSError, ValueError, KeyError):
            return PairSubject(skill.name, SkillDraft.read(skill.path))
        return PairSubject(skill.name)

    async def _like(self, draft: SkillDraft | None) -> Likeness:
        """Backend, model and mode of the session that the draft came from, else the defaults."""
        for receipt in draft.receipts.values() if draft else ():
            try:
                summary = (await self._deck.get(str(receipt["from"].get("session")))).summary
            except AgentdeckError:
                continue
            if summary.backend in self._deck.config.backends:
                return {
                    "profile": summary.profile,
                    "backend": summary.backend,
                    "model": summary.model,
                    "permission": summary.permission,
                }
        return {}

    async def _give(self, session: Session, subject: PairSubject, cwd: Path) -> None:
        """Switch it on; a draft is put where only this session sees it."""
        library = self._others.library
        try:
            if subject.shelved and subject.draft is not None:
                subject.draft.write(private_folder(cwd / ".agents" / "skills"))
                library.lock.trust_folder(cwd)
                library.lock.trust(library.get(subject.name, cwd))
        except SkillError as error:
            raise UsageError(error.message, error.hint) from error
        await self._others.skills.of(session).switch(subject.name, "on")

    async def _side(self, session: str) -> PairSideShown:
        target = await self._deck.get(session)
        calls = failed = 0
        reason: TurnReason | Literal[""] = ""
        target.recorder.flush()
        for event in target.journal.events():
            if isinstance(event, ev.ToolCall):
                calls += 1
            elif isinstance(event, ev.ToolResult):
                failed += event.status != "ok"
            elif isinstance(event, ev.TurnEnded):
                reason = event.reason
        summary = target.summary
        return {
            "session": session,
            "ended": bool(reason) and not target.working,
            "passed": reason == "end_turn",
            "reason": reason,
            "turns": summary.turns,
            "calls": calls,
            "failed_calls": failed,
            "tokens": sum(summary.tokens.get(kind, 0) for kind in ("input", "output")),
            "cost_usd": summary.cost_usd,
        }

    def _state(self, name: str) -> Path:
        return private_folder(self._folder) / f"{slug(name)}.json"

    def _write(self, name: str, pairs: list[SkillPair]) -> None:
        private_files.write(self._state(name), msgspec.json.encode(PairsBegun(pairs)))

    def _read(self, name: str) -> list[SkillPair]:
        try:
            data = self._state(name).read_bytes()
            return decode(data)
        except (OSError, ValueError) as error:
            raise NotFound(f"{name} has no paired run.", "Begin one from its review.") from error


def decode(data: bytes) -> list[SkillPair]:
    """The pairs in a file; a run that an older version began is one. Raises ValueError."""
    try:
        return msgspec.json.decode(data, type=PairsBegun).pairs
    except msgspec.ValidationError:
        return [msgspec.json.decode(data, type=SkillPair)]


def _measured(with_: PairSideShown, without: PairSideShown) -> str:
    """Plainly whether the counts speak for the skill."""
    if with_["passed"] != without["passed"]:
        return "only the run with it passed" if with_["passed"] else "NOT better: it did not pass"
    cost, before = with_["tokens"], without["tokens"]
    if with_["failed_calls"] > without["failed_calls"]:
        return "NOT better: more calls failed with it"
    return "fewer tokens with it" if cost < before else "NOT better by tokens"


def _words(side: PairSideShown) -> str:
    ended = "passed" if side["passed"] else side["reason"]
    return (
        f"{ended}, {side['turns']} turn, {side['calls']} calls ({side['failed_calls']} failed), "
        f"{side['tokens']} tokens"
    )
