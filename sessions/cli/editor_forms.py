"""A request's form, shown by an editor that can (`elicitation/create`, schema 1.19)."""

from __future__ import annotations

from typing import Any, cast

from sessions.cli.editor_messages import (
    AsksEditor,
    FormProperty,
    FormPropertyType,
    FormSchema,
    TitledValue,
    form_answered,
)
from sessions.record import events as ev
from sessions.record import forms
from sessions.record.closed_sets import FieldKind, OptionKind
from sessions.record.summary_parts import FormChoice, FormField

_KINDS: dict[FieldKind, FormPropertyType] = {
    "text": "string",
    "integer": "integer",
    "number": "number",
    "yes-no": "boolean",
}


async def filled(
    editor: AsksEditor, session: str, asked: ev.PermissionAsked
) -> tuple[str, dict[str, Any]]:
    """The decision and what was entered; "" where the editor gave no answer that fits."""
    answer = await editor.send_request(
        "elicitation/create",
        {
            "sessionId": session,
            "toolCallId": asked.call,
            "mode": "form",
            "message": asked.summary,
            "requestedSchema": schema(asked.form),
        },
    )
    told = form_answered(answer)
    if told.action == "decline":
        return _of_kind(asked, "reject_once"), {}
    given = told.content or {}
    if told.action != "accept" or forms.faults(asked.form, given):
        return "", {}
    return _of_kind(asked, "form"), given


def _of_kind(asked: ev.PermissionAsked, kind: OptionKind) -> str:
    return next((str(o["id"]) for o in asked.options if o.get("kind") == kind), "")


def schema(fields: list[FormField]) -> FormSchema:
    """A form as the protocol has it."""
    return {
        "type": "object",
        "properties": {field["name"]: _property(field) for field in fields},
        "required": [field["name"] for field in fields if field.get("required")],
    }


def _property(field: FormField) -> FormProperty:
    kind = field["kind"]
    titled = [_titled(choice) for choice in field.get("choices") or []]
    told: FormProperty = {"title": field["title"], "description": field.get("about") or None}
    if kind == "choice":
        told |= {"type": "string", "oneOf": titled}
    elif kind == "choices":
        told |= {"type": "array", "items": {"anyOf": titled}}
    else:
        told["type"] = _KINDS[kind]
    told |= _bounds(kind, field.get("least"), field.get("most"))
    told |= {"format": field.get("format"), "pattern": field.get("pattern")}
    told["default"] = field.get("default")
    return cast("FormProperty", {name: value for name, value in told.items() if value is not None})


def _bounds(kind: FieldKind, least: float | None, most: float | None) -> FormProperty:
    if kind == "text":
        return {"minLength": least, "maxLength": most}
    if kind in ("integer", "number"):
        return {"minimum": least, "maximum": most}
    return {"minItems": least, "maxItems": most} if kind == "choices" else {}


def _titled(choice: FormChoice) -> TitledValue:
    told: TitledValue = {"const": choice["value"], "title": choice["name"]}
    if about := choice.get("about"):
        told["description"] = about
    return told
