"""What a program wants to know of the user: its form is shown, and what was entered goes back.

Agents (`elicitation/create` of the Agent Client Protocol) and MCP servers (`elicitation/create`,
and a result that wants input first) ask in the same words. The request goes the way of permission
requests, so it is seen wherever those are. Answers are the protocols': accept with `content`,
decline, cancel.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sessions.record import events as ev
from sessions.record import forms
from sessions.record.summary_parts import AskOption, FormChoice, FormField
from sessions.safety.sanitise import clean, clean_line

_MOST_MESSAGE = 8000
_MOST_SUMMARY = 200
_MOST_URL = 2000
DECLINE: ev.JSON = {"action": "decline"}
CANCEL: ev.JSON = {"action": "cancel"}
FILL = "form"
"""The option whose answer brings what was entered."""


class Asker(Protocol):
    """As much of a turn's host as asking takes."""

    @property
    def turn(self) -> int:
        """The turn that runs."""

    async def ask(self, request: ev.PermissionAsked) -> ev.PermissionAnswered:
        """Ask and wait, however long that takes."""


async def elicit(host: Asker, who: str, given: Mapping[str, Any], call: str) -> ev.JSON:
    """Let the user answer a request for input (`mode` form or url); the protocols' answer.

    `who` asks, as the user knows them. Raises forms.Unfit for a request that can't be shown.
    """
    mode = given.get("mode") or "form"
    message = clean(str(given.get("message") or ""))[:_MOST_MESSAGE].strip()
    if mode == "url":
        return await _visit(host, who, message, str(given.get("url") or ""), call)
    if mode != "form":
        raise forms.Unfit(f"it is of the mode {clean_line(str(mode))[:80]}, which is not known")
    fields = forms.of_schema(given.get("requestedSchema"))
    name, choices = forms.at_once(fields)
    request = form_request(host.turn, call, who, message or f"{who} asks.", fields, choices)
    answered = await _answer(host, request)
    if answered is None:
        return CANCEL
    if answered.decision == FILL:
        return {"action": "accept", "content": entered(fields, answered.content)}
    at = chosen_of(answered.decision)
    if at is not None and at < len(choices):
        return {"action": "accept", "content": {name: choices[at]["value"]}}
    return DECLINE


def form_request(
    turn: int,
    call: str,
    who: str,
    message: str,
    fields: Sequence[FormField],
    choices: Sequence[FormChoice] = (),
) -> ev.PermissionAsked:
    """A form as a request; `choices` can be given at once, without it."""
    first = clean_line(message.split("\n", 1)[0])
    more = bool(choices) and len(fields) == 1
    fill: AskOption = {
        "id": FILL,
        "name": "Fill in …" if not choices else "Say more …",
        "kind": "form",
    }
    given: list[AskOption] = [
        {"id": f"choice-{n}", "name": c["name"], "kind": "choice", "description": c["about"]}
        for n, c in enumerate(choices, 1)
    ]
    send: AskOption = {"id": FILL, "name": "Yes", "kind": "form"}
    offered = given if more else [*given, fill] if fields else [send]
    return ev.PermissionAsked(
        turn=turn,
        call=call,
        ask=uuid.uuid4().hex[:12],
        tool=who,
        summary=first[:_MOST_SUMMARY] or f"{who} asks.",
        detail=forms.told([] if more else fields, message),
        detail_kind="question",
        why=f"{who} wants to know this of you. Enter no passwords or keys: it is recorded.",
        options=[*offered, {"id": "no", "name": "No answer", "kind": "reject_once"}],
        form=list(fields),
    )


def chosen_of(decision: str) -> int | None:
    """Which choice a decision names, counted from 0."""
    number = decision.removeprefix("choice-")
    return int(number) - 1 if number != decision and number.isdigit() and int(number) else None


def entered(fields: Sequence[FormField], content: Mapping[str, Any]) -> ev.JSON:
    """What of an answer has a field and was not left empty."""
    names = {field["name"] for field in fields}
    return {k: v for k, v in content.items() if k in names and v not in (None, "", [])}


async def _visit(host: Asker, who: str, message: str, url: str, call: str) -> ev.JSON:
    """A page that the user shall open: nothing is opened by itself, and the address is seen."""
    if not url or len(url) > _MOST_URL or not url.isprintable():
        raise forms.Unfit("its address can't be shown")
    request = ev.PermissionAsked(
        turn=host.turn,
        call=call,
        ask=uuid.uuid4().hex[:12],
        tool=who,
        summary=f"{who} wants you to open a page",
        detail=f"{url}\n\n{message}".strip(),
        detail_kind="question",
        why="Open it yourself, if you trust the address; what you enter there is not seen here.",
        options=[
            {"id": "yes", "name": "I open it", "kind": "choice"},
            {"id": "no", "name": "No", "kind": "reject_once"},
        ],
    )
    answered = await _answer(host, request)
    if answered is None:
        return CANCEL
    return {"action": "accept"} if answered.decision == "yes" else DECLINE


async def _answer(host: Asker, request: ev.PermissionAsked) -> ev.PermissionAnswered | None:
    """The answer, or None where the turn ended before there was one."""
    try:
        answered = await host.ask(request)
    except asyncio.CancelledError:
        return None
    return None if answered.decision == "cancelled" else answered
