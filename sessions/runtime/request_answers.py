"""A person's answer to a request, as it goes on record."""

from __future__ import annotations

from sessions.errors import UsageError
from sessions.record import events as ev
from sessions.record import forms

_CHOOSING = ("choice", "form")


def answered(
    request: ev.JSON,
    ask: str,
    decision: str,
    reason: str,
    allowed: bool | None,
    content: ev.JSON | None,
) -> ev.PermissionAnswered:
    """The answer to `request` (as its summary has it; empty: it does not wait any more).

    `allowed`: None = as the chosen option says; an unknown one never allows. Raises UsageError
    where what was entered does not fit the form.
    """
    options = request.get("options")
    offered = [o for o in options if isinstance(o, dict)] if isinstance(options, list) else []
    chosen: ev.JSON = next((o for o in offered if o.get("id") == decision), {})
    fields = request.get("form")
    form = [f for f in fields if isinstance(f, dict)] if isinstance(fields, list) else []
    filled = chosen.get("kind") == "form"
    if filled and (wrong := forms.faults(form, content or {})):
        named = "; ".join(f"{name}: {why}" for name, why in wrong.items())
        raise UsageError(f"What was entered does not fit: {named}", "Change it and send again.")
    if allowed is None:
        kind = str(chosen.get("kind", ""))
        allowed = kind.startswith("allow") or kind in _CHOOSING
    return ev.PermissionAnswered(
        turn=0,
        call=str(request.get("call", "")),
        ask=ask,
        decision=decision,
        allowed=allowed,
        reason=reason,
        rule=str(chosen.get("rule", "")) if allowed else "",
        content=dict(content or {}) if filled else {},
    )
