"""Long sessions: before a conversation outgrows the model's window, its past is summarised.

The journal keeps everything; a `context.compacted` event says up to where the model is told
by a summary from then on. The last finished turn stays word for word, and so does the text of
skills that were used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sessions.errors import BackendError, UsageError
from sessions.record import events as ev
from sessions.record.context import as_text

if TYPE_CHECKING:
    from sessions.backends.base import Backend
    from sessions.runtime.session import Session

FULL = 0.85
"""The share of the window from which on a conversation is compacted before its next turn."""
_SUMMARY_TOKENS = 4000
_WORD_FOR_WORD = 20_000

_ASK = """\
The conversation so far is about to leave your view. Write what you need in order to go on \
with it, for yourself, in plain prose and lists:
- what the user wants, in their words where these matter, and every constraint they set;
- what was decided, and why; what was tried and failed;
- what was done: files made or changed (with their paths), commands that matter, results;
- where things stand now, and the next step.
Leave out pleasantries. Do not answer anything, do not go on with the work; only write this \
account."""


def fullness(session: Session, window: int) -> float:
    """The share of a window of `window` tokens that the conversation takes (0 = unknown)."""
    if window <= 0:
        return 0.0
    return max(session.context.tokens, session.summary.context_tokens) / window


async def compact(
    session: Session,
    backend: Backend,
    model: str,
    *,
    within: bool = False,
    skills: Sequence[str] = (),
) -> ev.ContextCompacted:
    """Summarise a session's past and record it. Nothing of the journal is lost.

    `within` a running turn, its own steps are summarised too, all but the last one. `skills` is
    what of skills has to stay word for word.

    Raises:
        UsageError: there is no finished turn before the last one.
        BackendError: the model did not give a summary; the session stays as it was.
    """
    from sessions.backends.base import Question

    upto = session.context.before_last_step() if within else _end_before_last_turn(session)
    if not upto:
        raise UsageError("There is nothing to compact yet.")
    # As text: a server refuses tool calls in a request that offers no tools.
    messages = as_text([*session.context.messages(), {"role": "user", "content": _ASK}])
    reply = await backend.ask(Question(messages=messages, model=model, max_tokens=_SUMMARY_TOKENS))
    session.spend(reply.usage, reply.cost_usd)
    summary = reply.text.strip()
    if not summary:
        raise BackendError(
            "The model gave no summary, so the conversation was not compacted.",
            "Try again, or fork from an earlier turn.",
            kind="compaction",
        )
    if skills:
        summary += "\n\nSkills, word for word:\n\n" + "\n\n".join(skills)
    if within:
        asked = session.messages[max(session.messages)].text[:_WORD_FOR_WORD]
        summary += f"\n\nThe message that is being worked on, word for word:\n\n{asked}"
    event = ev.ContextCompacted(upto=upto, summary=summary)
    await session.recorder.emit_synced(event)
    return event


def _end_before_last_turn(session: Session) -> int:
    ends = [seq for turn, seq in sorted(session.turn_ends.items())]
    return ends[-2] if len(ends) > 1 else 0
