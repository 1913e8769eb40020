"""Forms that a program wants filled: what may be asked, and whether an answer fits.

The restricted JSON Schema of elicitation, which the Agent Client Protocol (schema 1.19) and the
Model Context Protocol (2025-11-25 and 2026-07-28) share: an object of plain fields. A form is a
list of fields in their order, as it stands in `permission.asked`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sessions.record.closed_sets import FieldKind
from sessions.record.summary_parts import FormChoice, FormField
from sessions.safety.sanitise import clean, clean_line

MOST_FIELDS = 40
_MOST_CHOICES = 200
_MOST_WORDS = 500
_MOST_TEXT = 20_000
_AT_ONCE = 8
"""Choices that are offered as answers, without a form."""


class Unfit(Exception):
    """A form that can't be shown: what in it is beyond us, in words."""


def of_schema(schema: Any) -> list[FormField]:
    """The fields of a schema.

    A field of a kind that is not known is left out if it may be; else Unfit is raised.
    """
    given = schema if isinstance(schema, dict) else {}
    properties, required = given.get("properties"), given.get("required")
    needed = set(map(str, required)) if isinstance(required, list) else set()
    fields: list[FormField] = []
    for name, told in (properties if isinstance(properties, dict) else {}).items():
        field = _field(str(name), told if isinstance(told, dict) else {})
        if field is None and name in needed:
            raise Unfit(f"its field {clean_line(str(name))[:80]} is of a kind that is not known")
        if field is not None:
            field["required"] = name in needed
            fields.append(field)
    if len(fields) > MOST_FIELDS:
        raise Unfit(f"it has {len(fields)} fields; {MOST_FIELDS} are shown at most")
    return fields


def _field(name: str, told: Mapping[str, Any]) -> FormField | None:
    if (kind := _kind(told)) is None:
        return None
    field: FormField = {
        "name": name,
        "title": _words(told.get("title") or name),
        "about": _words(told.get("description")),
        "kind": kind,
        "required": False,
    }
    if kind == "choice":
        field["choices"] = _choices(told, "oneOf")
    elif kind == "text":
        _bound(field, told, "minLength", "maxLength")
        if isinstance(form := told.get("format"), str):
            field["format"] = _words(form)
        if isinstance(pattern := told.get("pattern"), str):
            field["pattern"] = _words(pattern)
    elif kind in ("integer", "number"):
        _bound(field, told, "minimum", "maximum")
    elif kind == "choices":
        field["choices"] = _choices(told["items"], "anyOf")
        _bound(field, told, "minItems", "maxItems")
    if told.get("default") is not None and not fault(field, told["default"]):
        field["default"] = told["default"]
    return field


def _kind(told: Mapping[str, Any]) -> FieldKind | None:
    kind = told.get("type")
    if kind == "string":
        return "choice" if "enum" in told or "oneOf" in told else "text"
    if kind == "integer" or kind == "number":
        return "integer" if kind == "integer" else "number"
    if kind == "array" and isinstance(told.get("items"), dict):
        return "choices"
    return "yes-no" if kind == "boolean" else None


def _choices(told: Mapping[str, Any], titled: str) -> list[FormChoice]:
    """The values that can be chosen, each with its name; MCP's older `enumNames` count too."""
    entries, plain, names = told.get(titled), told.get("enum"), told.get("enumNames")
    found: list[FormChoice] = []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("const"), str):
            name = _words(entry.get("title") or entry["const"])
            found.append(
                {"value": entry["const"], "name": name, "about": _words(entry.get("description"))}
            )
    called = names if isinstance(names, list) else []
    for at, value in enumerate(plain if isinstance(plain, list) else []):
        name = called[at] if at < len(called) else value
        found.append({"value": str(value), "name": _words(name), "about": ""})
    return found[:_MOST_CHOICES]


def _bound(field: FormField, told: Mapping[str, Any], least: str, most: str) -> None:
    low, high = told.get(least), told.get(most)
    if isinstance(low, int | float) and not isinstance(low, bool):
        field["least"] = low
    if isinstance(high, int | float) and not isinstance(high, bool):
        field["most"] = high


def _words(given: Any) -> str:
    return clean_line(str(given or ""))[:_MOST_WORDS].strip()


def at_once(fields: Sequence[FormField]) -> tuple[str, list[FormChoice]]:
    """The field that can be answered by one key, where that answers the form; and its choices.

    Nothing else may be needed, and nothing else be a choice.
    """
    picks = [f for f in fields if f["kind"] in ("choice", "choices", "yes-no")]
    if len(picks) != 1 or any(f["required"] for f in fields if f is not picks[0]):
        return "", []
    field = picks[0]
    if field["kind"] == "yes-no":
        return field["name"], [{"value": v, "name": n, "about": ""} for v, n in _YES_NO]
    choices = field.get("choices") or []
    if field["kind"] == "choices" or not 0 < len(choices) <= _AT_ONCE:
        return "", []
    return field["name"], choices


_YES_NO = ((True, "Yes"), (False, "No"))


def read(field: FormField, text: str) -> Any:
    """What was typed into a field of text or a number, as a value; None for nothing."""
    text = text.strip() if field["kind"] != "text" else text
    if not text:
        return None
    try:
        return {"integer": int, "number": float}.get(field["kind"], str)(text)
    except ValueError:
        return text  # `fault` says what is wrong with it


def faults(fields: Sequence[FormField], content: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with an answer to a form, by field; nothing if it fits."""
    found: dict[str, str] = {}
    for field in fields:
        value = content.get(field["name"])
        if value is None or value in ("", []):
            wrong = "It is needed." if field["required"] else ""
        else:
            wrong = fault(field, value)
        if wrong:
            found[field["name"]] = wrong
    known = {field["name"] for field in fields}
    return found | {str(name): "The form has no such field." for name in content.keys() - known}


def fault(field: FormField, value: Any) -> str:
    """Why a value does not fit its field, in a sentence; or ""."""
    kind = field["kind"]
    values = [choice["value"] for choice in field.get("choices") or []]
    if kind == "yes-no":
        return "" if isinstance(value, bool) else "Yes or no."
    if kind == "choice":
        return "" if value in values else "It is none of the choices."
    if kind == "choices":
        if not isinstance(value, list) or any(v not in values for v in value):
            return "It is none of the choices."
        return _beyond(field, len(value), "choices")
    if kind == "integer" and type(value) is not int:
        return "A whole number."
    if kind == "number" and type(value) not in (int, float):
        return "A number."
    if kind in ("integer", "number"):
        return _beyond(field, value, "")
    if not isinstance(value, str) or len(value) > _MOST_TEXT:
        return f"Text, {_MOST_TEXT:,} characters at most."
    return _beyond(field, len(value), "characters") or _malformed(field.get("format"), value)


def _beyond(field: FormField, size: float, unit: str) -> str:
    least, most = field.get("least"), field.get("most")
    if least is not None and size < least:
        return f"At least {least} {unit}".strip() + "."
    if most is not None and size > most:
        return f"At most {most} {unit}".strip() + "."
    return ""


def _malformed(form: Any, value: str) -> str:
    """A `pattern` is only shown: whoever asks checks it; foreign patterns may take for ever."""
    try:
        if form == "date":
            date.fromisoformat(value)
        elif form == "date-time":
            datetime.fromisoformat(value)
    except ValueError:
        return "A date like 2026-11-28." if form == "date" else "A time like 2026-11-28T09:30:00Z."
    if form == "email" and not (0 < value.find("@") < len(value) - 1):
        return "An address like name@example.org."
    if form == "uri" and ":" not in value:
        return "An address like https://example.org."
    return ""


def rule(field: FormField) -> str:
    """What a field wants, in a few words, for whoever fills it."""
    kind, form, pattern = field["kind"], field.get("format"), field.get("pattern")
    least, most = field.get("least"), field.get("most")
    said = {"integer": "a whole number", "number": "a number"}.get(kind, "")
    said = said or {"date-time": "a time", "uri": "an address (URI)"}.get(
        str(form), str(form or "")
    )
    unit = {"text": " characters", "choices": " of them"}.get(kind, "")
    if least is not None or most is not None:
        low, high = (f"{v:g}" if v is not None else "" for v in (least, most))
        span = f"{low} to {high}" if low and high else f"at least {low}" if low else f"up to {high}"
        said = f"{said}, {span}{unit}" if said else f"{span}{unit}"
    return f"{said}, as {pattern}".removeprefix(", ") if pattern else said


def told(fields: Sequence[FormField], message: str) -> str:
    """A form as text, for where it is only read."""
    lines = [clean(message).strip()]
    for field in fields:
        names = ", ".join(choice["name"] for choice in field.get("choices") or [])
        about = " · ".join(filter(None, (field["about"], rule(field), names)))
        mark = " (needed)" if field["required"] else ""
        lines.append(f"· {field['title']}{mark}" + (f": {about}" if about else ""))
    return "\n".join(lines)
