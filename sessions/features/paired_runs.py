"""The paired run of a draft: one prompt, two fresh sessions, the skill on in one of them.

Each session works in an empty folder of its own. Which of the two had the skill is told when the
user has chosen; whoever looks at the tool calls can see it before, and the review says so.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.harvest.checks import DraftCheck
from sessions.harvest.draft import SkillDraft
from sessions.harvest.service import Harvest
from sessions.places import private_folder
from sessions.record import codec
from sessions.record import events as ev
from skills import private_files
from skills.errors import SkillError

if TYPE_CHECKING:
    from sessions.features.neighbours import Neighbours
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

ANSWERS = ("first", "second", "tie")


class Pairs:
    """Paired runs of drafts, on disk under `data/pairs`."""

    def __init__(self, deck: Deck, others: Neighbours) -> None:
        self._deck = deck
        self._others = others
        self._service = Harvest(deck.places)
        self._folder = deck.places.data / "pairs"

    async def begin(self, name: str) -> ev.JSON:
        """Send the first prompt that led to a draft to two fresh sessions.

        Raises:
            UsageError: no message led here, or the draft's skill can't be used.
        """
        draft = self._service.draft(name)
        prompts = self._service.prompts(draft)
        if not prompts:
            raise UsageError(
                "No message of a session led to this draft, so there is nothing to send.",
                "Judge it by reading it.",
            )
        like = await self._like(draft)
        run = private_folder(self._folder) / f"{draft.name}-{secrets.token_hex(3)}"
        skilled = secrets.randbelow(2)
        made: list[str] = []
        for number in range(2):
            cwd = private_folder(run / str(number + 1))
            session = await self._deck.create(
                **like, cwd=str(cwd), title=f"pair {number + 1}: {draft.name}", worktree=False
            )
            if number == skilled:
                await self._give(session, draft, cwd)
            made.append(session.id)
        state: ev.JSON = {"sessions": made, "skilled": skilled, "prompt": prompts[0]}
        private_files.write(self._state(draft.name), codec.encode(state))
        for each in made:
            await (await self._deck.get(each)).send(prompts[0], "harvest")
        return await self.result(draft.name)

    async def result(self, name: str) -> ev.JSON:
        """How the two runs of a draft stand, not saying which had the skill. Raises NotFound."""
        state = self._read(name)
        sides = [await self._side(session) for session in state["sessions"]]
        return {
            "name": name,
            "prompt": state["prompt"],
            "done": all(side["ended"] for side in sides),
            "sides": sides,
        }

    async def choose(self, name: str, answer: str) -> DraftCheck:
        """The user's choice; then it is told which had the skill, and the draft keeps it.

        Raises UsageError while one of them works, or for a wrong answer.
        """
        if answer not in ANSWERS:
            raise UsageError(f"{answer[:20]!r} is no choice.", "Say first, second or tie.")
        state, told = self._read(name), await self.result(name)
        if not told["done"]:
            raise UsageError("The two runs have not ended.", "Choose when both have.")
        skilled = int(state["skilled"])
        better = None if answer == "tie" else ANSWERS.index(answer) == skilled
        with_, without = told["sides"][skilled], told["sides"][1 - skilled]
        says = {True: "preferred with the skill", False: "preferred WITHOUT it", None: "alike"}
        detail = (
            f"{says[better]}; {_measured(with_, without)}; with: {_words(with_)}; "
            f"without: {_words(without)} "
            f"(the skill was in the {ANSWERS[skilled]}); one pair says little"
        )
        check = DraftCheck("pair", better, detail, [with_, without], "two runs of the first prompt")
        self._service.keep_check(name, check)
        self._state(name).unlink(missing_ok=True)
        return check

    # -- parts

    async def _like(self, draft: SkillDraft) -> ev.JSON:
        """Backend, model and mode of the session that the draft came from, else the defaults."""
        for receipt in draft.receipts.values():
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

    async def _give(self, session: Session, draft: SkillDraft, cwd: Path) -> None:
        """Put the draft where only this session sees it, and switch it on."""
        library = self._others.library
        try:
            draft.write(private_folder(cwd / ".agents" / "skills"))
            library.lock.trust_folder(cwd)
            library.lock.trust(library.get(draft.name, cwd))
        except SkillError as error:
            raise UsageError(error.message, error.hint) from error
        await self._others.skills.of(session).switch(draft.name, "on")

    async def _side(self, session: str) -> ev.JSON:
        target = await self._deck.get(session)
        calls = failed = 0
        reason = ""
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
        return private_folder(self._folder) / f"{self._service.draft(name).name}.json"

    def _read(self, name: str) -> ev.JSON:
        try:
            data: ev.JSON = json.loads(self._state(name).read_bytes())
        except (OSError, ValueError) as error:
            raise NotFound(f"{name} has no paired run.", "Begin one from its review.") from error
        return data


def _measured(with_: ev.JSON, without: ev.JSON) -> str:
    """Plainly whether the counts speak for the skill."""
    if with_["passed"] != without["passed"]:
        return "only the run with it passed" if with_["passed"] else "NOT better: it did not pass"
    cost, before = with_["tokens"], without["tokens"]
    if with_["failed_calls"] > without["failed_calls"]:
        return "NOT better: more calls failed with it"
    return "fewer tokens with it" if cost < before else "NOT better by tokens"


def _words(side: ev.JSON) -> str:
    ended = "passed" if side["passed"] else side["reason"]
    return (
        f"{ended}, {side['turns']} turn, {side['calls']} calls ({side['failed_calls']} failed), "
        f"{side['tokens']} tokens"
    )
