"""What an agent says in its answer to `initialize` that it can do beside the protocol as it is."""

from __future__ import annotations

from sessions.backends.acp.transport import Message


def steered(info: Message) -> bool:
    """Whether an agent that answered initialize with `info` takes `_session/steering`."""
    meta = info.get("_meta")
    given = meta.get("steering") if isinstance(meta, dict) else None
    return isinstance(given, dict) and given.get("supported") is True


def injected(info: Message) -> bool:
    """Whether it takes `session/inject` into a running turn.

    The second version names it in `session` of its capabilities, those of the first that have it
    already in `session` or `sessionCapabilities`.
    """
    for outer in ("agentCapabilities", "capabilities"):
        can = info.get(outer)
        for inner in ("session", "sessionCapabilities"):
            part = can.get(inner) if isinstance(can, dict) else None
            given = part.get("inject") if isinstance(part, dict) else None
            modes = given.get("modes") if isinstance(given, dict) else None
            if isinstance(modes, list) and "steer" in modes:
                return True
    return False
