"""A person's answer to a request, as it goes on record."""

from __future__ import annotations

from sessions.errors import UsageError
from sessions.record import events as ev
from sessions.record import forms
from sessions.record.summary_parts import PendingAsk

_CHOOSING = ("choice", "form")


def answered(
    request: PendingAsk | None,
    ask: str,
    decision: str,
    reason: str,
    allowed: bool | None,
    content: ev.JSON | None,
) -> ev.PermissionAnswered:
    """The answer to `request` (as its summary has it; None: it does not wait any more).

    `allowed`: None = as the chosen option says; an unknown one never allows. Raises UsageError
    where what was entered does not fit the form.
    """
    options = request["options"] if request else []
    chosen = next((o for o in options if o.get("id") == decision), None)
    form = request["form"] if request else []
    kind = str(chosen.get("kind", "")) if chosen else ""
    filled = kind == "form"
    if filled and (wrong := forms.faults(form, content or {})):
        named = "; ".join(f"{name}: {why}" for name, why in wrong.items())
        raise UsageError(f"What was entered does not fit: {named}", "Change it and send again.")
    if allowed is None:
        allowed = kind.startswith("allow") or kind in _CHOOSING
    return ev.PermissionAnswered(
        turn=0,
        call=request["call"] if request else "",
        ask=ask,
        decision=decision,
        allowed=allowed,
        reason=reason,
        rule=chosen.get("rule", "") if chosen and allowed else "",
        content=dict(content or {}) if filled else {},
    )
