"""How a turn of an agent ended: its reason, its tokens, what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessions.backends.acp import usage
from sessions.backends.acp.transport import Message
from sessions.backends.acp.updates import Translator
from sessions.backends.base import TurnHost
from sessions.record import events as ev
from sessions.record.closed_sets import TurnReason
from sessions.record.summary_parts import AgentState, ContextTaken
from sessions.safety.numbers_from_outside import amount
from sessions.safety.sanitise import clean_line

if TYPE_CHECKING:
    from sessions.backends.acp.port import Port

_REASONS: dict[str, TurnReason] = {
    "end_turn": "end_turn",
    "max_tokens": "max_tokens",
    "max_turn_requests": "max_turns",
    "refusal": "refusal",
}


class Ending:
    """Tells the turns of one session apart, of an agent that tells the sums over all of them."""

    def __init__(self, backend: Port, state: AgentState) -> None:
        """`state` is what the session keeps of its backend; the sums so far are in it."""
        self._backend = backend
        self._state = state
        self._spent = 0.0
        """What the agent's session has cost by now."""

    def entered(self, *, again: bool) -> None:
        """The agent's session is a new one, or the one it was."""
        known = self._backend.known
        if not again:
            self._spent = 0.0
            self._state.pop("tokens_so_far", None)
        elif known is not None and known.cost_begins_anew:
            self._spent = 0.0
        elif not self._spent:
            self._spent = _cost_of(self._state.get("context")) or 0.0

    def ended(
        self, host: TurnHost, answer: Message, translator: Translator, *, refused: bool
    ) -> ev.TurnEnded:
        """The end of a turn by the answer to its prompt. `refused`: something was, in it."""
        told = translator.usage
        if told:
            host.emit(ev.BackendState(data={"context": told}))
        if refused and answer.get("stopReason") == "cancelled":
            # Some end their turn at a refusal. Whoever interrupts here waits for no reason.
            said = f"The agent {self._backend.name} stopped at what was refused."
            host.emit(ev.Error(turn=host.turn, kind="agent", message=said))
            reason, detail = _REASONS["end_turn"], ""
        else:
            reason, detail = self._reason(answer.get("stopReason"))
        return ev.TurnEnded(
            turn=host.turn,
            reason=reason,
            usage=self._tokens(host, answer, translator),
            cost_usd=self._cost(told),
            detail=detail,
        )

    def _reason(self, given: Any) -> tuple[TurnReason, str]:
        """Why the turn is over; what is no reason of the protocol is an error with a sentence."""
        if given == "cancelled":
            return "error", f"The agent {self._backend.name} cancelled the turn by itself."
        if isinstance(given, str) and given in _REASONS:
            return _REASONS[given], ""
        told = f"the reason {clean_line(repr(given))[:120]}, which is none of the protocol's"
        told = "no reason" if given is None else told
        return "error", f"The agent {self._backend.name} ended its turn with {told}."

    def _tokens(self, host: TurnHost, answer: Message, translator: Translator) -> dict[str, int]:
        """What this turn took, wherever the agent says it."""
        told = usage.of_answer(answer) or dict(translator.spent)
        known = self._backend.known
        if not told or known is None or not known.usage_so_far:
            return told
        turn = usage.since(told, self._state.get("tokens_so_far") or {})
        self._state["tokens_so_far"] = told
        host.emit(ev.BackendState(data={"tokens_so_far": told}))
        return turn

    def _cost(self, told: ContextTaken) -> float | None:
        """What this turn cost; the agent tells the sum over its session."""
        so_far = _cost_of(told)
        if so_far is None or not self._backend.cost_is_real:
            return None
        begun = 0.0 if so_far < self._spent else self._spent  # it may have begun anew
        self._spent = so_far
        return so_far - begun


def _cost_of(told: Any) -> float | None:
    """The dollars in a `usage_update`."""
    cost = told.get("cost") if isinstance(told, dict) else None
    if not isinstance(cost, dict) or cost.get("currency") != "USD":
        return None
    return amount(cost.get("amount"))
