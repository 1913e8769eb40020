"""Check a tool's arguments against its JSON schema, in words that a model can act on.

The part of JSON Schema that our tools' definitions use: type, enum, required, properties,
additionalProperties, items, minItems, maxItems, minimum, maximum, minLength. Other keywords are
left to the tool. Schemas of MCP servers are read in whole, by jsonschema: see `mcp_schema`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from sessions.record import events as ev

_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_MAX_FAULTS = 8
_MAX_DEPTH = 24


def check(args: object, schema: Mapping[str, Any]) -> list[str]:
    """Every fault found (at most 8), one sentence each; empty if the arguments fit."""
    faults: list[str] = []
    _check(args, schema, "", faults, 0)
    return faults[:_MAX_FAULTS]


def _check(
    value: object, schema: Mapping[str, Any], where: str, faults: list[str], depth: int
) -> None:
    if len(faults) >= _MAX_FAULTS:
        return
    if depth > _MAX_DEPTH:
        faults.append(f"`{where}` is nested too deeply.")
        return
    if not _type_fits(value, schema, where, faults):
        return
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(repr(v) for v in schema["enum"])
        faults.append(f"`{where}` is {_short(value)}; it must be one of {allowed}.")
    if isinstance(value, dict):
        _check_object(value, schema, where, faults, depth)
    elif isinstance(value, list):
        _check_array(value, schema, where, faults, depth)
    elif isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            faults.append(f"`{where}` must not be empty.")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_number(value, schema, where, faults)


def _type_fits(value: object, schema: Mapping[str, Any], where: str, faults: list[str]) -> bool:
    wanted = schema.get("type")
    if wanted is None:
        return True
    names = wanted if isinstance(wanted, list) else [wanted]
    if any(_is_a(value, str(name)) for name in names):
        return True
    subject = f"`{where}`" if where else "The input"
    faults.append(f"{subject} must be {article(str(names[0]))}, not {_short(value)}.")
    return False


def _is_a(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _PYTHON.get(name, (object,)))


def _check_object(
    value: dict[str, Any], schema: Mapping[str, Any], where: str, faults: list[str], depth: int
) -> None:
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            faults.append(f"`{_join(where, name)}` is missing; it is required.")
    for name, item in value.items():
        if name in properties:
            _check(item, properties[name], _join(where, name), faults, depth + 1)
        elif schema.get("additionalProperties") is False:
            near = difflib.get_close_matches(name, properties, 1)
            hint = f" Did you mean `{near[0]}`?" if near else f" There are: {_list(properties)}."
            faults.append(f"`{_join(where, name)}` is not known here.{hint}")


def _check_array(
    value: list[Any], schema: Mapping[str, Any], where: str, faults: list[str], depth: int
) -> None:
    if len(value) < schema.get("minItems", 0):
        faults.append(f"`{where}` needs at least {schema['minItems']} item(s).")
    if "maxItems" in schema and len(value) > schema["maxItems"]:
        faults.append(f"`{where}` takes at most {schema['maxItems']} item(s).")
    items = schema.get("items")
    if isinstance(items, Mapping):
        for number, item in enumerate(value):
            _check(item, items, f"{where}[{number}]", faults, depth + 1)


def _check_number(value: float, schema: Mapping[str, Any], where: str, faults: list[str]) -> None:
    if "minimum" in schema and value < schema["minimum"]:
        faults.append(f"`{where}` must be at least {schema['minimum']}.")
    if "maximum" in schema and value > schema["maximum"]:
        faults.append(f"`{where}` must be at most {schema['maximum']}.")


def clean(args: ev.JSON) -> ev.JSON:
    """The arguments without the nulls that some models send for what they leave out."""
    return {k: v for k, v in args.items() if v is not None}


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _list(names: Mapping[str, Any]) -> str:
    return ", ".join(f"`{n}`" for n in names) or "no fields"


def article(name: str) -> str:
    """A type's name with its article."""
    return f"an {name}" if name[0] in "aio" else f"a {name}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
