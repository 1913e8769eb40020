"""The `skill` tool: a skill's instructions, when the model asks for them."""

from __future__ import annotations

from typing import Protocol

from sessions.errors import AgentdeckError
from sessions.record import events as ev
from sessions.tools.base import CallContext, Outcome, ToolFault, Verdict, define


class LoadsSkills(Protocol):
    """The skills of a session, as far as its tool asks for them."""

    def first_names(self) -> list[str]:
        """The names that could be called when the session began."""

    async def use(self, name: str, args: str, turn: int) -> str:
        """A skill's text. Raises AgentdeckError."""


class SkillTool:
    """One session's `skill` tool. Its definition is fixed when the session begins."""

    name = "skill"

    def __init__(self, skills: LoadsSkills) -> None:
        self._skills = skills
        names = skills.first_names()
        self.definition = _define(names)
        self.accepts: ev.JSON = _define([])["input_schema"]
        """By what a call is checked: a skill may be switched on when the definition is fixed."""

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """Nothing that others touch."""
        return frozenset(), False

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """Free: what is switched on has been reviewed; its scripts ask for themselves."""
        return Verdict("allow", "the skill is switched on", quiet=True)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """The skill's text."""
        try:
            text = await self._skills.use(
                str(args.get("name", "")), str(args.get("args", "")), ctx.host.turn
            )
        except AgentdeckError as error:
            raise ToolFault(str(error)) from error
        return Outcome(text, whole=True, data={"skill": str(args.get("name", ""))})


def _define(names: list[str]) -> ev.JSON:
    name: ev.JSON = {"type": "string", "description": "A name from the listing of skills."}
    if names:
        name["enum"] = names
    return define(
        "skill",
        "Load a skill: instructions for a particular task, from the latest listing of "
        "available skills. Call it before you begin such a task.",
        {"name": name, "args": {"type": "string", "description": "What to apply it to."}},
        ["name"],
    )
