"""Skills in a session: switched by events, told to the model at the tail, used by tool or name.

Nothing here edits what the provider has cached: the listing goes into the notes of the next
user message, and only when it has changed since the model was told last.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from sessions.api.skills import SkillListed, SkillsCost, SkillUsedAt
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.record import events as ev
from sessions.record.closed_sets import SkillUse
from sessions.record.event_parts import MessageNote
from skills import arguments, listing
from skills.errors import SkillError
from skills.library import Library, pick
from skills.skill import Skill, State
from skills.tokens import estimate

if TYPE_CHECKING:
    from sessions.runtime.session import Session

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("agentdeck.skills")

_SURVIVES = 100_000
"""Characters of skills' text that stay word for word when a conversation is compacted, at most;
and at most a quarter of the model's window."""
_NONE = "No skills are available any more."
_LATER = "The `skill` tool takes these names as well, though its definition lacks them: {names}."


@dataclass(frozen=True, slots=True)
class _Told:
    """A listing that went to the model: with which turn's message."""

    turn: int
    seq: int
    text: str


Own = Callable[[list[Skill]], frozenset[str]]


class SessionSkills:
    """One session's skills: how each is switched, what the model was told, what was used."""

    def __init__(
        self,
        session: Session,
        library: Library,
        own: Own = lambda _: frozenset(),
        most: Callable[[], int] = lambda: 0,
    ) -> None:
        """`own`: which skills the backend reads by itself; it is not told of them again. `most`:
        how many may be on at once, 0 = any number.
        """
        self._most = most
        self.session = session
        self._own = own
        self.library = library
        self.states: dict[str, State] = {}
        self.used: dict[str, int] = {}
        self.uses: list[SkillUsedAt] = []
        """Oldest first."""
        self._listings: list[_Told] = []
        self._turns: list[tuple[int, int]] = []
        self._summaries: list[_Told] = []
        """As far as turn and event of each, the past is told by its text."""
        self._first: list[str] | None = None
        session.observers.append(self.observe)

    def observe(self, event: ev.Event) -> None:
        """Fold one event of the session."""
        if isinstance(event, ev.SkillSet):
            if event.state in set(State):  # a newer version may know others
                self.states[event.name] = State(event.state)
            if event.state == "off":
                self.states.pop(event.name, None)
        elif isinstance(event, ev.SkillUsed):
            self.used[event.name] = self.used.get(event.name, 0) + 1
            self.uses.append(
                {"name": event.name, "turn": event.turn, "how": event.how, "seq": event.seq}
            )
        elif isinstance(event, ev.TurnStarted):
            if self._first is None:
                self._first = self.names()
        else:
            self._observe_told(event)

    def _observe_told(self, event: ev.Event) -> None:
        """Keep what the model was told: undoing and compacting take listings out of its sight."""
        if isinstance(event, ev.UserMessage):
            self._turns.append((event.seq, event.turn))
            for note in event.notes:
                if note.get("kind") == "skills":
                    self._listings.append(_Told(event.turn, event.seq, str(note.get("text", ""))))
        elif isinstance(event, ev.ContextCompacted):
            covered = max((turn for seq, turn in self._turns if seq <= event.upto), default=0)
            self._summaries.append(_Told(covered, event.upto, event.summary))
        elif isinstance(event, ev.TurnUndone):
            self._listings = [told for told in self._listings if told.turn < event.turn]
            self._summaries = [told for told in self._summaries if told.turn < event.turn]

    @property
    def _told(self) -> str:
        """The listing that the model sees as the latest; "" if it sees none."""
        if not self._listings:
            return ""
        last = self._listings[-1]
        over = [summary for summary in self._summaries if summary.seq >= last.seq]
        return last.text if not over or last.text in over[-1].text else ""

    # -- switching

    def names(self) -> list[str]:
        """Names that the model may call, in order."""
        return sorted(n for n, s in self.states.items() if s in (State.ON, State.NAME_ONLY))

    def first_names(self) -> list[str]:
        """The names that could be called when the session began: the tool's enum, constant."""
        return self._first if self._first is not None else self.names()

    async def switch(self, name: str, state: str) -> None:
        """Set a skill's state. Raises UsageError, NotFound, or NeedsPerson for a review."""
        wanted = _state(state)
        skill = await self._skill(name) if wanted is not State.OFF else None
        sha256 = ""
        if skill is not None:
            sha256 = await asyncio.to_thread(as_ours(self.library.require), skill)
        current = self.states.get(name, State.OFF)
        if wanted is current:
            return
        if wanted in (State.ON, State.NAME_ONLY):
            self._room_for(name)
        await self.session.recorder.emit_synced(
            ev.SkillSet(
                name=name,
                state=wanted.value,
                path=str(skill.path) if skill else "",
                sha256=sha256,
                description=skill.description if skill else "",
            )
        )

    def _room_for(self, name: str) -> None:
        """Refuse one more than may be on at once. Raises AgentdeckError."""
        most, on = self._most(), [each for each in self.names() if each != name]
        if most and len(on) >= most:
            least = min(on, key=lambda each: (self.used.get(each, 0), each))
            raise AgentdeckError(
                f"{most} skills are on here, the most that `most_on` in [skills] allows: the more "
                "there are, the worse each is found.",
                f"Switch one off first ({least} was used least here), or raise the limit.",
            )

    # -- telling

    async def notes(self, message: ev.UserMessage, *, way: str) -> list[MessageNote]:
        """What a user message has to tell the model: the listing if it changed, a named skill.

        `way` the backend comes to a skill's text: `tool`, our `skill` tool; `path`, it reads
        files by itself and is told where each SKILL.md lies; `text`, it works on another machine
        and is given the texts; "", not at all.
        """
        notes: list[MessageNote] = []
        text = await asyncio.to_thread(as_ours(self._listing), way)
        told = self._told
        if text != told and (text or told not in ("", _NONE)):
            notes.append({"kind": "skills", "text": text or _NONE})
        called = arguments.command(message.text)
        if called is not None and called[0] in self.states:
            notes.append(await self._named(called[0], called[1]))
        elif called is not None:
            await self._say_if_off(called[0])
        return notes

    async def _say_if_off(self, name: str) -> None:
        """Tell the user, not the model, that what looks like a call is of a skill that is off."""
        skills = await asyncio.to_thread(self._visible)
        if any(skill.name == name for skill in skills):
            message = f"The skill {name} is off here, so the message went out as it is."
            hint = "Switch it on in the Skills panel: `manual` is for you alone."
            self.session.recorder.emit(ev.Error(kind="skill", message=message, hint=hint))

    def _listing(self, way: str) -> str:
        if not way:
            return ""
        skills = [s for s in self._visible() if s.name in self.states]
        own = self._own(skills)
        skills = [s for s in skills if s.name not in own]
        if way == "path":
            return listing.handover(skills, self.states)
        if way == "text":
            # What was changed since it was reviewed does not go out.
            return listing.carried(filter(self._reviewed, skills), self.states)
        text = listing.block(skills, self.states)
        first = self.first_names()
        later = [name for name in self.names() if name not in first]
        if text and first and later:
            text += "\n" + _LATER.format(names=", ".join(later))
        return text

    def _reviewed(self, skill: Skill) -> bool:
        try:
            self.library.require(skill)
        except SkillError:
            return False
        return True

    def surviving(self, window: int = 0) -> list[str]:
        """What of skills stays word for word when the past is summarised.

        The latest listing, then the text of each used skill that is still switched on. `window`:
        the model's, in tokens; 0 = unknown. Where that is too much, the newest stay whole and
        the others are named: half of a skill is worse than none.
        """
        room = min(_SURVIVES, window) if window > 0 else _SURVIVES  # a quarter, 4 letters a token
        kept: list[str] = []
        dropped: list[str] = []
        for name, text in reversed(self.session.skill_texts().items()):
            if name not in self.states:
                continue
            if len(text) <= room:
                room -= len(text)
                kept.insert(0, text)
            else:
                dropped.insert(0, name)
        if dropped:
            names = ", ".join(dropped)
            kept.append(f"Also in use: {names}. Load them again before you go on with them.")
        told = self._told
        return [told, *kept] if told else kept

    async def _named(self, name: str, args: str) -> MessageNote:
        """A skill's text, because the user called it by name."""
        skill, text, sha256 = await self._content(name, args)
        self._used(skill, "user", self.session.summary.turns + 1, sha256)
        return {"kind": "skill", "name": name, "text": text}

    async def use(self, name: str, args: str, turn: int) -> str:
        """A skill's text, because the model asked for it.

        Raises:
            UsageError: it is not switched on here; the message names those that are.
            AgentdeckError: it can't be read, or a person has to review it first.
        """
        if self.states.get(name) not in (State.ON, State.NAME_ONLY):
            names = ", ".join(self.names()) or "none"
            raise UsageError(f"There is no skill {name}.", f"There are: {names}.")
        skill, text, sha256 = await self._content(name, args)
        self._used(skill, "tool", turn, sha256)
        return text

    async def _content(self, name: str, args: str) -> tuple[Skill, str, str]:
        skill = await self._skill(name)
        sha256 = await asyncio.to_thread(as_ours(self.library.require), skill)
        text = await asyncio.to_thread(as_ours(listing.content), skill, args)
        return skill, text, sha256

    def _used(self, skill: Skill, how: SkillUse, turn: int, sha256: str) -> None:
        self.session.recorder.emit(
            ev.SkillUsed(name=skill.name, how=how, turn=turn, path=str(skill.path), sha256=sha256)
        )

    async def _skill(self, name: str) -> Skill:
        skills = await asyncio.to_thread(self._visible)
        return as_ours(pick)(skills, name, self.library.broken)

    def _visible(self) -> list[Skill]:
        cwd = Path(self.session.summary.cwd)
        return [s for s in self.library.scan(cwd) if s.shadowed_by is None]

    # -- showing

    def rows(self) -> list[SkillListed]:
        """Every skill seen from the session's directory, as the panel shows it."""
        rows: list[SkillListed] = []
        found = self.library.scan(Path(self.session.summary.cwd))
        own = self._own([skill for skill in found if skill.shadowed_by is None])
        for skill in found:
            standing = self.library.standing(skill)
            state = State.OFF if skill.shadowed_by else self.states.get(skill.name, State.OFF)
            rows.append(
                {
                    **row_of(skill),
                    "warnings": list(skill.warnings),
                    "trust": standing.trust.value,
                    "usable": standing.usable,
                    "state": state.value,
                    "own": skill.shadowed_by is None and skill.name in own,
                    "used": self.used.get(skill.name, 0),
                    "arguments": skill.argument_hint,
                }
            )
        return rows

    def cost(self) -> SkillsCost:
        """What the enabled set costs: tokens of the listing, and how many are enabled."""
        seen = self._visible()
        own = self._own(seen)
        states = {**self.states, **dict.fromkeys(own, State.ON)}
        skills = [s for s in seen if s.name in states]
        cost = estimate(listing.block(skills, states))
        return {"tokens": cost, "enabled": len(self.states), "most": self._most()}


def row_of(skill: Skill) -> SkillListed:
    """What is shown of a skill wherever it is listed."""
    return {
        "name": skill.name,
        "description": skill.description,
        "path": str(skill.path),
        "scope": skill.scope.value,
        "shadowed_by": str(skill.shadowed_by) if skill.shadowed_by else None,
        "listing_tokens": skill.listing_tokens,
        "body_tokens": skill.body_tokens,
    }


def _state(text: str) -> State:
    try:
        return State(text)
    except ValueError as error:
        known = ", ".join(s.value for s in State)
        raise UsageError(f"A skill can't be {text!r}.", f"It can be: {known}.") from error


def as_ours(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function of `skills/` raise errors of the tree that the engine reports."""
    from sessions.errors import NeedsPerson
    from skills.errors import NeedsReview, NotThere

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except NeedsReview as error:
            raise NeedsPerson(error.message, error.hint) from error
        except NotThere as error:
            raise NotFound(error.message, error.hint) from error
        except SkillError as error:
            raise AgentdeckError(error.message, error.hint) from error

    return run
