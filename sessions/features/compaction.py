"""Long sessions: before a conversation outgrows the model's window, its past is summarised.

The journal keeps everything; a `context.compacted` event says up to where the model is told
by a summary from then on. The last finished turn stays word for word where there is room for
it, and so does the text of skills that were used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessions.backends import pricing
from sessions.errors import BackendError, UsageError
from sessions.features.feature import Feature
from sessions.record import events as ev
from sessions.record.context import as_text
from skills.tokens import quarters

if TYPE_CHECKING:
    from sessions.backends.base import Backend, Reply
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

FULL = 0.85
"""The share of the window from which on a conversation is compacted, whatever its answers take."""
_SUMMARY_TOKENS = 4000
_WORD_FOR_WORD = 20_000
_LEAST_GAIN = 0.1
_TRIES = 4
_OMITTED = "\n[… left out, for want of room …]\n"

_ASK = """\
The conversation so far is about to leave your view. Write what you need in order to go on \
with it, for yourself, in plain prose and lists:
- what the user wants, in their words where these matter, and every constraint they set;
- what was decided, and why; what was tried and failed;
- what was done: files made or changed (with their paths), commands that matter, results;
- where things stand now, and the next step.
Leave out pleasantries. Do not answer anything, do not go on with the work; only write this \
account."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a compaction reads, and US dollars where a price is known."""

    tokens: int
    usd: float | None


def taken(session: Session) -> int:
    """About how many tokens of the window a conversation takes."""
    return max(session.context.tokens, session.summary.context_tokens)


def fullness(session: Session, window: int) -> float:
    """The share of a window of `window` tokens that the conversation takes (0 = unknown)."""
    return taken(session) / window if window > 0 else 0.0


def limit(window: int, answer: int) -> int:
    """From how many tokens on a conversation is compacted: the answer needs room as well."""
    return min(int(window * FULL), window - answer - window // 50)


class Compactor(Feature):
    """Makes room in the sessions of a deck. `surviving`: what of skills stays word for word."""

    def __init__(self, deck: Deck, surviving: Callable[[Session, int], Sequence[str]]) -> None:
        self._deck = deck
        self._surviving = surviving
        self._last: dict[str, tuple[int, int]] = {}
        """Of sessions that were compacted within a turn: the turn, and the tokens after it."""

    # -- what it costs

    def cost(self, session: Session) -> Cost:
        """What compacting will read, about."""
        window = self._deck.context_window(session)
        plain = _fitting(as_text(session.context.messages()), _room(window))
        tokens = (_size(plain) + quarters(_ASK)) // 4
        model = self._deck.settings(session).model
        usage = {"input": tokens, "output": _summary_tokens(window)}
        return Cost(tokens, pricing.cost(model, usage, self._deck.config.prices))

    # -- when

    async def compact(self, session: Session) -> None:
        """Compact now. Raises UsageError while a turn runs, or when there is nothing to."""
        if session.working:
            raise UsageError("A turn runs.", "Wait for its end, or interrupt it first.")
        window = self._deck.context_window(session)
        upto = self._upto(session, _ends(session)[-2:-1], self._limit(session, window))
        await self._summarise(session, upto, window)

    async def before_turn(self, session: Session) -> str:
        """Compact a conversation that is nearly too long. Raises BackendError."""
        await self._make_room(session)
        return ""

    async def make_room(self, session: Session, *, refused: bool) -> bool:
        """Within a turn: its own steps are summarised too. Raises BackendError."""
        return await self._make_room(session, within=True, refused=refused)

    async def _make_room(
        self, session: Session, *, within: bool = False, refused: bool = False
    ) -> bool:
        """Compact a conversation that is nearly too long, or that a server `refused` as too long.

        Returns whether that was done. Raises BackendError: no summary came, or room can't be made.
        """
        backend = self._deck.backend(session.summary.backend)
        if backend.capabilities.own_tools or backend.capabilities.trims:
            return False  # it looks after its own context
        window = self._deck.context_window(session)
        most = self._limit(session, window)
        before = taken(session)
        if not refused:
            if window <= 0 or before < most:
                return False
            self._not_again(session, before, window)
        try:
            upto = self._upto(session, _cuts(session, within=within), most or before // 2)
        except UsageError:
            return False  # one message alone fills the window; the server says so
        self._tell(session, before, window)
        await self._summarise(session, upto, window, refused=refused)
        after = session.context.tokens
        if after > before * (1 - _LEAST_GAIN):
            raise _no_room(before, window)
        self._last[session.id] = (session.summary.turns, after)
        return True

    async def parted(self, session: Session) -> None:
        """A session is not in memory any more."""
        self._last.pop(session.id, None)

    def _limit(self, session: Session, window: int) -> int:
        from sessions.backends.base import Answers

        if window <= 0:
            return 0
        backend = self._deck.backend(session.summary.backend)
        model = self._deck.settings(session).model
        answer = backend.answer_tokens(model, window) if isinstance(backend, Answers) else 0
        return limit(window, answer)

    def _not_again(self, session: Session, before: int, window: int) -> None:
        """Raises BackendError where this turn's last compaction is why it is full again."""
        turn, after = self._last.get(session.id, (0, 0))
        if turn == session.summary.turns and session.context.tokens - after < window * _LEAST_GAIN:
            raise _no_room(before, window)

    def _tell(self, session: Session, before: int, window: int) -> None:
        cost = self.cost(session)
        usd = f", about ${cost.usd:.2f}" if cost.usd is not None else ""
        of = f" of the model's {window:,}" if window else ""
        text = (
            f"The conversation takes about {before:,}{of} tokens and is summarised, "
            f"for which the model reads about {cost.tokens:,}{usd}."
        )
        turn = session.summary.turns
        session.recorder.emit(ev.Notice(turn=turn, kind="compaction", message=text))

    # -- where

    def _upto(self, session: Session, cuts: Sequence[int], most: int) -> int:
        """The first of `cuts` behind which enough room is left, or else the last."""
        cuts = [cut for cut in cuts if cut > session.context.summarised]
        if not cuts:
            raise UsageError("There is nothing to compact yet.")
        guess = min(_SUMMARY_TOKENS // 2, most // 10)
        enough = (c for c in cuts if session.context.tokens_after(c) + guess < most * 0.9)
        return next(enough, cuts[-1])

    # -- how

    async def _summarise(
        self, session: Session, upto: int, window: int, *, refused: bool = False
    ) -> ev.ContextCompacted:
        """Summarise a session's past and record it. Nothing of the journal is lost.

        Raises BackendError: the model did not give a summary; the session stays as it was.
        """
        backend = self._deck.backend(session.summary.backend)
        model = self._deck.settings(session).model
        reply = await self._asked(session, backend, model, _room(window), refused=refused)
        session.spend(reply.usage, reply.cost_usd)
        summary = reply.text.strip()
        if not summary:
            raise BackendError(
                "The model gave no summary, so the conversation was not compacted.",
                "Try again, or fork from an earlier turn.",
                kind="compaction",
            )
        if skills := self._surviving(session, window):
            summary += "\n\nSkills, word for word:\n\n" + "\n\n".join(skills)
        asked = session.messages[max(session.messages)]
        if session.working and asked.seq <= upto:
            words = asked.text[:_WORD_FOR_WORD]
            summary += f"\n\nThe message that is being worked on, word for word:\n\n{words}"
        event = ev.ContextCompacted(upto=upto, summary=summary)
        await session.recorder.emit_synced(event)
        return event

    async def _asked(
        self, session: Session, backend: Backend, model: str, room: int, *, refused: bool
    ) -> Reply:
        """The summary; with less of the past each time that it is too large for the server."""
        from sessions.backends.base import Question

        # As text: a server refuses tool calls in a request that offers no tools.
        plain = as_text(session.context.messages())
        if refused and not room:
            room = _size(plain) // 2
        longest = _summary_tokens(self._deck.context_window(session))
        for tries in range(_TRIES):
            messages = as_text([*_fitting(plain, room), {"role": "user", "content": _ASK}])
            question = Question(messages=messages, model=model, max_tokens=longest)
            try:
                return await backend.ask(question)
            except BackendError as error:
                if error.kind != "too_large" or tries == _TRIES - 1:
                    raise
            room = (room or _size(plain)) // 2
        raise AssertionError


def _ends(session: Session) -> list[int]:
    """The ends of the turns that stand, oldest first."""
    standing = (n for n in sorted(session.turn_ends) if not session.context.is_undone(n))
    return [session.turn_ends[number] for number in standing]


def _cuts(session: Session, *, within: bool) -> list[int]:
    """Up to where the past can be summarised as a turn begins or runs, the least first."""
    if within and (end := session.context.steps_end(session.summary.turns)):
        return [cut for cut in (session.context.before_last_step(), end) if cut]
    return _ends(session)[-2:]


def _summary_tokens(window: int) -> int:
    return min(_SUMMARY_TOKENS, window // 4) if window > 0 else _SUMMARY_TOKENS


def _room(window: int) -> int:
    """What of the past a summary's question has room for, in quarters of a token; 0 = all."""
    return max(0, int(window * 0.9) - _summary_tokens(window) - quarters(_ASK) // 4) * 4


def _size(messages: Sequence[ev.JSON]) -> int:
    return sum(quarters(m["content"]) for m in messages)


def _fitting(plain: list[ev.JSON], room: int) -> list[ev.JSON]:
    """Messages of text within so many quarters of a token (0 = all): the first, and the newest."""
    if not room or _size(plain) <= room:
        return plain
    short = [{**m, "content": _middle_out(m["content"], room // 4)} for m in plain]
    used = quarters(short[0]["content"])
    kept: list[ev.JSON] = []
    for message in reversed(short[1:]):
        used += quarters(message["content"])
        if used > room:
            break
        kept.insert(0, message)
    if len(kept) == len(short) - 1:
        return short
    return as_text([short[0], {"role": "user", "content": _OMITTED.strip()}, *kept])


def _middle_out(text: str, most: int) -> str:
    """A text of at most so many quarters of a token: its beginning and its end."""
    size = quarters(text)
    if size <= most:
        return text
    half = max(1, int(len(text) * most / size) // 2 - len(_OMITTED))
    return text[:half] + _OMITTED + text[-half:]


def _no_room(before: int, window: int) -> BackendError:
    of = f" of the model's {window:,}" if window else ""
    return BackendError(
        f"The conversation takes about {before:,}{of} tokens, and a summary gains nothing.",
        "Undo the turn with what is so large, fork from an earlier one, or choose a model with "
        "a larger window.",
        kind="too_large",
    )
