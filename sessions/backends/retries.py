"""When a model is asked again: what may be tried once more, and how long that waits.

Retries are visible as events, and only where nothing of a response had been shown. A limit holds
back the whole credential (`sessions.backends.throttle`).
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from sessions.backends.base import TurnHost
from sessions.backends.faults import Fault
from sessions.backends.throttle import Throttle, backoff_s
from sessions.errors import BackendError
from sessions.record import events as ev

_KEY_FAULTS = ("auth", "billing")


class AskedAgain(Protocol):
    """What may be asked again: a server, with a key."""

    gate: Throttle
    retries: int


def may_ask(gate: Throttle, who: str = "") -> None:
    """Raises BackendError: no request can be made with this key, for now."""
    if refusal := gate.refusal():
        raise refusal.error()
    if (lasting := gate.lasting(who)) is not None:
        raise lasting


def refuse_key(gate: Throttle, fault: Fault) -> None:
    """A key that the server refuses is not tried again by other sessions either."""
    if fault.kind in _KEY_FAULTS:
        gate.refuse(fault)


async def wait_or_raise(
    service: AskedAgain, host: TurnHost, fault: Fault, attempt: int, *, shown: bool
) -> None:
    """Wait before another try, or raise what can't be tried again. Raises BackendError."""
    try:
        wait = pause(service, fault, attempt, shown=shown, who=host.session_id)
    except BackendError:
        host.flush()
        raise
    host.emit(
        ev.Retry(
            turn=host.turn,
            kind=fault.kind,
            wait_s=round(wait, 1),
            attempt=attempt,
            message=fault.message,
        )
    )
    await asyncio.sleep(wait)


def pause(service: AskedAgain, fault: Fault, attempt: int, *, shown: bool, who: str = "") -> float:
    """How long to wait before another try; a limit holds back the whole credential.

    Raises BackendError for what can't be tried again.
    """
    gate = service.gate
    if fault.lasts and not shown:
        raise gate.close(fault, who)
    if shown or not fault.retryable or attempt > service.retries:
        raise fault.error()
    wait = fault.wait_s if fault.wait_s is not None else backoff_s(attempt)
    if fault.kind in ("rate_limit", "overloaded"):
        gate.pause(wait)
    return wait


def held_back(host: TurnHost, wait: float) -> None:
    """Say that a limit which another session has hit holds this one back."""
    host.emit(
        ev.Retry(
            turn=host.turn,
            kind="rate_limit",
            wait_s=round(wait, 1),
            attempt=0,
            message="Another session of this key has hit the limit; this one waits with it.",
        )
    )
