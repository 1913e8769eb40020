"""A connection that only reads: for a deck that looks on."""

from __future__ import annotations

from typing import Any

from sessions.engine.client import Client
from sessions.errors import UsageError

READS = frozenset(
    {
        "agent.options",
        "agent.sign_in",
        "archive.search",
        "archive.usage",
        "config.check",
        "config.settings",
        "deck.backends",
        "deck.hosts",
        "deck.list",
        "deck.models",
        "deck.offers",
        "deck.order",
        "deck.profiles",
        "deck.rows",
        "deck.sandbox",
        "deck.status",
        "harvest.basket",
        "harvest.byproducts",
        "harvest.drafts",
        "harvest.open",
        "harvest.put_away",
        "harvest.suggestion",
        "harvest.uses",
        "hello",
        "plan.list",
        "plan.show",
        "priming.comparing",
        "priming.inbox",
        "priming.kinds",
        "priming.ledger",
        "priming.past",
        "priming.preview",
        "priming.raw",
        "priming.resume",
        "session.compaction",
        "session.context",
        "session.find",
        "session.get",
        "session.mcp",
        "session.timeline",
        "session.since",
        "session.turns",
        "session.unwatch",
        "session.watch",
        "skills.list",
        "skills.read",
        "skills.review",
        "skills.uses",
        "terminal.last",
        "terminal.recorded",
        "terminal.took",
        "terminal.unwatch",
        "terminal.watch",
        "worktree.diff",
    }
)
"""What may be asked. A command that is not named here changes something, or may one day."""
CHANGES = {
    "deck.hosts": ("again",),
    "harvest.basket": ("add", "remove", "clear"),
    "harvest.open": ("edited",),
    "harvest.suggestion": ("dismiss",),
    "session.mcp": ("changes",),
}
"""Reading commands that change something by these arguments."""
_UNSAID = frozenset({"session.seen", "terminal.size"})
"""What looking would do by itself: left undone without a word."""
_UNSAID_WITH = {"terminal.input": "reply"}
"""The same of a command only with this argument: what an emulator answers by itself."""
_LEFT_OUT = {"terminal.watch": ("columns", "rows")}
"""What would change something by being looked at: a terminal's size."""


class ReadOnlyClient(Client):
    """A client that refuses whatever is not reading, before it is sent."""

    async def ask(self, command: str, args: dict[str, Any], host: str = "") -> Any:
        if command in _UNSAID or args.get(_UNSAID_WITH.get(command, "")):
            return None
        args = {k: v for k, v in args.items() if k not in _LEFT_OUT.get(command, ())}
        if command not in READS or any(args.get(name) for name in CHANGES.get(command, ())):
            raise UsageError(
                "This deck only reads.", "It was opened with --read-only; use another to act."
            )
        return await super().ask(command, args, host)
