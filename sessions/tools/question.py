"""The tool that asks the user: one question or several, each with choices."""

from __future__ import annotations

import uuid
from typing import Any

from sessions.record import events as ev
from sessions.record.summary_parts import FormChoice, FormField
from sessions.tools.base import NO, CallContext, Option, Outcome, Verdict, define


class AskUserTool:
    """Questions go the way of permission requests: seen in the tile and among all that waits.

    `decision` is the chosen option's id (several, with commas, where several may be chosen), or
    `other` with what was entered into the request's form, or with the answer in `reason`.
    """

    name = "AskUserQuestion"
    definition = define(
        "AskUserQuestion",
        "Ask the user when a choice is theirs to make. They may also answer in their own words.",
        {
            "questions": {
                "type": "array",
                "minItems": 1,
                "maxItems": 4,
                "items": {
                    "type": "object",
                    "properties": {
                        "question": {"type": "string", "minLength": 1},
                        "header": {"type": "string", "description": "One or two words for it."},
                        "multiSelect": {"type": "boolean"},
                        "options": {
                            "type": "array",
                            "minItems": 2,
                            "maxItems": 8,
                            "items": {
                                "type": "object",
                                "properties": {
                                    "label": {"type": "string", "minLength": 1},
                                    "description": {"type": "string"},
                                },
                                "required": ["label"],
                                "additionalProperties": False,
                            },
                        },
                    },
                    "required": ["question", "options"],
                    "additionalProperties": False,
                },
            }
        },
        ["questions"],
    )

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """The user's attention: one question at a time."""
        return frozenset({"the user"}), True

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """Asking is free."""
        return Verdict("allow", quiet=True)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """Ask each question in turn; the first that is turned down ends it."""
        answers: list[str] = []
        chosen: list[list[str]] = []
        for item in args["questions"]:
            labels, said = await _ask(item, ctx)
            if not labels and not said:
                answers.append(f"{item['question']}\nThe user gave no answer.")
                return Outcome("\n\n".join(answers), status="denied", data={"answers": chosen})
            chosen.append([*labels, *([said] if said else [])])
            words = ", ".join(labels) if labels else ""
            answers.append(f"{item['question']}\n{words}{': ' if words and said else ''}{said}")
        return Outcome("\n\n".join(answers), data={"answers": chosen})


_CHOSEN = "chosen"
_SAID = "said"


def _form(item: dict[str, Any], several: bool) -> list[FormField]:
    """The question as a form: what may be chosen, and a line for words of one's own."""
    choices: list[FormChoice] = [
        {"value": o["label"], "name": o["label"], "about": o.get("description", "")}
        for o in item["options"]
    ]
    return [
        {
            "name": _CHOSEN,
            "title": item.get("header") or "Answer",
            "about": "",
            "kind": "choices" if several else "choice",
            "choices": choices,
            "required": False,
        },
        {
            "name": _SAID,
            "title": "In your words",
            "about": "",
            "kind": "text",
            "required": False,
        },
    ]


async def _ask(item: dict[str, Any], ctx: CallContext) -> tuple[list[str], str]:
    """The labels that were chosen, and what was said in the user's own words."""
    options = [
        Option(f"choice-{n}", o["label"], "choice", description=o.get("description", ""))
        for n, o in enumerate(item["options"], 1)
    ]
    several = bool(item.get("multiSelect"))
    other = "Several, or in my words …" if several else "Something else …"
    request = ev.PermissionAsked(
        turn=ctx.host.turn,
        call=ctx.call.call,
        ask=uuid.uuid4().hex[:12],
        tool=ctx.call.name,
        summary=item["question"],
        detail=item["question"],
        detail_kind="question",
        why="Several may be chosen." if several else "",
        options=[
            *(o.to_json() for o in options),
            Option("other", other, "form").to_json(),
            {**NO.to_json(), "name": "No answer"},
        ],
        form=_form(item, several),
    )
    answered = await ctx.host.ask(request)
    wanted = answered.decision.split(",")
    labels = [o.name for o in options if o.id in wanted]
    if "other" in wanted and answered.content:
        picked = answered.content.get(_CHOSEN) or []
        labels = [picked] if isinstance(picked, str) else list(map(str, picked))
        said = str(answered.content.get(_SAID) or "").strip()
    else:
        said = answered.reason.strip() if labels or "other" in wanted else ""
    return labels if several else labels[:1], said
