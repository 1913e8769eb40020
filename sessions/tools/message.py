"""The `Message` tool: a session writes to another one, which is told from whom it comes."""

from __future__ import annotations

from typing import Protocol

from sessions.errors import AgentdeckError
from sessions.record import events as ev
from sessions.tools.base import CallContext, Outcome, ToolFault, Verdict, define


class Post(Protocol):
    """What carries the messages of one session."""

    def reachable(self) -> str:
        """Who can be written to, as a list to read."""

    def above(self, to: str) -> str:
        """The name of the session, if it may do more than the one that writes; else "".

        Raises AgentdeckError: nobody of that name can be written to.
        """

    async def carry(self, to: str, text: str) -> str:
        """Send it; what became of it. Raises AgentdeckError."""


class MessageTool:
    """One session's `Message` tool."""

    name = "Message"
    definition = define(
        "Message",
        "Write to another session of this deck that takes messages. It reads your text when its "
        "turn is over, and knows that a session wrote it: nothing is allowed by that, and an "
        "answer comes only if it writes one. Without `to`, who can be written to is listed.",
        {
            "to": {"type": "string", "description": "The session's id, or its title."},
            "text": {"type": "string", "description": "What it shall know; all that it needs."},
        },
        [],
    )

    def __init__(self, post: Post) -> None:
        self._post = post

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """Nothing but the other session."""
        return frozenset(), False

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """Free, but to a session that may do more: what is said there could be a way around."""
        if not args.get("to"):
            return Verdict("allow", "it only lists who can be written to", quiet=True)
        try:
            name = self._post.above(str(args["to"]))
        except AgentdeckError as error:
            raise ToolFault(str(error)) from error
        if not name:
            return Verdict("allow", "the other session may do no more than this one", quiet=True)
        return Verdict(
            "ask",
            "that session may do more than this one",
            summary=f"send a message to {name}",
            detail=str(args.get("text", "")),
        )

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """Send it, or list."""
        if not args.get("to"):
            return Outcome(self._post.reachable())
        try:
            return Outcome(await self._post.carry(str(args["to"]), str(args.get("text", ""))))
        except AgentdeckError as error:
            raise ToolFault(str(error)) from error
