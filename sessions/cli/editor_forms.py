"""A request's form, shown by an editor that can (`elicitation/create`, schema 1.19)."""

from __future__ import annotations

from typing import Any

from sessions.record import events as ev
from sessions.record import forms
from sessions.record.summary_parts import FormField

_KINDS = {"text": "string", "integer": "integer", "number": "number", "yes-no": "boolean"}
_BOUNDS = {
    "text": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "choices": ("minItems", "maxItems"),
}


async def filled(
    connection: Any, session: str, asked: ev.PermissionAsked
) -> tuple[str, dict[str, Any]]:
    """The decision and what was entered; "" where the editor gave no answer that fits."""
    answer = await connection.send_request(
        "elicitation/create",
        {
            "sessionId": session,
            "toolCallId": asked.call,
            "mode": "form",
            "message": asked.summary,
            "requestedSchema": schema(asked.form),
        },
    )
    told = answer if isinstance(answer, dict) else {}
    if told.get("action") == "decline":
        return _of_kind(asked, "reject_once"), {}
    content = told.get("content")
    given = dict(content) if isinstance(content, dict) else {}
    if told.get("action") != "accept" or forms.faults(asked.form, given):
        return "", {}
    return _of_kind(asked, "form"), given


def _of_kind(asked: ev.PermissionAsked, kind: str) -> str:
    return next((str(o["id"]) for o in asked.options if o.get("kind") == kind), "")


def schema(fields: list[FormField]) -> ev.JSON:
    """A form as the protocol has it."""
    return {
        "type": "object",
        "properties": {field["name"]: _property(field) for field in fields},
        "required": [field["name"] for field in fields if field.get("required")],
    }


def _property(field: FormField) -> ev.JSON:
    kind = field["kind"]
    titled = [
        {"const": c["value"], "title": c["name"]}
        | ({"description": c["about"]} if c.get("about") else {})
        for c in field.get("choices") or []
    ]
    told: ev.JSON = {"title": field["title"]}
    if field.get("about"):
        told["description"] = field["about"]
    if kind == "choice":
        told |= {"type": "string", "oneOf": titled}
    elif kind == "choices":
        told |= {"type": "array", "items": {"anyOf": titled}}
    else:
        told["type"] = _KINDS[kind]
    given = [field.get("least"), field.get("most")]
    told |= dict(zip(_BOUNDS.get(kind, ()), given, strict=False))
    told |= {"format": field.get("format"), "pattern": field.get("pattern")}
    told["default"] = field.get("default")
    return {name: value for name, value in told.items() if value is not None}
